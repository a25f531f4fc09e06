// Every event as it must be on record, and the sums that reports must show.

import type { Amounts } from "./amounts.ts";
import type { Call, ExpectedPrices, Priced } from "./expected-prices.ts";

export const DIMENSIONS = ["workspace", "user", "agent", "debate", "provider", "model"] as const;
export type Dimension = (typeof DIMENSIONS)[number];
/** '' is none. */
export type Names = Readonly<Record<Dimension, string>>;

/** What a caller says about one use. */
export interface Use extends Call, Names {
  readonly isEstimate: boolean;
}

export interface Row extends Use, Priced {}

export interface Totals {
  events: number;
  tokensIn: number;
  tokensOut: number;
  quantity: number;
  flagged: number;
  cost: bigint;
  charge: bigint;
}

export type Grouping = Dimension | "tenant" | "type" | "day" | "month";

export interface History {
  /** As it was reported: what a retry is compared with. */
  readonly first: Row;
  /** As it counts today; null when it was taken back. */
  present: Row | null;
}

export class ExpectedUsage {
  readonly #prices: ExpectedPrices;
  readonly #events = new Map<string, History>();

  constructor(prices: ExpectedPrices) {
    this.#prices = prices;
  }

  find(tenant: string, id: string): History | undefined {
    return this.#events.get(keyOf(tenant, id));
  }

  idsOf(tenant: string): string[] {
    return [...this.#events.keys()]
      .filter((key) => key.startsWith(`${tenant} `))
      .map((key) => key.slice(tenant.length + 1));
  }

  record(id: string, use: Use): Row {
    const row = this.priced(use);
    this.#events.set(keyOf(use.tenant, id), { first: row, present: row });
    return row;
  }

  replace(tenant: string, id: string, row: Row | null): void {
    const history = this.find(tenant, id);
    if (history === undefined) throw new Error(`no event ${id}`);
    history.present = row;
  }

  priced(use: Use): Row {
    return { ...use, ...this.#prices.of(use) };
  }

  /** What counts today, in the order of recording. */
  present(tenant?: string): { id: string; row: Row }[] {
    const rows: { id: string; row: Row }[] = [];
    for (const [key, { present }] of this.#events) {
      if (present === null || (tenant !== undefined && present.tenant !== tenant)) continue;
      rows.push({ id: key.slice(present.tenant.length + 1), row: present });
    }
    return rows;
  }

  total(tenant?: string): Totals {
    const totals = nothing();
    for (const { row } of this.present(tenant)) add(totals, row);
    return totals;
  }

  /** By the text of the group's value; '' is none. */
  report(by: Grouping, tenant?: string): Map<string, Totals> {
    const groups = new Map<string, Totals>();
    for (const { row } of this.present(tenant)) {
      const key = groupOf(row, by);
      const totals = groups.get(key) ?? nothing();
      add(totals, row);
      groups.set(key, totals);
    }
    return groups;
  }
}

/** What a row counts in budgets. */
export function amountsOf(row: Row): Amounts {
  return {
    cost: row.cost,
    charge: row.charge,
    tokens: BigInt(row.tokensIn + row.tokensOut),
    debates: row.type === "debate" ? BigInt(row.quantity) : 0n,
    calls: 1n,
  };
}

/** Whether two reports say the same of one use. */
export function saysTheSame(a: Use, b: Use): boolean {
  const said = (use: Use) => USE_FIELDS.map((field) => String(use[field])).join("|");
  return said(a) === said(b);
}

const USE_FIELDS = [
  ...["at", "type", "tier", "quantity", "tokensIn", "cached", "cacheWrite", "cacheWrite1h"],
  ...["tokensOut", "reasoning", "searches", "isEstimate", ...DIMENSIONS],
] as readonly (keyof Use)[];

function groupOf(row: Row, by: Grouping): string {
  if (by === "day") return `${new Date(row.at).toISOString().slice(0, 10)}T00:00:00.000Z`;
  if (by === "month") return `${new Date(row.at).toISOString().slice(0, 7)}-01T00:00:00.000Z`;
  return row[by];
}

function nothing(): Totals {
  return { events: 0, tokensIn: 0, tokensOut: 0, quantity: 0, flagged: 0, cost: 0n, charge: 0n };
}

function add(totals: Totals, row: Row): void {
  totals.events += 1;
  totals.tokensIn += row.tokensIn;
  totals.tokensOut += row.tokensOut;
  totals.quantity += row.quantity;
  totals.flagged += row.flagged || row.isEstimate ? 1 : 0;
  totals.cost += row.cost;
  totals.charge += row.charge;
}

/** No tenant of the workload has a blank in its name. */
function keyOf(tenant: string, id: string): string {
  return `${tenant} ${id}`;
}
