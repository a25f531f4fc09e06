import type { Reader, Store } from "../../store/index.ts";
import { tenantOf } from "../metering/index.ts";
import {
  coverageOf,
  type Grouping,
  parseUsageQuery,
  sourceFor,
  type UsageQuery,
  type UsageSelection,
} from "./usage-query.ts";
import { remainderOf, UsageAccumulator, type UsageReport } from "./usage-report.ts";
import {
  recordedDaysAcrossTenants,
  sumDays,
  sumDaysAcrossTenants,
  sumPartOfDay,
  sumPartOfDayAcrossTenants,
  type UsageRow,
} from "./usage-store.ts";

/** Reads of usage. Every answer holds what was acknowledged before the call, from one consistent snapshot. */
export class AnalyticsService {
  readonly #store: Store;
  readonly #tenant: string | undefined;

  constructor(store: Store, tenant: string | undefined) {
    this.#store = store;
    this.#tenant = tenant;
  }

  /**
   * One tenant's usage of a period, grouped as asked.
   *
   * Answered from rollups: the cost of a query grows with days and groups, not with events. Crossings of two of
   * workspace, user, agent, debate and hour, or of one of them with provider, model or type, are read from the events.
   *
   * @throws BillingError invalid_input naming `tenant`, `from`, `to` or `by`.
   * @example
   * const report = await billing.analytics.usage({ tenant: "acme", by: ["model"] });
   * report.groups[0]?.costUsd.toString();
   */
  async usage(query: UsageQuery & { readonly tenant?: string | undefined } = {}): Promise<UsageReport> {
    return this.#report(query, tenantOf(query.tenant, this.#tenant));
  }

  /** The same over all tenants: for operators, never for a tenant's own eyes. */
  async usageAcrossTenants(query: UsageQuery = {}): Promise<UsageReport> {
    return this.#report(query, null);
  }

  #report(query: UsageQuery, tenant: string | null): Promise<UsageReport> {
    const selection = parseUsageQuery(query);
    return this.#store.read(async (reader) => {
      const rows = new UsageAccumulator(selection.by);
      for (const row of await collect(selection, tenant, reader)) rows.add(row);
      return rows.report(selection);
    });
  }
}

async function collect(
  selection: UsageSelection,
  tenant: string | null,
  reader: Reader,
): Promise<UsageRow[]> {
  const onRecord = await recordedDaysAcrossTenants(reader);
  if (onRecord === undefined) return [];
  const { days, edges } = coverageOf(selection, onRecord);
  const columns = columnsOf(selection.by);
  const rows: UsageRow[] = [];
  for (const edge of edges) {
    const part =
      tenant === null
        ? sumPartOfDayAcrossTenants(edge, columns, reader)
        : sumPartOfDay(tenant, edge, columns, reader);
    rows.push(...(await part));
  }
  if (days === undefined) return rows;

  const source = sourceFor(selection.by);
  const sum = (from: typeof source, by: readonly Grouping[]) =>
    tenant === null ? sumDaysAcrossTenants(days, from, by, reader) : sumDays(tenant, days, from, by, reader);
  const parts = await sum(source, columns);
  if (source.kind !== "dimension") return [...rows, ...parts];
  const whole = await sum(
    { kind: "days" },
    columns.filter((column) => column !== source.dimension),
  );
  return [...rows, ...parts, ...remainderOf(whole, parts, columns, source.dimension)];
}

/** An hour is an hour of a day. */
function columnsOf(by: readonly Grouping[]): readonly Grouping[] {
  return by.includes("hour") && !by.includes("day") ? [...by, "day"] : by;
}
