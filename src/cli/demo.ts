// aragora-billing demo: the whole way of usage, from a trace to a verified bill, in a database that is thrown away.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import type { Billing } from "../billing.ts";
import type { UsageReport } from "../domain/analytics/index.ts";
import type { VerifyReport } from "../domain/metering/index.ts";
import { systemClock } from "../kernel/index.ts";
import { withBilling } from "./database.ts";
import { sayFailure } from "./failure.ts";
import { importWithProgress, openAll } from "./import.ts";
import { exitCodeOfImport, type ImportResult, importJson, sayImport } from "./import-result.ts";
import { type Interruption, onInterrupt } from "./interrupt.ts";
import { counted, say, withoutPasswords, writeJson } from "./output.ts";
import { reportJson } from "./report.ts";
import { dollars, usageTable } from "./usage-table.ts";
import { sayVerify, verifyJson, verifyWithProgress } from "./verify.ts";

interface DemoFlags {
  readonly database?: string;
  readonly json?: true;
}

interface Bill {
  readonly byTenant: UsageReport;
  readonly byModel: UsageReport;
  readonly byBoth: UsageReport;
  readonly verified: VerifyReport;
}

const TRACE = fileURLToPath(new URL("../../data/llm-traces/composite-61d-a.csv.gz", import.meta.url));
const HELP = `
The usage is a public trace of real calls, with made-up tenants. Without --database it goes into a temporary
database that is removed at the end.

Example:
  $ aragora-billing demo --database sqlite:demo.db`;

export function addDemoCommand(program: Command): void {
  program
    .command("demo")
    .summary("import 52,956 real calls, print the bill, verify it")
    .description(
      "Imports 45 days of LLM calls, prints what they cost by tenant and by model, and verifies it.",
    )
    .option("--database <url>", "keep the demo in this database (default: a temporary one)")
    .option("--json", "print everything as JSON")
    .addHelpText("after", HELP)
    .action(runDemo);
}

async function runDemo(flags: DemoFlags): Promise<void> {
  const json = flags.json === true;
  const interruption = onInterrupt();
  const folder =
    flags.database === undefined ? mkdtempSync(join(tmpdir(), "aragora-billing-demo-")) : undefined;
  const database = flags.database ?? `sqlite:${join(folder ?? "", "demo.db")}`;
  try {
    await withBilling({ database }, async (billing) => {
      const result = await importTrace(billing, json, interruption);
      const bill = interruption.signal.aborted ? undefined : await readBill(billing, json);
      if (json) writeJson({ import: importJson(result), ...(bill && billJson(bill)) });
      else sayDemo(result, bill, flags.database);
      if (result.error !== undefined) sayFailure(result.error);
      process.exitCode = exitCodeOfImport(result) || (bill?.verified.ok === false ? 1 : 0);
    });
  } finally {
    interruption.release();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function importTrace(
  billing: Billing,
  json: boolean,
  interruption: Interruption,
): Promise<ImportResult> {
  const start = systemClock.now();
  const files = await openAll([TRACE], "csv", interruption);
  return importWithProgress(billing, files, { tenant: undefined, strict: false, json }, interruption, start);
}

async function readBill(billing: Billing, json: boolean): Promise<Bill> {
  return {
    byTenant: await billing.analytics.usageAcrossTenants({ by: ["tenant"] }),
    byModel: await billing.analytics.usageAcrossTenants({ by: ["model"] }),
    byBoth: await billing.analytics.usageAcrossTenants({ by: ["tenant", "model"] }),
    verified: await verifyWithProgress(billing, json),
  };
}

function billJson({ byBoth, verified }: Bill) {
  return { report: reportJson(byBoth), verify: verifyJson(verified) };
}

function sayDemo(result: ImportResult, bill: Bill | undefined, database: string | undefined): void {
  sayImport(result);
  if (bill === undefined) return;
  const { total } = bill.byTenant;
  say("");
  say(`The bill: ${dollars(total.costUsd)} for ${counted(total.events, "call")}, exact to the last digit`);
  for (const table of [usageTable(bill.byTenant, ["tenant"]), usageTable(bill.byModel, ["model"])]) {
    say("");
    for (const line of table) say(line);
  }
  say("");
  sayVerify(bill.verified);
  const to = withoutPasswords(database ?? "sqlite:demo.db");
  say("");
  say("What to try next:");
  // npx finds the program in a clone as well as where it is installed.
  say(`  npx aragora-billing demo --database ${to}`);
  say(`  npx aragora-billing report --by day --database ${to}`);
  say(`  npx aragora-billing import YOUR-USAGE.csv --tenant YOUR-TENANT --database ${to}`);
}
