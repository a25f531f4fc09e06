import { BillingError, type Clock, type DecimalInput, type Ids, invalidInput } from "../../kernel/index.ts";
import type { Store } from "../../store/index.ts";
import { tenantOf } from "../metering/index.ts";
import type { PricingService } from "../pricing/index.ts";
import type { UnknownModelPolicy } from "../rating/index.ts";
import { DEBATE, measured } from "./amounts.ts";
import type { BudgetBook, CounterRef } from "./budget-book.ts";
import type { BudgetEngine } from "./budget-engine.ts";
import {
  type BudgetJob,
  BudgetJobs,
  type HoldAnswer,
  needsRoomIn,
  type SpendAnswer,
  tightest,
} from "./budget-jobs.ts";
import { carriedOver } from "./carry.ts";
import { type Counter, counterText, readCounters } from "./counter-store.ts";
import { decide } from "./decide.ts";
import { type Judged, refusalText } from "./decision-view.ts";
import { runUnderHold } from "./hold-context.ts";
import { dueHeld, findHold, type HoldMode, hasDueHoldsAcrossTenants } from "./hold-store.ts";
import {
  type BudgetDecision,
  type BudgetHold,
  type BudgetSpend,
  decisionView,
  failOpenHold,
  holdView,
  spendView,
  warningsOf,
} from "./hold-view.ts";
import { idOf } from "./ledger.ts";
import { matchesOf } from "./plan-debate.ts";
import {
  ACTUAL_FIELDS,
  type AmountInput,
  type CheckedRequest,
  type DimensionsInput,
  needsPrice,
  parseRequest,
  REQUEST_FIELDS,
  requestedAmounts,
  type SpendRequest,
} from "./request.ts";
import { countOf, dimensionOf, fieldsOf, notFound, textOf } from "./text-input.ts";

export interface AuthorizeRequest extends SpendRequest {
  /** How long the room is kept. Default 5 minutes, at most 24 hours. */
  readonly ttlMs?: number | undefined;
  /** Makes a retry find the hold that it made. Unique per tenant. */
  readonly key?: string | undefined;
}

export interface SpendInput extends Omit<SpendRequest, "estimatedCostUsd" | "maxOutputTokens"> {
  readonly amountUsd?: DecimalInput | undefined;
  /** The event that tells the same usage, recorded before or after: it is not counted twice. */
  readonly eventId?: string | undefined;
  /** Makes a retry find the spend that it made. Unique per tenant. */
  readonly key?: string | undefined;
}

/** A debate that a tenant wants to begin. */
export interface DebateInput {
  readonly tenant: string;
  /** Its id. */
  readonly debate: string;
  /** What else it names, so that other budgets of the tenant are met. */
  readonly dimensions?: Omit<DimensionsInput, "debate"> | undefined;
  /** Id of the `debate` event of this debate that will tell the same, or has, in the plan's same period: not counted twice. */
  readonly eventId?: string | undefined;
}

/** The answer to "may this be spent?". */
export interface BudgetCheck {
  readonly allowed: boolean;
  /** `fail_open`: the budgets could not be read, and all of them say to admit then. */
  readonly reason: "budget_exceeded" | "budget_suspended" | "fail_open" | null;
  readonly message: string;
  readonly warnings: readonly string[];
  readonly budgets: readonly BudgetDecision[];
}

/** Recorded spend, and what the budgets said when it was. */
export interface RecordedSpend extends BudgetSpend {
  readonly warnings: readonly string[];
  /** Per budget that it met; empty for a retry. */
  readonly budgets: readonly BudgetDecision[];
}

/** Work that is due at times; `runDue` does what is due at `now` and tells how much that was. */
export interface BudgetJobRun {
  readonly name: string;
  /** Milliseconds. */
  readonly every: number;
  runDue(now: number): Promise<number>;
  /** A cheap look: false when `runDue` would find nothing. */
  hasWork(now: number): Promise<boolean>;
}

const DEFAULT_TTL_MS = 5 * 60_000;
const MAX_TTL_MS = 24 * 3_600_000;
const MAX_FUTURE_MS = 5 * 60_000;
const EXPIRED_AT_ONCE = 500;
const SPEND_FIELDS: readonly string[] = [
  ...ACTUAL_FIELDS.filter((field) => field !== "costUsd"),
  ...["tenant", "dimensions", "type", "at", "amountUsd", "eventId", "key"],
];
const DEBATE_FIELDS: readonly string[] = ["tenant", "debate", "dimensions", "eventId"];

export interface HoldDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly pricing: PricingService;
  readonly engine: BudgetEngine;
  /** Writes what is due of a tenant's subscription, so that the budget of its plan is today's. */
  readonly settle?: (tenant: string) => Promise<void>;
}

/** Takes room in budgets before it is used, and settles it after. */
export class HoldService {
  readonly #store: Store;
  readonly #settlePlan: HoldDeps["settle"];
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #pricing: PricingService;
  readonly #engine: BudgetEngine;
  readonly #tenant: string | undefined;
  readonly #unknownModel: UnknownModelPolicy;
  readonly #jobs: BudgetJobs;

  constructor(
    deps: HoldDeps,
    options: { readonly tenant: string | undefined; readonly unknownModel: UnknownModelPolicy },
  ) {
    const { store, clock, ids, pricing, engine } = deps;
    this.#store = store;
    this.#settlePlan = deps.settle;
    this.#clock = clock;
    this.#ids = ids;
    this.#pricing = pricing;
    this.#engine = engine;
    this.#tenant = options.tenant;
    this.#unknownModel = options.unknownModel;
    const { books, desk } = engine;
    this.#jobs = new BudgetJobs({ clock, books, desk, pricing, unknownModel: options.unknownModel });
  }

  /**
   * Takes room in every budget that the request meets, or in none. What is admitted fits: at every instant, over any
   * number of callers and processes, spent and held are at most what each budget admits. Durable when it resolves; room
   * that is neither captured nor released is free again after `ttlMs`. With a `key` a retry gets the hold that it made,
   * as it is now; another request under the same key is a conflict.
   *
   * @throws BillingError limit_exceeded `budget_exceeded` or `budget_suspended`, whose details name budget, counter,
   * limit, spent and held; conflict `key_conflict`; invalid_input; unavailable when the budgets cannot be read and not
   * all of them say `failOpen`.
   * @example
   * const hold = await budgets.authorize({
   *   tenant: "acme", dimensions: { workspace: "ws", debate: "d1", provider: "openai", model: "gpt-4o" },
   *   tokensIn: 5000, maxOutputTokens: 2000,
   * });
   * await budgets.capture(hold.id, { tokensIn: 5000, tokensOut: 800 }, "acme");
   */
  authorize(request: AuthorizeRequest): Promise<BudgetHold> {
    return this.#authorize(request, "single");
  }

  /**
   * Settles a hold with what was really used: recorded in full, in the hold's own periods, and never refused. More than
   * was held is flagged `overrun`, a capture after the hold's end `afterExpiry` or `afterRelease`. The same capture again
   * has the same answer. Where an event settled the hold, that event is what counts and nothing is added.
   *
   * @throws BillingError not_found `hold_not_found`; conflict `hold_captured` for another amount.
   */
  async capture(holdId: string, actual: AmountInput, tenant?: string): Promise<BudgetHold> {
    const job = { hold: textOf(holdId, "holdId"), spendId: this.#ids.next("spd"), actual };
    fieldsOf(actual, ACTUAL_FIELDS, "actual");
    const answer = await this.#submit({ kind: "capture", tenant: this.#tenantOf(tenant), ...job });
    return this.#holdView(answer as HoldAnswer);
  }

  /**
   * Frees what a hold still keeps. Idempotent; a hold that was settled stays settled.
   *
   * @throws BillingError not_found `hold_not_found`.
   */
  async release(holdId: string, tenant?: string): Promise<BudgetHold> {
    const hold = textOf(holdId, "holdId");
    return this.#holdView(
      (await this.#submit({ kind: "release", tenant: this.#tenantOf(tenant), hold })) as HoldAnswer,
    );
  }

  /** @throws BillingError not_found `hold_not_found`. */
  async hold(holdId: string, tenant?: string): Promise<BudgetHold> {
    const whose = this.#tenantOf(tenant);
    return this.#store.read(async (reader) => {
      const found = await findHold(whose, textOf(holdId, "holdId"), reader);
      if (found === undefined) throw notFound("hold", holdId);
      return holdView(found, await this.#engine.books.read(reader));
    });
  }

  /**
   * The decision that `authorize` would make now, without taking room: a value, never an exception for a business
   * reason.
   *
   * @throws BillingError invalid_input; unavailable when the budgets cannot be read and not all of them say `failOpen`.
   */
  async check(input: SpendRequest): Promise<BudgetCheck> {
    const request = this.#parse(input, REQUEST_FIELDS);
    try {
      await this.#settleFor(request);
      const judged = await this.#judge(request);
      const refused = tightest(judged);
      return {
        allowed: refused === undefined,
        reason: refused?.decision.reason ?? null,
        message: refused === undefined ? "allowed" : refusalText(refused),
        warnings: judged.flatMap(warningsOf),
        budgets: judged.map(decisionView),
      };
    } catch (error) {
      if (!this.#failsOpen(request, error)) throw error;
      const { warnings } = failOpenHold(request.tenant, 0);
      return { allowed: true, reason: "fail_open", message: warnings[0] ?? "", warnings, budgets: [] };
    }
  }

  /**
   * Authorizes, runs `fn`, and frees the rest: what events recorded inside cost is taken from the hold step by step, so
   * spent and held together never grow by it. Also when `fn` throws. `ttlMs` must be longer than `fn` takes: after it
   * what is left is free for others, and what is recorded is recorded all the same.
   *
   * @throws BillingError as {@link authorize}; what `fn` throws.
   * @example
   * const answer = await budgets.withBudget({ tenant: "acme", estimatedCostUsd: "0.50" }, () => callTheModel());
   */
  async withBudget<T>(request: AuthorizeRequest, fn: (hold: BudgetHold) => Promise<T> | T): Promise<T> {
    const hold = await this.#authorize(request, "scoped");
    if (hold.failOpen) return fn(hold);
    try {
      return await runUnderHold(hold.id, () => fn(hold));
    } finally {
      // The work is done: a database out of reach now must not make it look undone. The rest ends with the hold.
      await this.release(hold.id, hold.tenant).catch(ignoreUnavailable);
    }
  }

  /**
   * Records spend that has no event, in full, whatever the limits say. With an `eventId` it counts until that event is
   * recorded, and not at all if it is. Idempotent by `key`.
   *
   * @throws BillingError invalid_input; conflict `key_conflict`.
   */
  recordSpend(input: SpendInput): Promise<RecordedSpend> {
    return this.#spend(input, false);
  }

  /**
   * Checks and records in one step: refused, and nothing recorded, where it does not fit. With `enforce: false` it is
   * {@link recordSpend}.
   *
   * @throws BillingError as {@link authorize}.
   */
  spend({
    enforce = true,
    ...input
  }: SpendInput & { readonly enforce?: boolean | undefined }): Promise<RecordedSpend> {
    return this.#spend(input, enforce);
  }

  /**
   * Takes one debate of the tenant's plan and of every other budget it meets, or of none: checked and recorded in one
   * step. A debate counts once per period of the plan: its id again has the same answer and counts no more.
   *
   * @throws BillingError limit_exceeded as {@link authorize}, with `owner: "plan"` in the details where the plan's own
   * limit is reached; failed_precondition `plan_budget_missing`; invalid_input.
   */
  async startDebate(input: DebateInput): Promise<RecordedSpend> {
    const { tenant, eventId, ...given } = fieldsOf(input, DEBATE_FIELDS, "debate") as unknown as DebateInput;
    const debate = textOf(given.debate, "debate");
    const named = (given.dimensions as DimensionsInput | undefined)?.debate;
    if (named !== undefined && named !== debate)
      throw invalidInput("dimensions.debate", "given_twice", "debate and dimensions.debate name two debates");
    const request = {
      tenant,
      type: DEBATE,
      estimatedCostUsd: 0,
      dimensions: { ...given.dimensions, debate },
    };
    return this.#record({ eventId, key: null, enforce: true, debate }, this.#parse(request, REQUEST_FIELDS));
  }

  /** Frees the room of holds whose time is over; returns how many. */
  async expireDue(now: number): Promise<number> {
    let total = 0;
    for (;;) {
      const answer = await this.#submit({ kind: "expire", now, limit: EXPIRED_AT_ONCE });
      const { expired } = answer as { readonly expired: number };
      total += expired;
      if (expired < EXPIRED_AT_ONCE) return total;
    }
  }

  /** The job that does {@link expireDue}. */
  get expiry(): BudgetJobRun {
    return {
      name: "budget hold expiry",
      every: 1_000,
      runDue: (now) => this.expireDue(now),
      hasWork: (now) => this.#store.read((reader) => hasDueHoldsAcrossTenants(now, reader)),
    };
  }

  async #authorize(input: AuthorizeRequest, mode: HoldMode): Promise<BudgetHold> {
    const request = this.#parse(input, [...REQUEST_FIELDS, "ttlMs", "key"]);
    const ttlMs = countOf(input.ttlMs, "ttlMs") ?? DEFAULT_TTL_MS;
    if (ttlMs < 1 || ttlMs > MAX_TTL_MS)
      throw invalidInput("ttlMs", "out_of_range", "ttlMs must be from 1 to 86400000: at most 24 hours");
    const key = input.key === undefined ? null : textOf(input.key, "key");
    try {
      await this.#settleFor(request);
      const job = { kind: "authorize", id: this.#ids.next("hold"), key, mode, ttlMs, request } as const;
      return this.#holdView((await this.#submit(job)) as HoldAnswer);
    } catch (error) {
      if (this.#failsOpen(request, error)) return failOpenHold(request.tenant, this.#clock.now() + ttlMs);
      throw error;
    }
  }

  async #spend(input: SpendInput, enforce: boolean): Promise<RecordedSpend> {
    const { amountUsd, eventId, key, ...rest } = fieldsOf(input, SPEND_FIELDS, "spend");
    if (
      amountUsd === undefined &&
      rest.tokensIn === undefined &&
      rest.tokensOut === undefined &&
      rest.type === undefined
    )
      throw invalidInput(
        "amountUsd",
        "required",
        "a spend names amountUsd, tokens, or a type that is priced by itself",
      );
    const spend = { ...rest, estimatedCostUsd: amountUsd } as SpendRequest;
    const request = this.#parse(spend, REQUEST_FIELDS, "amountUsd");
    const itsKey = key === undefined ? null : textOf(key, "key");
    return this.#record({ eventId, key: itsKey, enforce, debate: null }, request);
  }

  async #record(
    { eventId, ...how }: { eventId: unknown; key: string | null; enforce: boolean; debate: string | null },
    request: CheckedRequest,
  ): Promise<RecordedSpend> {
    await this.#settleFor(request);
    const what = { id: this.#ids.next("spd"), eventId: dimensionOf(eventId, "eventId"), request };
    const { spend, judged } = (await this.#submit({ kind: "spend", ...what, ...how })) as SpendAnswer;
    return {
      ...spendView(spend),
      warnings: judged.flatMap(warningsOf),
      budgets: judged.map(decisionView),
    };
  }

  /** A debate is one of the plan of now. */
  async #settleFor({ type, tenant }: CheckedRequest): Promise<void> {
    if (type === DEBATE) await this.#settlePlan?.(tenant);
  }

  #parse(input: SpendRequest, fields: readonly string[], costField?: string): CheckedRequest {
    const given = fieldsOf(input, fields, "request");
    const now = this.#clock.now();
    const request = parseRequest(this.#tenantOf(input.tenant), given, now, costField);
    if (request.at > now + MAX_FUTURE_MS)
      throw invalidInput("at", "timestamp_in_future", "at is more than 5 minutes in the future");
    return request;
  }

  async #submit(job: BudgetJob) {
    const answer = await this.#store.submit(this.#jobs, job);
    if (answer instanceof BillingError) throw answer;
    return answer;
  }

  #judge(request: CheckedRequest): Promise<Judged[]> {
    const { books } = this.#engine;
    return this.#store.read(async (reader) => {
      const book = await books.read(reader);
      const refs = matchesOf(book, request);
      const prices = needsPrice(request) ? await this.#pricing.book(reader) : undefined;
      const asked = requestedAmounts(request, prices, this.#unknownModel);
      if (refs.length === 0) return [];
      const now = this.#clock.now();
      const counters = new Map(
        (await readCounters(refs.map(idOf), reader)).map((row) => [counterText(row), row]),
      );
      const carries = counters.size === refs.length ? NO_CARRIES : await carriedOver(refs, now, reader);
      // What is due is free: whoever asks for its room expires it.
      const due = await dueHeld(request.tenant, now, reader);
      return refs.map((ref) => {
        const key = counterText(idOf(ref));
        const stored = counters.get(key) ?? emptyCounter(ref, carries.get(key)?.carry ?? 0n);
        const counter = { ...stored, held: stored.held - (due.get(key) ?? 0n) };
        const requested = measured(ref.budget, asked.amounts);
        const needsRoom = needsRoomIn(ref.budget.measure, asked);
        const override = book.override(ref.budget, request.dimensions.user, now);
        return {
          budget: ref.budget,
          counter,
          requested,
          decision: decide(ref.budget, counter, { requested, needsRoom }, override),
        };
      });
    });
  }

  /** The last known definitions decide: only where the request meets budgets, and all of them say so. */
  #failsOpen(request: CheckedRequest, error: unknown): boolean {
    if (!isOutOfReach(error)) return false;
    const met = matchesOf(this.#engine.books.lastKnown, request);
    return met.length > 0 && met.every(({ budget }) => budget.failOpen);
  }

  #holdView({ hold, judged }: HoldAnswer): BudgetHold {
    return holdView(hold, this.#book(), judged);
  }

  #book(): BudgetBook {
    return this.#engine.books.lastKnown;
  }

  #tenantOf(named: string | undefined): string {
    return tenantOf(named, this.#tenant);
  }
}

const NO_CARRIES: ReadonlyMap<string, { carry: bigint }> = new Map();

function emptyCounter(ref: CounterRef, carry: bigint): Counter {
  return { ...idOf(ref), spent: 0n, held: 0n, carry, alertedBps: 0, resets: 0, seal: "" };
}

function isOutOfReach(error: unknown): boolean {
  return (
    error instanceof BillingError &&
    (error.kind === "unavailable" || error.code === "database_error" || error.code === "database_damaged")
  );
}

function ignoreUnavailable(error: unknown): undefined {
  if (!isOutOfReach(error)) throw error;
}
