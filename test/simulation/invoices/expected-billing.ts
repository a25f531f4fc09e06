// What is still to be invoiced, from docs/invoices.md: every event that the auditor knows, less what invoices took.

import type { Auditor } from "../auditor.ts";
import type { Row } from "../expected-usage.ts";
import type { ExpectedOrganizations } from "../plans/expected-organizations.ts";
import { billsTokens, type Line as SubscriptionLine } from "../plans/expected-plans.ts";

/** Counts of a row, and its charge in pico-USD last. */
type Sums = readonly bigint[];

/** Usage of one day and price. */
interface Usage {
  readonly day: number;
  readonly month: string;
  readonly provider: string;
  readonly model: string;
  readonly type: string;
  readonly price: string;
  readonly sums: Sums;
}

/** By what is kept apart. */
export type UsageByKey = ReadonlyMap<string, Usage>;

export interface Line {
  readonly group: "subscription" | "usage" | "item";
  readonly description: string;
  readonly cents: number;
  /** Of usage: events, the exact charge, and whether it is billed. */
  readonly detail: string;
  /** What it is of, on whatever invoice: of a plan's unused rest, the charge that it takes back; '' of items. */
  readonly key: string;
}

/** What an invoice would take. */
export interface Billable {
  readonly lines: readonly Line[];
  readonly usage: UsageByKey;
  /** Of the days of its usage: whether their tokens are billed. */
  readonly metered: ReadonlyMap<number, boolean>;
  readonly subscription: readonly SubscriptionLine[];
}

/** What an invoice that is not void has taken. */
export interface Taken {
  readonly tenant: string;
  readonly usage: UsageByKey;
  readonly metered: ReadonlyMap<number, boolean>;
  readonly subscription: readonly SubscriptionLine[];
}

const DAY = 86_400_000;
const PICO_PER_CENT = 10_000_000_000n;

export class ExpectedBilling {
  readonly #auditor: Auditor;
  readonly #organizations: ExpectedOrganizations;

  constructor(auditor: Auditor, organizations: ExpectedOrganizations) {
    this.#auditor = auditor;
    this.#organizations = organizations;
  }

  billable(tenant: string, before: number, taken: readonly Taken[], alwaysMetered: boolean): Billable {
    const mine = taken.filter((one) => one.tenant === tenant);
    const usage = this.#unbilled(tenant, before, mine);
    const organization = this.#organizations.all.find(({ id }) => id === tenant);
    // Lines never change: each is itself in every copy of their list.
    const gone = new Set(mine.flatMap(({ subscription }) => subscription));
    const written = organization?.written.lines ?? [];
    const subscription = written.filter((line) => line.at < before && !gone.has(line));
    // What comes late goes the way that its day has gone.
    const settled = new Map(mine.flatMap((one) => [...one.metered]));
    const isMetered = (day: number) =>
      settled.get(day) ??
      (alwaysMetered || organization === undefined || billsTokens(organization.written, day * DAY));
    return {
      metered: new Map([...usage.values()].map(({ day }) => [day, isMetered(day)])),
      lines: [
        ...subscription.map((line) => subscriptionLine(line, written)),
        ...usageLines(usage, isMetered),
      ],
      usage,
      subscription,
    };
  }

  /** Whether the tenant ever had something on its subscription by then. */
  hasLines(tenant: string, before: number): boolean {
    const organization = this.#organizations.all.find(({ id }) => id === tenant);
    return organization?.written.lines.some(({ at }) => at < before) ?? false;
  }

  #unbilled(tenant: string, before: number, taken: readonly Taken[]): UsageByKey {
    const all = new Map<string, Usage>();
    const add = (usage: Omit<Usage, "month">, sign: bigint) => {
      const { day, provider, model, type, price, sums } = usage;
      const month = new Date(day * DAY).toISOString().slice(0, 7);
      const key = JSON.stringify([day, provider, model, type, price]);
      const known = all.get(key)?.sums ?? sums.map(() => 0n);
      all.set(key, { ...usage, month, sums: known.map((sum, index) => sum + sign * (sums[index] ?? 0n)) });
    };
    for (const { row } of this.#auditor.usage.present(tenant)) {
      if (row.at >= before) continue;
      const { provider, model, type, chargePrice, price } = row;
      const day = Math.floor(row.at / DAY);
      add({ day, provider, model, type, price: chargePrice || price, sums: sumsOf(row) }, 1n);
    }
    // All that was taken is of days before some month's end, which may be a later month's.
    for (const { usage } of taken)
      for (const one of usage.values()) if (one.day * DAY < before) add(one, -1n);
    return new Map([...all].filter(([, { sums }]) => sums.some((sum) => sum !== 0n)));
  }
}

function usageLines(usage: UsageByKey, isMetered: (day: number) => boolean): Line[] {
  const groups = new Map<string, Usage & { readonly metered: boolean }>();
  for (const one of usage.values()) {
    const metered = isMetered(one.day);
    const key = JSON.stringify([one.month, one.provider, one.model, one.type, one.price, metered]);
    const known = groups.get(key);
    const sums = one.sums.map((sum, index) => sum + (known?.sums[index] ?? 0n));
    groups.set(key, { ...one, sums, metered });
  }
  return [...groups]
    .filter(([, { sums }]) => sums.some((sum) => sum !== 0n))
    .map(([key, { month, provider, model, type, sums, metered }]) => {
      const charge = sums.at(-1) as bigint;
      const what = model === "" ? type.replaceAll("_", " ") : `${provider} ${model}`;
      return {
        ...{ group: "usage", description: `${what}, ${month}` },
        cents: metered ? Number(rounded(charge, PICO_PER_CENT)) : 0,
        detail: `${sums[0]} ${type} ${charge} ${metered ? "billed" : "included"}`,
        key,
      };
    });
}

function subscriptionLine(line: SubscriptionLine, all: readonly SubscriptionLine[]): Line {
  const { kind, tier, from, period, cents } = line;
  const what = kind === "credit" ? "unused rest of " : from > period.start ? "rest of " : "";
  const day = (instant: number) => new Date(instant).toISOString().slice(0, 10);
  const description = `${what}plan ${tier}, ${day(from)} to ${day(period.end)}`;
  let charge = all.indexOf(line);
  while (all[charge]?.kind === "credit") charge -= 1;
  return { group: "subscription", description, cents, detail: "", key: `plan ${charge}` };
}

function sumsOf(row: Row): Sums {
  const { quantity, tokensIn, cached, cacheWrite, cacheWrite1h, tokensOut, reasoning, searches, charge } =
    row;
  const counts = [1, quantity, tokensIn, cached, cacheWrite, cacheWrite1h, tokensOut, reasoning, searches];
  return [...counts.map(BigInt), charge];
}

/** Half away from zero. */
export function rounded(value: bigint, by: bigint): bigint {
  const size = value < 0n ? -value : value;
  const whole = size / by + ((size % by) * 2n >= by ? 1n : 0n);
  return value < 0n ? -whole : whole;
}
