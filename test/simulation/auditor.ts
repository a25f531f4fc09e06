// The independent model of usage and budgets: what every call must answer, and what must be on record after it.

import { type Amounts, negated } from "./amounts.ts";
import { ExpectedBudgets, type Posting } from "./expected-budgets.ts";
import { ExpectedHolds, type Failure, type Hold } from "./expected-holds.ts";
import { type Entry, ExpectedPrices, type Rule } from "./expected-prices.ts";
import { amountsOf, ExpectedUsage, type Row, saysTheSame, type Use } from "./expected-usage.ts";
import { JobTimes } from "./part.ts";

/** One event as it is sent. */
export interface SentEvent {
  readonly id: string;
  readonly use: Use;
  /** The workload's name of the hold that it names. */
  readonly hold: string | null;
  /** What is wrong with it, if anything: the field to break. */
  readonly bad: "future" | "negative" | "cached" | "unknownField" | null;
}

export interface ExpectedVerdict {
  readonly status: "accepted" | "duplicate" | "conflict" | "rejected";
  readonly cost: bigint | null;
}

export interface RerateScope {
  readonly tenant: string | null;
  readonly from: number;
  readonly to: number;
  readonly model: string | null;
}

export interface Rerated {
  readonly tenant: string;
  events: number;
  before: Amounts;
  after: Amounts;
}

const DAY = 86_400_000;
/** Jobs run at most that often. */
const JOB_EVERY_MS = 1_000;

export class Auditor {
  readonly prices = new ExpectedPrices();
  readonly usage = new ExpectedUsage(this.prices);
  readonly holds: ExpectedHolds;
  readonly budgets: ExpectedBudgets;
  readonly now: () => number;
  readonly tenants: string[];
  readonly #jobs: JobTimes;

  constructor(now: () => number, tenants: string[]) {
    this.now = now;
    this.tenants = tenants;
    this.#jobs = new JobTimes(now);
    this.holds = new ExpectedHolds(now, () => this.budgets);
    this.budgets = new ExpectedBudgets(now, () => this.holds.openHolds());
  }

  addPrice(entry: Entry): void {
    this.prices.own.push(entry);
  }

  addRule(rule: Rule): void {
    this.prices.rules.push(rule);
  }

  /** One call: one commit. `under`: the hold of the `withBudget` around it. */
  record(events: readonly SentEvent[], under: Hold | null): ExpectedVerdict[] {
    const accepted: { id: string; row: Row; hold: Hold | undefined }[] = [];
    const verdicts = events.map((event): ExpectedVerdict => {
      if (event.bad !== null) return { status: "rejected", cost: null };
      const { tenant } = event.use;
      const known = this.usage.find(tenant, event.id);
      if (known !== undefined)
        return saysTheSame(known.first, event.use)
          ? { status: "duplicate", cost: known.first.cost }
          : { status: "conflict", cost: null };
      const row = this.usage.record(event.id, event.use);
      const hold = event.hold === null ? (under ?? undefined) : this.holds.find(event.hold);
      accepted.push({ id: event.id, row, hold });
      return { status: "accepted", cost: row.cost };
    });
    if (accepted.length > 0) {
      const usage = accepted.map(({ row }) => postingOf(row));
      // What is carried over is what was left before this commit, its holds included.
      const carries = this.budgets.carriesFor(usage);
      this.budgets.post([...usage, ...this.holds.settleBy(accepted)], carries);
    }
    return verdicts;
  }

  /** `values` null takes the event back. */
  correct(tenant: string, id: string, values: Partial<Use> | null): "accepted" | "unchanged" | Failure {
    const history = this.usage.find(tenant, id);
    if (history === undefined) return { code: "event_not_found" };
    const before = history.present;
    if (before === null) return { code: "event_voided" };
    const after = values === null ? null : this.usage.priced({ ...before, ...values });
    if (after !== null && isSame(before, after)) return "unchanged";
    this.usage.replace(tenant, id, after);
    this.budgets.post(after === null ? [undone(before)] : [undone(before), postingOf(after)]);
    return "accepted";
  }

  /** Committed day by day. */
  rerate(scope: RerateScope, isDry: boolean): { examined: number; tenants: Rerated[] } {
    const selected = this.usage
      .present(scope.tenant ?? undefined)
      .filter(({ row }) => row.at >= scope.from && row.at < scope.to)
      .filter(({ row }) => scope.model === null || row.model === scope.model);
    const tenants = new Map<string, Rerated>();
    const byDay = new Map<number, Posting[]>();
    for (const { id, row } of selected) {
      const after = this.usage.priced(row);
      if (after.cost === row.cost && after.charge === row.charge && after.flagged === row.flagged) continue;
      const sums = tenants.get(row.tenant) ?? { tenant: row.tenant, events: 0, before: NONE, after: NONE };
      sums.events += 1;
      sums.before = plus(sums.before, row);
      sums.after = plus(sums.after, after);
      tenants.set(row.tenant, sums);
      if (isDry) continue;
      this.usage.replace(row.tenant, id, after);
      const day = Math.floor(row.at / DAY);
      byDay.set(day, [...(byDay.get(day) ?? []), undone(row), postingOf(after)]);
    }
    for (const day of [...byDay.keys()].sort((a, b) => a - b)) this.budgets.post(byDay.get(day) ?? []);
    return {
      examined: selected.length,
      tenants: [...tenants.values()].sort((a, b) => (a.tenant < b.tenant ? -1 : 1)),
    };
  }

  /** How many holds end when all due jobs run now. */
  runJobs(): number {
    return this.#jobs.runs("expiry", JOB_EVERY_MS, this.holds.due().length) ? this.holds.expire() : 0;
  }

  /** One per alert and receiver. */
  notifications(tenant: string): number {
    return this.budgets.alerts
      .filter((alert) => alert.tenant === tenant)
      .reduce((sum, { receivers }) => sum + receivers, 0);
  }
}

const NONE: Amounts = { cost: 0n, charge: 0n, tokens: 0n, debates: 0n, calls: 0n };

function postingOf(row: Row): Posting {
  return { tenant: row.tenant, names: row, at: row.at, amounts: amountsOf(row) };
}

function undone(row: Row): Posting {
  return { ...postingOf(row), amounts: negated(amountsOf(row)) };
}

function plus(sum: Amounts, { cost, charge }: Row): Amounts {
  return { ...sum, cost: sum.cost + cost, charge: sum.charge + charge };
}

/** Nothing would read differently, the names of its prices included. */
function isSame(before: Row, after: Row): boolean {
  return (
    saysTheSame(before, after) &&
    before.price === after.price &&
    before.chargePrice === after.chargePrice &&
    before.cost === after.cost &&
    before.charge === after.charge
  );
}
