// Everything that takes, settles or frees room in a budget, as one kind of group-commit operation: the jobs of many
// callers are decided one after another on locked counters, in one transaction and one fsync.
//
// Everybody locks in one order: the budgets (shared), holds by (tenant, id), counters by key. So no two groups, and no
// group and no batch of events, can wait for each other in a circle.

import { BillingError, type Clock } from "../../kernel/index.ts";
import type { Operation, Tx } from "../../store/index.ts";
import type { PriceBook, PricingService } from "../pricing/index.ts";
import type { UnknownModelPolicy } from "../rating/index.ts";
import type { AlertDesk } from "./alert-desk.ts";
import { type Amounts, measured } from "./amounts.ts";
import type { BudgetBook, BudgetBooks, CounterRef } from "./budget-book.ts";
import { lockBudgets, markLinked } from "./budget-store.ts";
import type { CounterId } from "./counter-store.ts";
import { decide } from "./decide.ts";
import { type Judged, refusalError } from "./decision-view.ts";
import { HOLD_FLAG } from "./hold-flags.ts";
import {
  findHoldsByKey,
  findSpendsByKey,
  findSpendsOfHolds,
  type Hold,
  type HoldMode,
  type HoldPart,
  type HoldRow,
  insertHolds,
  insertSpends,
  lockDueHolds,
  lockDueHoldsAcrossTenants,
  lockHoldsById,
  type Pair,
  pairText,
  partsOf,
  recordedEvents,
  type Spend,
  type ToldEvent,
  updateHolds,
} from "./hold-store.ts";
import { Ledger } from "./ledger.ts";
import { debateKey, matchesOf, tells } from "./plan-debate.ts";
import {
  type CheckedRequest,
  heldRequest,
  needsPrice,
  parseActual,
  type Requested,
  requestedAmounts,
} from "./request.ts";
import { sealedHold, sealedSpend } from "./seal.ts";
import { notFound } from "./text-input.ts";

interface AuthorizeJob {
  readonly kind: "authorize";
  readonly id: string;
  readonly key: string | null;
  readonly mode: HoldMode;
  readonly ttlMs: number;
  readonly request: CheckedRequest;
}

interface SpendJob {
  readonly kind: "spend";
  readonly id: string;
  readonly key: string | null;
  readonly eventId: string;
  /** Refused where it does not fit. */
  readonly enforce: boolean;
  /** Where it is a debate of the plan: counted once per period of the plan, whatever else a retry says. */
  readonly debate: string | null;
  readonly request: CheckedRequest;
}

interface CaptureJob {
  readonly kind: "capture";
  readonly tenant: string;
  readonly hold: string;
  /** Id of the spend that it becomes. */
  readonly spendId: string;
  readonly actual: unknown;
}

interface ReleaseJob {
  readonly kind: "release";
  readonly tenant: string;
  readonly hold: string;
}

interface ExpireJob {
  readonly kind: "expire";
  readonly now: number;
  readonly limit: number;
}

export type BudgetJob = AuthorizeJob | SpendJob | CaptureJob | ReleaseJob | ExpireJob;

/** A hold as it is after the job, and the spend that captured it. */
export interface HoldAnswer {
  readonly hold: Hold;
  readonly spend?: Spend | undefined;
  readonly judged?: readonly Judged[] | undefined;
}

export interface SpendAnswer {
  readonly spend: Spend;
  readonly judged: readonly Judged[];
}

/** A refusal is an answer like any other: it fails no neighbour in the group. */
export type JobAnswer = HoldAnswer | SpendAnswer | { readonly expired: number } | BillingError;

export interface BudgetRules {
  readonly clock: Clock;
  readonly books: BudgetBooks;
  readonly desk: AlertDesk;
  readonly pricing: PricingService;
  readonly unknownModel: UnknownModelPolicy;
}

export class BudgetJobs implements Operation<BudgetJob, JobAnswer> {
  readonly name = "budgets";
  readonly #rules: BudgetRules;

  constructor(rules: BudgetRules) {
    this.#rules = rules;
  }

  size(job: BudgetJob): number {
    return job.kind === "expire" ? job.limit : 1;
  }

  async apply(tx: Tx, jobs: readonly BudgetJob[]): Promise<JobAnswer[]> {
    const { books, pricing } = this.#rules;
    // A spend that names an event must not pass the event's own transaction unseen: it has the budgets alone.
    const links = jobs.some((job) => job.kind === "spend" && job.eventId !== "");
    await lockBudgets(tx, links ? "exclusive" : "shared");
    const book = await books.read(tx);
    if (links && !book.linked) {
      books.changing(tx);
      await markLinked(tx);
    }
    const now = this.#rules.clock.now();
    const placed = jobs.map((job) => inPeriodOfPlan(job, book, now));
    const due = placed.filter((job) => !(job instanceof BillingError));
    const prices = due.some(mayNeedPrice) ? await pricing.book(tx) : undefined;
    const group = await GroupOfJobs.load(tx, due, { book, prices, now }, this.#rules);
    const answers = placed.map((job) => (job instanceof BillingError ? job : group.answer(job)));
    await group.flush(tx);
    return answers;
  }
}

class GroupOfJobs {
  readonly #rules: BudgetRules;
  readonly #prices: PriceBook | undefined;
  readonly #now: number;
  readonly #ledger: Ledger;
  readonly #holds: Map<string, Hold>;
  readonly #byKey: Map<string, Hold>;
  readonly #spends: Map<string, Spend>;
  readonly #captures: Map<string, Spend>;
  readonly #recorded: ReadonlyMap<string, ToldEvent>;
  readonly #newHolds = new Map<string, Hold>();
  readonly #changedHolds = new Map<string, Hold>();
  readonly #newSpends: Spend[] = [];
  #expired = 0;

  private constructor(
    loaded: {
      holds: Map<string, Hold>;
      byKey: Map<string, Hold>;
      spends: Map<string, Spend>;
      captures: Map<string, Spend>;
      recorded: ReadonlyMap<string, ToldEvent>;
    },
    ledger: Ledger,
    prices: PriceBook | undefined,
    rules: BudgetRules,
    now: number,
  ) {
    this.#holds = loaded.holds;
    this.#byKey = loaded.byKey;
    this.#spends = loaded.spends;
    this.#captures = loaded.captures;
    this.#recorded = loaded.recorded;
    this.#ledger = ledger;
    this.#prices = prices;
    this.#rules = rules;
    this.#now = now;
  }

  static async load(
    tx: Tx,
    jobs: readonly BudgetJob[],
    { book, prices, now }: { book: BudgetBook; prices: PriceBook | undefined; now: number },
    rules: BudgetRules,
  ): Promise<GroupOfJobs> {
    const settling = jobs.filter((job) => job.kind === "capture" || job.kind === "release");
    const asking = jobs.filter(
      (job): job is AuthorizeJob | SpendJob => job.kind === "authorize" || job.kind === "spend",
    );
    const expiring = jobs.find((job) => job.kind === "expire");
    const ids = settling.map(({ tenant, hold }) => ({ tenant, id: hold }));
    const named = await lockHoldsById(tx, unique(ids));
    const tenants = new Set(asking.map(({ request }) => request.tenant).filter((tenant) => book.has(tenant)));
    const due = await lockDueHolds(tx, [...tenants], now);
    if (expiring !== undefined)
      due.push(...(await lockDueHoldsAcrossTenants(tx, expiring.now, expiring.limit)));
    const holds = await withParts([...due, ...named], tx);
    const captures = await findSpendsOfHolds(
      named.filter(({ state }) => state === "captured"),
      tx,
    );
    const recorded = await recordedEvents(eventsOf(jobs), tx);

    const freed: CounterId[] = [];
    for (const { tenant, id } of [...named, ...due])
      for (const part of holds.get(pairText({ tenant, id }))?.parts ?? []) freed.push({ tenant, ...part });
    const refs = jobs.flatMap((job) => {
      if (job.kind === "authorize" || job.kind === "spend") return matchesOf(book, job.request);
      const hold =
        job.kind === "capture" ? holds.get(pairText({ tenant: job.tenant, id: job.hold })) : undefined;
      return hold === undefined ? [] : matchesOf(book, { ...heldRequest(hold.request), ...hold });
    });
    const ledger = await Ledger.lock(tx, rules.desk, freed, refs, now, () => rules.books.read(tx));
    // Behind the locks: what another process did under the same key is committed by now, and is the answer also where
    // it took the last of the room.
    const keyed = await findHoldsByKey(keysOf(jobs, "authorize"), tx);
    const spends = await findSpendsByKey(keysOf(jobs, "spend"), tx);
    const unlocked = keyed.filter((hold) => !holds.has(pairText(hold)));
    for (const [pair, hold] of await withParts(unlocked, tx)) holds.set(pair, hold);
    const group = new GroupOfJobs(
      {
        holds,
        byKey: new Map(
          keyed.map((hold) => [keyText(hold.tenant, hold.key), holds.get(pairText(hold)) as Hold]),
        ),
        spends: new Map(spends.map((spend) => [keyText(spend.tenant, spend.key), spend])),
        captures: new Map(
          captures.map((spend) => [pairText({ tenant: spend.tenant, id: spend.hold }), spend]),
        ),
        recorded,
      },
      ledger,
      prices,
      rules,
      now,
    );
    group.#expire(due);
    return group;
  }

  answer(job: BudgetJob): JobAnswer {
    try {
      switch (job.kind) {
        case "authorize":
          return this.#authorize(job);
        case "spend":
          return this.#spend(job);
        case "capture":
          return this.#capture(job);
        case "release":
          return this.#release(job);
        case "expire":
          return { expired: this.#expired };
      }
    } catch (error) {
      if (error instanceof BillingError && error.kind !== "internal") return error;
      throw error;
    }
  }

  async flush(tx: Tx): Promise<void> {
    const inserted =
      (await insertHolds(tx, [...this.#newHolds.values()])) && (await insertSpends(tx, this.#newSpends));
    // Another transaction has taken a key since: run again, and find what it did.
    if (!inserted)
      throw new BillingError(
        "unavailable",
        "database_conflict",
        "the key was used at the same moment; try again",
      );
    await updateHolds(tx, [...this.#changedHolds.values()]);
    await this.#ledger.flush(tx);
  }

  /** In memory as well: its room is free for the jobs that follow. */
  #expire(due: readonly Pair[]): void {
    for (const pair of due) {
      const hold = this.#holds.get(pairText(pair));
      if (hold === undefined || hold.state !== "open") continue;
      this.#close(hold, "expired", hold.settledBy, hold.flags);
      this.#expired += 1;
    }
  }

  #authorize(job: AuthorizeJob): HoldAnswer | BillingError {
    const { request, key } = job;
    const { tenant, at } = request;
    const known = key === null ? undefined : this.#byKey.get(keyText(tenant, key));
    if (known !== undefined) {
      const same = known.request === request.text && known.mode === job.mode;
      return same ? { hold: this.#holds.get(pairText(known)) ?? known } : keyConflict("hold", key ?? "");
    }
    const asked = requestedAmounts(request, this.#prices, this.#rules.unknownModel);
    const refs = matchesOf(this.#ledger.book, request);
    const judged = this.#judge(refs, request, asked);
    const refused = tightest(judged);
    if (refused !== undefined) return refusalError(refused);
    const parts: HoldPart[] = refs.map(({ budget, counter, periodStart }) => {
      const amount = measured(budget, asked.amounts);
      return { budget: budget.id, counter, periodStart, amount, remaining: amount };
    });
    for (const part of parts) this.#ledger.hold({ tenant, ...part }, part.amount);
    const hold = sealedHold({
      ...{ tenant, id: job.id, key, mode: job.mode, state: "open" as const, request: request.text, at },
      ...{ createdAt: this.#now, expiresAt: this.#now + job.ttlMs, settledBy: "", flags: 0, parts },
    });
    this.#newHolds.set(pairText(hold), hold);
    this.#holds.set(pairText(hold), hold);
    if (key !== null) this.#byKey.set(keyText(tenant, key), hold);
    return { hold, judged };
  }

  #spend(job: SpendJob): SpendAnswer | BillingError {
    const { request, key, eventId } = job;
    const { tenant } = request;
    const known = key === null ? undefined : this.#spends.get(keyText(tenant, key));
    if (known !== undefined) {
      const same = known.request === request.text && known.eventId === eventId;
      return same || job.debate !== null ? { spend: known, judged: [] } : keyConflict("spend", key ?? "");
    }
    const asked = requestedAmounts(request, this.#prices, this.#rules.unknownModel);
    const refs = matchesOf(this.#ledger.book, request);
    const event = eventId === "" ? undefined : this.#recorded.get(pairText({ tenant, id: eventId }));
    const isTold =
      event !== undefined && tells(this.#ledger.book, event, { ...request, debates: asked.amounts.debates });
    const judged = isTold ? [] : this.#judge(refs, request, asked);
    const refused = job.enforce ? tightest(judged) : undefined;
    if (refused !== undefined) return refusalError(refused);
    const spend = this.#record({
      ...{ tenant, id: job.id, key, hold: "", eventId, request: request.text, at: request.at, flags: 0 },
      ...{ dimensions: request.dimensions, state: isTold ? "superseded" : "counted", ...asked.amounts },
    });
    if (!isTold) this.#ledger.spend(refs, asked.amounts);
    if (key !== null) this.#spends.set(keyText(tenant, key), spend);
    return { spend, judged };
  }

  /** Money that is spent is recorded whatever became of the hold; only a second, other amount is refused. */
  #capture({ tenant, hold: id, spendId, actual }: CaptureJob): HoldAnswer | BillingError {
    const pair = pairText({ tenant, id });
    const hold = this.#holds.get(pair);
    if (hold === undefined) return notFound("hold", id);
    const request = parseActual(actual, { tenant, at: hold.at, ...heldRequest(hold.request) });
    const captured = this.#captures.get(pair);
    if (captured !== undefined) {
      return captured.request === request.text ? { hold, spend: captured } : settledOtherwise(hold);
    }
    const { amounts } = requestedAmounts(request, this.#prices, this.#rules.unknownModel);
    // Its usage was recorded as events: they are what counts, and nothing is to be added.
    if (hold.settledBy !== "") {
      return {
        hold: hold.state === "open" ? this.#close(hold, "captured", hold.settledBy, hold.flags) : hold,
      };
    }
    const refs = matchesOf(this.#ledger.book, request);
    const flags = flagsOf(hold, refs, amounts, this.#now);
    const spend = this.#record({
      ...{ tenant, id: spendId, key: null, hold: id, eventId: "", request: request.text, at: hold.at, flags },
      ...{ dimensions: request.dimensions, state: "counted", ...amounts },
    });
    this.#captures.set(pair, spend);
    this.#ledger.spend(refs, amounts);
    return { hold: this.#close(hold, "captured", spendId, hold.flags | flags), spend };
  }

  #release({ tenant, hold: id }: ReleaseJob): HoldAnswer | BillingError {
    const hold = this.#holds.get(pairText({ tenant, id }));
    if (hold === undefined) return notFound("hold", id);
    if (hold.state !== "open") return { hold, spend: this.#captures.get(pairText(hold)) };
    return {
      hold: this.#close(hold, hold.settledBy === "" ? "released" : "captured", hold.settledBy, hold.flags),
    };
  }

  #judge(refs: readonly CounterRef[], request: CheckedRequest, asked: Requested): Judged[] {
    return refs.map((ref) => {
      const budget = this.#ledger.terms(ref.budget);
      const counter = this.#ledger.counter(ref);
      const requested = measured(budget, asked.amounts);
      const override = this.#ledger.book.override(budget, request.dimensions.user, this.#now);
      const needsRoom = needsRoomIn(budget.measure, asked);
      return {
        budget,
        counter: { ...counter },
        requested,
        decision: decide(budget, counter, { requested, needsRoom }, override),
      };
    });
  }

  #close(hold: Hold, state: Hold["state"], settledBy: string, flags: number): Hold {
    this.#ledger.free(hold.tenant, hold.parts);
    const parts = hold.parts.map((part) => ({ ...part, remaining: 0n }));
    const closed = sealedHold({ ...hold, state, settledBy, flags, parts });
    const key = pairText(hold);
    this.#holds.set(key, closed);
    // A hold of this very group is not written yet.
    if (this.#newHolds.has(key)) this.#newHolds.set(key, closed);
    else this.#changedHolds.set(key, closed);
    return closed;
  }

  #record(spend: Omit<Spend, "recordedAt" | "seal">): Spend {
    const sealed = sealedSpend({ ...spend, recordedAt: this.#now });
    this.#newSpends.push(sealed);
    return sealed;
  }
}

/** Measures that were not estimated need room for something. */
export function needsRoomIn(measure: Judged["budget"]["measure"], asked: Requested): boolean {
  if (measure === "usd") return asked.unknownUsd;
  return measure === "tokens" && asked.unknownTokens;
}

async function withParts(rows: readonly HoldRow[], tx: Tx): Promise<Map<string, Hold>> {
  const byPair = new Map(rows.map((row) => [pairText(row), row]));
  const parts = await partsOf([...byPair.values()], tx);
  return new Map([...byPair].map(([pair, row]) => [pair, { ...row, parts: parts.get(pair) ?? [] }]));
}

/** Of the budgets that refuse: a suspended one, else the one with the least room. */
export function tightest(judged: readonly Judged[]): Judged | undefined {
  const refusing = judged.filter(({ decision }) => decision.reason !== null);
  return refusing.sort((a, b) => {
    const [left, right] = [roomOf(a), roomOf(b)];
    if (left !== right) return left < right ? -1 : 1;
    return a.budget.id < b.budget.id ? -1 : 1;
  })[0];
}

function roomOf({ decision, counter }: Judged): bigint {
  if (decision.reason === "budget_suspended" || decision.ceiling === null) return -(2n ** 100n);
  return decision.ceiling - counter.spent - counter.held;
}

/**
 * A debate of the plan where it counts: now, under its key in the plan's period. By now nobody changes the budgets any more,
 * so it cannot fall between a period that has ended and one to come.
 */
function inPeriodOfPlan(job: BudgetJob, book: BudgetBook, now: number): BudgetJob | BillingError {
  if (job.kind !== "spend" || job.debate === null) return job;
  const request = { ...job.request, at: now };
  const key = debateKey(book, request, job.debate);
  return key === undefined ? noPlanBudget(request.tenant) : { ...job, request, key };
}

/** What a settlement has to be marked with: it came late, or took more than was held. */
export function flagsOf(hold: Hold, refs: readonly CounterRef[], amounts: Amounts, now: number): number {
  let flags = 0;
  const isOver = hold.state === "open" && hold.expiresAt <= now;
  if (isOver || hold.state === "expired") flags |= HOLD_FLAG.afterExpiry;
  if (hold.state === "released") flags |= HOLD_FLAG.afterRelease;
  const held = new Map(hold.parts.map((part) => [`${part.budget}\u001f${part.counter}`, part]));
  for (const { budget, counter } of refs) {
    const part = held.get(`${budget.id}\u001f${counter}`);
    if (part !== undefined && measured(budget, amounts) > part.amount) flags |= HOLD_FLAG.overrun;
  }
  return flags;
}

function mayNeedPrice(job: BudgetJob): boolean {
  if (job.kind === "capture") return true;
  return (job.kind === "authorize" || job.kind === "spend") && needsPrice(job.request);
}

function keysOf(jobs: readonly BudgetJob[], kind: "authorize" | "spend"): Pair[] {
  const pairs: Pair[] = [];
  for (const job of jobs) {
    if (job.kind !== kind || job.key === null) continue;
    pairs.push({ tenant: job.request.tenant, id: job.key });
  }
  return unique(pairs);
}

function eventsOf(jobs: readonly BudgetJob[]): Pair[] {
  const pairs: Pair[] = [];
  for (const job of jobs)
    if (job.kind === "spend" && job.eventId !== "")
      pairs.push({ tenant: job.request.tenant, id: job.eventId });
  return unique(pairs);
}

function unique(pairs: readonly Pair[]): Pair[] {
  return [...new Map(pairs.map((pair) => [pairText(pair), pair])).values()];
}

function keyText(tenant: string, key: string | null): string {
  return `${tenant}\u001f${key ?? ""}`;
}

function noPlanBudget(tenant: string): BillingError {
  const text = "this tenant has no budget of a plan, so no debate can be taken: give it a subscription";
  return new BillingError("failed_precondition", "plan_budget_missing", text, { details: { tenant } });
}

function keyConflict(kind: "hold" | "spend", key: string): BillingError {
  const text = `another ${kind} was asked for under the key ${JSON.stringify(key)}; this one was not made`;
  return new BillingError("conflict", "key_conflict", text, { details: { key } });
}

function settledOtherwise(hold: Hold): BillingError {
  const text = `hold ${JSON.stringify(hold.id)} was captured with another amount; nothing was changed`;
  return new BillingError("conflict", "hold_captured", text, { details: { hold: hold.id } });
}
