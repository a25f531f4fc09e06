// What becomes of holds and of spend without events, from src/domain/budgets/README.md.

import { type Amounts, negated } from "./amounts.ts";
import {
  type Asked,
  type CounterPlace,
  type ExpectedBudgets,
  measured,
  type Opinion,
  type Part,
  type Posting,
} from "./expected-budgets.ts";
import { amountsOf, type History, type Names, type Row } from "./expected-usage.ts";

export type HoldState = "open" | "captured" | "released" | "expired";
export type Flag = "overrun" | "afterExpiry" | "afterRelease";

export interface Hold {
  /** The workload's own name for it. */
  readonly name: string;
  readonly tenant: string;
  readonly key: string | null;
  readonly request: string;
  readonly mode: "single" | "scoped";
  readonly names: Names;
  readonly type: string;
  readonly at: number;
  readonly expiresAt: number;
  readonly parts: Part[];
  state: HoldState;
  flags: Set<Flag>;
  /** Whether an event or a spend settled it. */
  isSettled: boolean;
  capture: { readonly request: string; readonly spend: Spend } | null;
  /** The operation that asked for it, for the workload to ask again. */
  readonly asked: unknown;
}

export interface Spend {
  readonly tenant: string;
  readonly key: string | null;
  readonly request: string;
  readonly eventId: string;
  readonly posting: Posting;
  isCounted: boolean;
  /** The operation or amount that made it, for the workload to say again. */
  readonly asked: unknown;
}

export interface HoldRequest extends Asked {
  readonly name: string;
  readonly key: string | null;
  readonly mode: Hold["mode"];
  readonly type: string;
  readonly ttlMs: number;
  /** The request as text: what a retry is compared by. */
  readonly request: string;
  readonly asked: unknown;
}

export interface SpendRequest extends Asked {
  readonly key: string | null;
  readonly eventId: string;
  readonly isEnforced: boolean;
  readonly request: string;
  readonly asked: unknown;
}

/** Refused or failed: the error's code. */
export interface Failure {
  readonly code: string;
  readonly opinions?: readonly Opinion[];
}

export class ExpectedHolds {
  readonly holds: Hold[] = [];
  readonly spends: Spend[] = [];
  readonly #budgets: () => ExpectedBudgets;
  readonly #now: () => number;

  constructor(now: () => number, budgets: () => ExpectedBudgets) {
    this.#now = now;
    this.#budgets = budgets;
  }

  find(name: string): Hold {
    const hold = this.holds.find((known) => known.name === name);
    if (hold === undefined) throw new Error(`no hold ${name}`);
    return hold;
  }

  openHolds() {
    return this.holds
      .filter(({ state }) => state === "open")
      .map((hold) => ({ ...hold, isOpen: true, parts: hold.parts }));
  }

  authorize(request: HoldRequest): Hold | Failure {
    const { tenant, key } = request;
    this.#tidyBefore(tenant);
    const known = this.holds.find((hold) => hold.tenant === tenant && key !== null && hold.key === key);
    if (known !== undefined)
      return known.request === request.request && known.mode === request.mode
        ? known
        : { code: "key_conflict" };
    const opinions = this.#budgets().opinions(request);
    const refused = refusal(opinions);
    if (refused !== undefined) return refused;
    const places = opinions.map(({ place }) => place);
    this.#budgets().make(places);
    const hold: Hold = {
      ...{ name: request.name, tenant, key, request: request.request, mode: request.mode },
      ...{ names: request.names, type: request.type, at: request.at },
      expiresAt: this.#now() + request.ttlMs,
      parts: places.map((place) => partOf(place, request.amounts)),
      ...{ state: "open", flags: new Set(), isSettled: false, capture: null, asked: request.asked },
    };
    this.holds.push(hold);
    return hold;
  }

  /** Also of a hold that is over: money that is spent is recorded. */
  capture(hold: Hold, actual: { amounts: Amounts; request: string; asked: unknown }): Hold | Failure {
    if (hold.capture !== null)
      return hold.capture.request === actual.request ? hold : { code: "hold_captured" };
    // An event stands in for the capture.
    if (hold.isSettled) {
      if (hold.state === "open") this.#close(hold, "captured");
      return hold;
    }
    const { tenant, names, at } = hold;
    const posting = { tenant, names, at, amounts: actual.amounts };
    this.#flag(hold, posting);
    this.#close(hold, "captured");
    hold.isSettled = true;
    const { request, asked } = actual;
    const spend = { tenant, key: null, request, eventId: "", posting, isCounted: true, asked };
    hold.capture = { request: actual.request, spend };
    this.spends.push(spend);
    this.#budgets().post([posting]);
    return hold;
  }

  release(hold: Hold): Hold {
    if (hold.state === "open") this.#close(hold, hold.isSettled ? "captured" : "released");
    return hold;
  }

  /** @param told what is on record of the event that it names. */
  spend(request: SpendRequest, told: History | undefined): Spend | Failure {
    const { tenant, key, names, at, amounts, eventId } = request;
    this.#tidyBefore(tenant);
    const known = this.spends.find((spend) => spend.tenant === tenant && key !== null && spend.key === key);
    if (known !== undefined)
      return known.request === request.request && known.eventId === eventId
        ? known
        : { code: "key_conflict" };
    const isCounted =
      told === undefined ||
      !this.#tells(told.first, told.present === told.first, { tenant, names, at, amounts });
    if (request.isEnforced && isCounted) {
      const refused = refusal(this.#budgets().opinions(request));
      if (refused !== undefined) return refused;
    }
    const posting = { tenant, names, at, amounts };
    const spend = {
      tenant,
      key,
      request: request.request,
      eventId,
      posting,
      isCounted,
      asked: request.asked,
    };
    this.spends.push(spend);
    if (isCounted) this.#budgets().post([posting]);
    return spend;
  }

  /** The part of holds and spends in the commit of events; returns what it adds to the usage on record. */
  settleBy(events: readonly { id: string; row: Row; hold: Hold | undefined }[]): Posting[] {
    const told: Spend[] = [];
    for (const { id, row, hold } of events) {
      const naming = this.spends.filter((spend) => spend.tenant === row.tenant && spend.eventId === id);
      told.push(...naming.filter(({ posting }) => this.#tells(row, true, posting)));
      if (hold !== undefined && hold.tenant === row.tenant) told.push(...this.#settle(hold, row));
    }
    const counted = [...new Set(told)].filter(({ isCounted }) => isCounted);
    for (const spend of counted) {
      spend.isCounted = false;
      spend.posting.isTold = true;
    }
    return counted.map(({ posting }) => ({ ...posting, amounts: negated(posting.amounts) }));
  }

  /** A debate of a plan is told by its own event alone: of that debate, in the plan's same period, not taken back. */
  #tells(row: Row, isStanding: boolean, { tenant, names, at, amounts }: Posting): boolean {
    const plan = this.#budgets()
      .open(tenant)
      .find(({ id }) => id.startsWith("plan_"));
    if (amounts.debates === 0n || plan === undefined || at < plan.countsFrom) return true;
    const isItsOwn = row.debate !== "" && row.debate === names.debate && row.type === "debate";
    if (!isItsOwn || !isStanding || BigInt(row.quantity) < amounts.debates) return false;
    const startOf = (instant: number) => this.#budgets().periodOf(plan, instant).start;
    return row.at >= plan.countsFrom && startOf(row.at) === startOf(at);
  }

  /** Ends what is over, of one tenant or all; returns how many that were. */
  expire(tenant?: string): number {
    const due = this.due(tenant);
    for (const hold of due) this.#close(hold, "expired");
    return due.length;
  }

  due(tenant?: string): Hold[] {
    return this.holds.filter(
      (hold) =>
        hold.state === "open" &&
        hold.expiresAt <= this.#now() &&
        (tenant === undefined || hold.tenant === tenant),
    );
  }

  /** An event settles its hold: a single one whole, a scoped one by what the event takes. Returns spends it tells again. */
  #settle(hold: Hold, row: Row): Spend[] {
    if (hold.state === "captured") return hold.capture === null ? [] : [hold.capture.spend];
    const amounts = amountsOf(row);
    this.#flag(hold, { tenant: row.tenant, names: row, at: row.at, amounts });
    hold.isSettled = true;
    if (hold.mode === "single" || hold.state !== "open") {
      this.#close(hold, "captured");
      return [];
    }
    for (const part of hold.parts) {
      const budget = this.#budgets().find(hold.tenant, part.budget);
      if (budget === undefined) continue;
      const used = budget.status === "closed" ? 0n : measured(budget, amounts);
      part.remaining = used > part.remaining ? 0n : part.remaining - used;
    }
    return [];
  }

  #flag(hold: Hold, posting: Posting): void {
    if (hold.state === "expired") hold.flags.add("afterExpiry");
    const isOver = hold.state === "open" && hold.expiresAt <= this.#now();
    if (isOver) hold.flags.add("afterExpiry");
    if (hold.state === "released") hold.flags.add("afterRelease");
    for (const { budget, key } of this.#budgets().placesOf(posting)) {
      const part = hold.parts.find((one) => one.budget === budget.id && one.key === key);
      if (part !== undefined && measured(budget, posting.amounts) > part.amount) hold.flags.add("overrun");
    }
  }

  #close(hold: Hold, state: HoldState): void {
    hold.state = state;
    for (const part of hold.parts) part.remaining = 0n;
  }

  /** Whoever asks for room ends what is over of the tenant. */
  #tidyBefore(tenant: string): void {
    if (this.#budgets().hasTerms(tenant)) this.expire(tenant);
  }
}

function partOf(place: CounterPlace, amounts: Amounts): Part {
  const amount = measured(place.budget, amounts);
  return { budget: place.budget.id, key: place.key, start: place.start, amount, remaining: amount };
}

/** A suspended budget is named before one without room. */
function refusal(opinions: readonly Opinion[]): Failure | undefined {
  const refusing = opinions.filter(({ reason }) => reason !== null);
  if (refusing.length === 0) return undefined;
  const isSuspended = refusing.some(({ reason }) => reason === "budget_suspended");
  const code = isSuspended ? "budget_suspended" : "budget_exceeded";
  return { code, opinions: refusing.filter(({ reason }) => reason === code) };
}
