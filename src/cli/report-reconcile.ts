// report --reconcile: our cost beside the providers' own, for people, programs and spreadsheets.

import type {
  Reconciliation,
  ReconciliationGrouping,
  ReconciliationTotals,
} from "../domain/analytics/index.ts";
import { csvLine } from "./csv-output.ts";
import { grouped } from "./output.ts";
import { decimalsOf, dollars, groupTable } from "./usage-table.ts";

const TITLES = [
  "events",
  "with provider's cost",
  "our cost",
  "provider's cost",
  "difference",
  "capture rate",
];
const NOTE =
  "amounts are of the events with a provider's cost; difference: ours minus the provider's; capture rate: ours / the provider's";
const CSV_COLUMNS = [
  "events",
  "reconciledEvents",
  "costUsd",
  "providerCostUsd",
  "differenceUsd",
  "captureRate",
];

/** A line per group, then the total. Every amount is exact, rates are rounded to 6 digits. */
export function reconciliationTable(report: Reconciliation, by: readonly ReconciliationGrouping[]): string[] {
  const decimals = decimalsOf([...report.groups, report.total].flatMap(amountsOf));
  const figures = (totals: ReconciliationTotals) => [
    grouped(totals.events),
    grouped(totals.reconciledEvents),
    ...amountsOf(totals).map((amount) => dollars(amount, decimals)),
    totals.captureRate ?? "-",
  ];
  return [...groupTable(by, TITLES, report, figures), "", NOTE];
}

/** Counts are numbers, amounts and rates decimal text. */
export function reconciliationJson({ from, to, currency, total, groups }: Reconciliation) {
  return {
    from: from?.toISOString() ?? null,
    to: to?.toISOString() ?? null,
    currency,
    total: totalsJson(total),
    groups: groups.map((group) => ({ key: group.key, ...totalsJson(group) })),
  };
}

/** A record per group; without groupings one of the total. */
export function reconciliationCsv(report: Reconciliation, by: readonly ReconciliationGrouping[]): string {
  const rows =
    by.length === 0 ? [{ key: {} as Record<string, string | null>, ...report.total }] : report.groups;
  const lines = rows.map((row) => {
    const keys = by.map((name) => row.key[name] ?? null);
    const record = csvLine(keys, [row.events, row.reconciledEvents, ...amountsOf(row)]);
    // The rate is a number that may be missing.
    return record.replace(/\r\n$/, `,${row.captureRate ?? ""}\r\n`);
  });
  return csvLine([...by, ...CSV_COLUMNS], []) + lines.join("");
}

function totalsJson({ events, reconciledEvents, captureRate, ...amounts }: ReconciliationTotals) {
  return {
    events,
    reconciledEvents,
    costUsd: amounts.costUsd.toFixed(),
    providerCostUsd: amounts.providerCostUsd.toFixed(),
    differenceUsd: amounts.differenceUsd.toFixed(),
    captureRate,
  };
}

function amountsOf({ costUsd, providerCostUsd, differenceUsd }: ReconciliationTotals) {
  return [costUsd, providerCostUsd, differenceUsd];
}
