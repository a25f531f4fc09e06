import { DAY_MS, dayOf } from "../../kernel/index.ts";
import type { Reader, Store } from "../../store/index.ts";
import { tenantOf } from "../metering/index.ts";
import {
  parseReconciliationQuery,
  type ReconciliationQuery,
  type ReconciliationSelection,
} from "./reconciliation-query.ts";
import { type Reconciliation, reconciliationOf } from "./reconciliation-report.ts";
import { sumReconciled, sumReconciledAcrossTenants } from "./reconciliation-store.ts";
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

  /**
   * One tenant's cost as we computed it beside what providers say they charged, grouped as asked: which prices of the
   * book no longer hold. Only events for which a provider named a cost are in the amounts; `events` counts all.
   *
   * Corrected events count once, by their last values. Amounts are exact; the capture rate is rounded half up to 6
   * fraction digits, and null where the provider's cost is 0.
   *
   * @throws BillingError invalid_input naming `tenant`, `from`, `to` or `by`.
   * @example
   * const { total, groups } = await billing.analytics.reconcile({ tenant: "acme", by: ["model"] });
   * total.captureRate; // "0.973512"
   */
  async reconcile(
    query: ReconciliationQuery & { readonly tenant?: string | undefined } = {},
  ): Promise<Reconciliation> {
    return this.#reconcile(query, tenantOf(query.tenant, this.#tenant));
  }

  /** The same over all tenants: for operators, never for a tenant's own eyes. */
  async reconcileAcrossTenants(query: ReconciliationQuery = {}): Promise<Reconciliation> {
    return this.#reconcile(query, null);
  }

  #reconcile(query: ReconciliationQuery, tenant: string | null): Promise<Reconciliation> {
    const selection = parseReconciliationQuery(query);
    return this.#store.read(async (reader) => {
      const counted = await collect(selection, tenant, reader);
      const reconciled = await collectReconciled(selection, tenant, reader);
      return reconciliationOf(selection, counted, reconciled);
    });
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

async function collectReconciled(
  { from, to, by }: ReconciliationSelection,
  tenant: string | null,
  reader: Reader,
): Promise<UsageRow[]> {
  const onRecord = await recordedDaysAcrossTenants(reader);
  if (onRecord === undefined) return [];
  const start = Math.max(from ?? 0, onRecord.first * DAY_MS);
  const end = Math.min(to ?? Number.MAX_SAFE_INTEGER, (onRecord.last + 1) * DAY_MS);
  if (start >= end) return [];
  const range = { days: { first: dayOf(start), last: dayOf(end - 1) }, from: start, to: end };
  return tenant === null
    ? sumReconciledAcrossTenants(range, by, reader)
    : sumReconciled(tenant, range, by, reader);
}

/** An hour is an hour of a day. */
function columnsOf(by: readonly Grouping[]): readonly Grouping[] {
  return by.includes("hour") && !by.includes("day") ? [...by, "day"] : by;
}
