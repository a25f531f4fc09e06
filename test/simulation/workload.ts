// Chooses what happens next. All of it follows from the seed and from what the auditor knows, never from the engine.

import type { Auditor, SentEvent } from "./auditor.ts";
import { Choices, NO_TOKENS, TENANTS } from "./choices.ts";
import type { Budget } from "./expected-budgets.ts";
import type { Hold } from "./expected-holds.ts";
import type { Use } from "./expected-usage.ts";
import type { Amount, Authorization, Operation, Request } from "./operations.ts";
import type { Random } from "./random.ts";

const MINUTE = 60_000;
const MOST_BUDGETS = 9;

const WEIGHTS = {
  ...{ record: 26, retry: 4, authorize: 14, capture: 8, release: 3, eventForHold: 6, withBudget: 4 },
  ...{ check: 6, spend: 5, enforced: 6, retryHold: 2, correct: 5, rerate: 2, price: 1.5, rule: 1.5 },
  ...{ create: 4, update: 5, suspend: 1, resume: 2, close: 0.7, reset: 1.2, override: 2 },
  foreign: 1,
};

export class Workload {
  readonly #random: Random;
  readonly #auditor: Auditor;
  readonly #choose: Choices;
  #holds = 0;
  #ids = 0;

  constructor(random: Random, auditor: Auditor) {
    this.#random = random;
    this.#auditor = auditor;
    this.#choose = new Choices(random, auditor);
  }

  /** Of some budget's present period; null: none ends. */
  nextEnd(): number | null {
    const { budgets, now } = this.#auditor;
    const periodic = budgets.budgets.filter((one) => one.status !== "closed" && one.period !== "total");
    return periodic.length === 0 ? null : budgets.periodOf(this.#random.pick(periodic), now()).end;
  }

  next(): Operation {
    const random = this.#random;
    const tenant = random.pick(TENANTS);
    const open = this.#auditor.budgets.open(tenant);
    if (open.length < 2) return this.#create(tenant);
    const kind = random.weighted(WEIGHTS);
    const budget = random.pick(open);
    switch (kind) {
      case "record":
        return this.#record(tenant);
      case "retry":
        return this.#retry(tenant);
      case "authorize":
        return { do: "authorize", request: this.#authorization(tenant) };
      case "retryHold":
        return this.#retryHold(tenant);
      case "capture":
        return this.#withHold(tenant, (hold) => {
          return { do: "capture", hold: hold.name, tenant, actual: this.#actual(hold) };
        });
      case "release":
        return this.#withHold(tenant, (hold) => ({ do: "release", hold: hold.name, tenant }));
      case "foreign":
        return this.#foreign(tenant);
      case "eventForHold":
        return this.#eventForHold(tenant);
      case "withBudget":
        return this.#withBudget(tenant);
      case "check":
        return { do: "check", request: this.#request(tenant) };
      case "spend":
        return this.#spend(tenant, false);
      case "enforced":
        return this.#spend(tenant, true);
      case "correct":
        return this.#correct(tenant);
      case "rerate":
        return { do: "rerate", scope: this.#choose.rerateScope(tenant), dry: random.chance(0.3) };
      case "price":
        return { do: "price", entry: this.#choose.price() };
      case "rule":
        return { do: "rule", rule: this.#choose.rule(tenant) };
      case "create":
        return open.length < MOST_BUDGETS ? this.#create(tenant) : this.#update(budget);
      case "update":
        return this.#update(budget);
      case "close":
        return open.length > 2 ? { do: "close", tenant, budget: budget.id } : this.#record(tenant);
      case "override":
        return this.#override(tenant, budget);
      default:
        return { do: kind, tenant, budget: budget.id };
    }
  }

  // Usage

  /** Of a tenant that is not one of the workload's own. */
  usageOf(tenant: string): Operation {
    switch (this.#random.weighted({ record: 6, retry: 1, correct: 1 })) {
      case "record":
        return this.#record(tenant);
      case "retry":
        return this.#retry(tenant);
      case "correct":
        return this.#correct(tenant);
    }
  }

  /** The event that tells of a debate. */
  toldDebate(tenant: string, debate: string, id: string): Operation {
    const use = { ...this.#choose.use(tenant), ...NO_TOKENS, type: "debate", debate };
    const event = { id, use: { ...use, provider: "", model: "", quantity: 1 }, hold: null, bad: null };
    return { do: "record", events: [event], alone: true };
  }

  #record(tenant: string): Operation {
    const random = this.#random;
    const alone = random.chance(0.5);
    const count = alone ? 1 : random.int(1, 6);
    const events = Array.from({ length: count }, () => this.#event(tenant));
    // The same event twice in one batch, and events of another tenant among them.
    if (!alone && random.chance(0.2)) events.push(random.pick(events));
    if (!alone && random.chance(0.2)) events.push(this.#event(random.pick(TENANTS)));
    return { do: "record", events, alone };
  }

  #event(tenant: string, hold: string | null = null): SentEvent {
    const random = this.#random;
    const bad = random.chance(0.06)
      ? random.pick(["future", "negative", "cached", "unknownField"] as const)
      : null;
    return { id: this.#newId(), use: this.#choose.use(tenant), hold, bad };
  }

  /** An event that is on record once more, or another one under its id. */
  #retry(tenant: string): Operation {
    const { usage } = this.#auditor;
    const ids = usage.idsOf(tenant);
    if (ids.length === 0) return this.#record(tenant);
    const id = this.#random.pick(ids);
    const first = usage.find(tenant, id)?.first as Use;
    const use = this.#random.chance(0.6) ? first : { ...first, tokensOut: first.tokensOut + 1 };
    return { do: "record", events: [{ id, use, hold: null, bad: null }], alone: this.#random.chance(0.5) };
  }

  #correct(tenant: string): Operation {
    const ids = this.#auditor.usage.idsOf(tenant);
    if (ids.length === 0 || this.#random.chance(0.02))
      return { do: "correct", tenant, id: "never-recorded", values: null };
    const id = this.#random.pick(ids);
    return { do: "correct", tenant, id, values: this.#choose.correction() };
  }

  // Holds

  #request(tenant: string): Request {
    const { names, type } = this.#choose.subject();
    const at = this.#random.chance(0.12) ? this.#choose.earlier() : null;
    return { tenant, names, type, at, amount: this.#choose.estimate() };
  }

  #authorization(tenant: string): Authorization {
    const random = this.#random;
    this.#holds += 1;
    const ttlMs = random.chance(0.2)
      ? null
      : random.chance(0.5)
        ? random.int(1, 1_000) * 1_000
        : random.int(1, 24 * 60) * MINUTE;
    const key = random.chance(0.3) ? `key-${this.#holds}` : null;
    return { ...this.#request(tenant), hold: `hold-${this.#holds}`, key, ttlMs };
  }

  /** A hold of the tenant, more often one that is open; else another operation. */
  #withHold(tenant: string, operation: (hold: Hold) => Operation): Operation {
    const all = this.#auditor.holds.holds.filter((hold) => hold.tenant === tenant);
    const open = all.filter(({ state }) => state === "open");
    const from = open.length > 0 && this.#random.chance(0.75) ? open : all;
    return from.length === 0
      ? { do: "authorize", request: this.#authorization(tenant) }
      : operation(this.#random.pick(from.slice(-20)));
  }

  #actual(hold: Hold): Amount {
    if (hold.capture !== null && this.#random.chance(0.5)) return hold.capture.spend.asked as Amount;
    return this.#choose.actual();
  }

  /** Somebody who knows another tenant's hold by its id. */
  #foreign(tenant: string): Operation {
    const others = this.#auditor.holds.holds.filter((hold) => hold.tenant !== tenant);
    if (others.length === 0) return this.#record(tenant);
    const hold = this.#random.pick(others).name;
    switch (this.#random.weighted({ capture: 1, release: 1, event: 1 })) {
      case "capture":
        return { do: "capture", hold, tenant, actual: this.#choose.actual() };
      case "release":
        return { do: "release", hold, tenant };
      case "event":
        return { do: "record", events: [{ ...this.#event(tenant, hold), bad: null }], alone: true };
    }
  }

  #retryHold(tenant: string): Operation {
    const keyed = this.#auditor.holds.holds.filter((hold) => hold.tenant === tenant && hold.key !== null);
    if (keyed.length === 0) return { do: "authorize", request: this.#authorization(tenant) };
    const { asked } = this.#random.pick(keyed);
    const request = asked as Authorization;
    const changed = { ...request, amount: { ...request.amount, cost: 1n } };
    return { do: "authorize", request: this.#random.chance(0.6) ? request : changed };
  }

  #eventForHold(tenant: string): Operation {
    return this.#withHold(tenant, (hold) => {
      const events = Array.from({ length: this.#random.chance(0.2) ? 2 : 1 }, () => {
        const event = this.#event(tenant, hold.name);
        return { ...event, use: this.#usedUnder(event.use, hold) };
      });
      return { do: "record", events, alone: events.length === 1 };
    });
  }

  /** Mostly of what the hold is about. */
  #usedUnder(use: Use, hold: Pick<Hold, "names" | "type">): Use {
    if (this.#random.chance(0.15)) return use;
    const { provider, model, ...names } = hold.names;
    const priced = model === "" ? {} : { provider, model };
    // Bytes of storage are a number of their own.
    const quantity = use.type === hold.type ? use.quantity : 1;
    return { ...use, ...names, ...priced, type: hold.type, quantity };
  }

  #withBudget(tenant: string): Operation {
    const random = this.#random;
    const request = this.#authorization(tenant);
    const inside = Array.from({ length: random.int(0, 3) }, (): Operation => {
      const events = Array.from({ length: random.int(1, 3) }, () => {
        const event = this.#event(tenant);
        return { ...event, use: this.#usedUnder(event.use, request) };
      });
      return { do: "record", events, alone: events.length === 1 };
    });
    if (random.chance(0.12))
      inside.push({ do: "capture", hold: request.hold, tenant, actual: this.#choose.actual() });
    return { do: "withBudget", request, inside, throws: random.chance(0.3) };
  }

  #spend(tenant: string, enforce: boolean): Operation {
    const random = this.#random;
    const { spends } = this.#auditor.holds;
    const keyed = spends.filter((spend) => spend.tenant === tenant && spend.key !== null);
    if (keyed.length > 0 && random.chance(0.1)) {
      const again = random.pick(keyed).asked as Extract<Operation, { do: "spend" }>;
      return random.chance(0.6) ? again : { ...again, eventId: `${again.eventId ?? ""}+` };
    }
    const { amount, ...request } = this.#request(tenant);
    const key = random.chance(0.3) ? `key-${this.#newId()}` : null;
    const known = this.#auditor.usage.idsOf(tenant);
    const eventId = random.chance(0.25)
      ? known.length > 0 && random.chance(0.4)
        ? random.pick(known)
        : this.#idToCome()
      : null;
    return { do: "spend", request: { ...request, amount: this.#choose.actual() }, key, eventId, enforce };
  }

  #newId(): string {
    this.#ids += 1;
    return `event-${this.#ids}`;
  }

  /** The id of one of the next events. */
  #idToCome(): string {
    return `event-${this.#ids + this.#random.int(1, 12)}`;
  }

  // Budgets

  #create(tenant: string): Operation {
    const mine = this.#auditor.budgets.budgets.filter((budget) => budget.tenant === tenant);
    const terms = this.#choose.budget(tenant, `budget-${mine.length + 1}`);
    if (mine.length === 0 || !this.#random.chance(0.06)) return { do: "create", terms };
    // Another one under the id of one that is there.
    return { do: "create", terms: { ...terms, id: this.#random.pick(mine).id } };
  }

  #update(budget: Budget): Operation {
    const { tenant, id } = budget;
    return { do: "update", tenant, budget: id, changes: this.#choose.changes(budget) };
  }

  #override(tenant: string, budget: Budget): Operation {
    const random = this.#random;
    const all = random.chance(0.25);
    return {
      ...{ do: "override", tenant, budget: all ? "" : budget.id, user: this.#choose.user() },
      until: this.#auditor.now() + random.int(1, 14 * 24) * 60 * MINUTE,
      // Of all budgets at once a limit in dollars says nothing about the others' counts.
      limit: all || random.chance(0.5) ? null : (budget.limit ?? 1_000n) * BigInt(random.int(1, 3)),
    };
  }
}
