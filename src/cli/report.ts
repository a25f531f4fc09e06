// aragora-billing report: usage and cost of a period, for people, programs and spreadsheets.

import { type Command, Option } from "commander";
import type { Billing } from "../billing.ts";
import {
  GROUPINGS,
  type Grouping,
  RECONCILIATION_GROUPINGS,
  type ReconciliationGrouping,
  type UsageQuery,
  type UsageReport,
  type UsageTotals,
} from "../domain/analytics/index.ts";
import { csvLine } from "./csv-output.ts";
import { DATABASE_HELP, existingDatabaseUrl, withBilling } from "./database.ts";
import { INSTANT_HELP, instantOf } from "./instant.ts";
import { say, writeJson } from "./output.ts";
import { reconciliationCsv, reconciliationJson, reconciliationTable } from "./report-reconcile.ts";
import { usageTable } from "./usage-table.ts";

interface ReportFlags {
  readonly database?: string;
  readonly from?: string;
  readonly to?: string;
  readonly tenant?: string;
  readonly by: readonly string[];
  readonly charge?: true;
  readonly reconcile?: true;
  readonly json?: true;
  readonly csv?: true;
}

const HELP = `
The period holds --from and ends before --to; without them it is everything on record. Days, weeks (from
Monday) and months are UTC. Groups are in time order where a time is among --by, else by cost.

--charge adds what tenants owe us and the margin. --reconcile compares our cost with what providers say they charged,
over the events for which they said it: difference is ours minus theirs, capture rate ours divided by theirs.

Groupings: ${GROUPINGS.join(", ")}
With --reconcile: ${RECONCILIATION_GROUPINGS.join(", ")}

Examples:
  $ aragora-billing report --by tenant,model
  $ aragora-billing report --from 2025-01-01 --to 2025-02-01 --tenant acme --by day --csv > january.csv
  $ aragora-billing report --by tenant --charge
  $ aragora-billing report --by provider,model --reconcile`;

export function addReportCommand(program: Command): void {
  program
    .command("report")
    .summary("print usage and cost of a period")
    .description("Prints usage and exact cost of a period, of one tenant or of all.")
    .option("--database <url>", DATABASE_HELP)
    .option("--from <time>", `first instant: ${INSTANT_HELP}`)
    .option("--to <time>", "first instant after it, written the same way")
    .option("--tenant <id>", "one tenant (default: all)")
    .option("--by <groupings>", "comma-separated groupings, e.g. tenant,model", splitList, [])
    .option("--charge", "show charge and margin beside the cost")
    .addOption(new Option("--reconcile", "compare our cost with the providers' own").conflicts("charge"))
    .option("--json", "print the report as JSON, amounts as exact decimal text")
    .addOption(new Option("--csv", "print the groups as CSV").conflicts("json"))
    .addHelpText("after", HELP)
    .action(runReport);
}

function runReport(flags: ReportFlags): Promise<void> {
  return flags.reconcile ? runReconciliation(flags) : runUsage(flags);
}

async function runUsage(flags: ReportFlags): Promise<void> {
  const by = flags.by as readonly Grouping[]; // the engine refuses what is none
  const charge = flags.charge === true;
  const query = { ...periodOf(flags), by };
  const report = await readReport(flags, (billing, tenant) =>
    tenant === undefined
      ? billing.analytics.usageAcrossTenants(query)
      : billing.analytics.usage({ ...query, tenant }),
  );
  if (flags.json) writeJson(reportJson(report, { charge }));
  else if (flags.csv) writeCsv(report, by, charge);
  else for (const line of usageTable(report, by, { charge })) say(line);
}

async function runReconciliation(flags: ReportFlags): Promise<void> {
  const by = flags.by as readonly ReconciliationGrouping[]; // the engine refuses what is none
  const query = { ...periodOf(flags), by };
  const report = await readReport(flags, (billing, tenant) =>
    tenant === undefined
      ? billing.analytics.reconcileAcrossTenants(query)
      : billing.analytics.reconcile({ ...query, tenant }),
  );
  if (flags.json) writeJson(reconciliationJson(report));
  else if (flags.csv) process.stdout.write(reconciliationCsv(report, by));
  else for (const line of reconciliationTable(report, by)) say(line);
}

/** A report as JSON: counts are numbers, amounts exact decimal text. */
export function reportJson(
  { from, to, currency, total, groups }: UsageReport,
  { charge = false }: { readonly charge?: boolean } = {},
) {
  const { costUsd, chargeUsd } = total;
  return {
    from: from?.toISOString() ?? null,
    to: to?.toISOString() ?? null,
    currency,
    ...countsOf(total),
    totalCostUsd: costUsd.toFixed(),
    ...(charge && {
      totalChargeUsd: chargeUsd.toFixed(),
      totalMarginUsd: chargeUsd.minus(costUsd).toFixed(),
    }),
    groups: groups.map((group) => ({
      key: group.key,
      ...countsOf(group),
      costUsd: group.costUsd.toFixed(),
      ...(charge && {
        chargeUsd: group.chargeUsd.toFixed(),
        marginUsd: group.chargeUsd.minus(group.costUsd).toFixed(),
      }),
    })),
  };
}

function periodOf(flags: ReportFlags): Pick<UsageQuery, "from" | "to"> {
  return { from: instantOf(flags.from, "from"), to: instantOf(flags.to, "to") };
}

function readReport<T>(
  { database, tenant }: ReportFlags,
  read: (billing: Billing, tenant: string | undefined) => Promise<T>,
): Promise<T> {
  return withBilling({ database: existingDatabaseUrl(database) }, (billing) => read(billing, tenant));
}

function writeCsv({ total, groups }: UsageReport, by: readonly Grouping[], charge: boolean): void {
  const rows = by.length === 0 ? [{ key: {} as Partial<Record<Grouping, string | null>>, ...total }] : groups;
  const lines = rows.map((row) =>
    csvLine(
      by.map((name) => row.key[name] ?? null),
      [
        ...Object.values(countsOf(row)),
        row.costUsd,
        ...(charge ? [row.chargeUsd, row.chargeUsd.minus(row.costUsd)] : []),
      ],
    ),
  );
  const amounts = ["costUsd", ...(charge ? ["chargeUsd", "marginUsd"] : [])];
  process.stdout.write(
    csvLine([...by, "events", "inputTokens", "cachedTokens", "outputTokens", ...amounts], []),
  );
  process.stdout.write(lines.join(""));
}

function countsOf({ events, inputTokens, cachedTokens, outputTokens }: UsageTotals) {
  return { events, inputTokens, cachedTokens, outputTokens };
}

function splitList(value: string, before: readonly string[]): string[] {
  return [...before, ...value.split(",").map((name) => name.trim())];
}
