// aragora-billing report: usage and cost of a period, for people, programs and spreadsheets.

import { type Command, Option } from "commander";
import type { Billing } from "../billing.ts";
import {
  GROUPINGS,
  type Grouping,
  type UsageQuery,
  type UsageReport,
  type UsageTotals,
} from "../domain/analytics/index.ts";
import { csvLine } from "./csv-output.ts";
import { DATABASE_HELP, existingDatabaseUrl, withBilling } from "./database.ts";
import { INSTANT_HELP, instantOf } from "./instant.ts";
import { say, writeJson } from "./output.ts";
import { usageTable } from "./usage-table.ts";

interface ReportFlags {
  readonly database?: string;
  readonly from?: string;
  readonly to?: string;
  readonly tenant?: string;
  readonly by: readonly string[];
  readonly json?: true;
  readonly csv?: true;
}

const HELP = `
The period holds --from and ends before --to; without them it is everything on record. Days, weeks (from
Monday) and months are UTC. Groups are in time order where a time is among --by, else by cost.

Groupings: ${GROUPINGS.join(", ")}

Examples:
  $ aragora-billing report --by tenant,model
  $ aragora-billing report --from 2025-01-01 --to 2025-02-01 --tenant acme --by day --csv > january.csv`;

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
    .option("--json", "print the report as JSON, amounts as exact decimal text")
    .addOption(new Option("--csv", "print the groups as CSV").conflicts("json"))
    .addHelpText("after", HELP)
    .action(runReport);
}

async function runReport(flags: ReportFlags): Promise<void> {
  const by = flags.by as readonly Grouping[]; // the engine refuses what is none
  const query = { from: instantOf(flags.from, "from"), to: instantOf(flags.to, "to"), by };
  const database = existingDatabaseUrl(flags.database);
  const report = await withBilling({ database }, (billing) => readReport(billing, flags.tenant, query));
  if (flags.json) writeJson(reportJson(report));
  else if (flags.csv) writeCsv(report, by);
  else for (const line of usageTable(report, by)) say(line);
}

/** A report as JSON: counts are numbers, amounts exact decimal text. */
export function reportJson({ from, to, currency, total, groups }: UsageReport) {
  return {
    from: from?.toISOString() ?? null,
    to: to?.toISOString() ?? null,
    currency,
    ...countsOf(total),
    totalCostUsd: total.costUsd.toFixed(),
    groups: groups.map((group) => ({
      key: group.key,
      ...countsOf(group),
      costUsd: group.costUsd.toFixed(),
    })),
  };
}

function readReport(billing: Billing, tenant: string | undefined, query: UsageQuery): Promise<UsageReport> {
  return tenant === undefined
    ? billing.analytics.usageAcrossTenants(query)
    : billing.analytics.usage({ ...query, tenant });
}

function writeCsv({ total, groups }: UsageReport, by: readonly Grouping[]): void {
  const rows = by.length === 0 ? [{ key: {} as Partial<Record<Grouping, string | null>>, ...total }] : groups;
  const lines = rows.map((row) =>
    csvLine(
      by.map((name) => row.key[name] ?? null),
      [...Object.values(countsOf(row)), row.costUsd],
    ),
  );
  process.stdout.write(
    csvLine([...by, "events", "inputTokens", "cachedTokens", "outputTokens", "costUsd"], []),
  );
  process.stdout.write(lines.join(""));
}

function countsOf({ events, inputTokens, cachedTokens, outputTokens }: UsageTotals) {
  return { events, inputTokens, cachedTokens, outputTokens };
}

function splitList(value: string, before: readonly string[]): string[] {
  return [...before, ...value.split(",").map((name) => name.trim())];
}
