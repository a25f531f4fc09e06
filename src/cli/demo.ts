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
import { type DemoInvoices, invoicesJson, invoiceTrace, sayInvoices } from "./demo-invoices.ts";
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
}

const TRACE = fileURLToPath(new URL("../../data/llm-traces/composite-61d-a.csv.gz", import.meta.url));
const HELP = `
The usage is a public trace of real calls, with made-up tenants. Without --database it goes into a temporary
database that is removed at the end. The greatest invoice's PDF is written into this folder, over no other file.

Example:
  $ aragora-billing demo --database sqlite:demo.db`;

export function addDemoCommand(program: Command): void {
  program
    .command("demo")
    .summary("import 52,956 real calls, print the bill and its invoices, verify them")
    .description(
      "Imports 45 days of LLM calls, prints what they cost by tenant and by model, invoices them, and verifies it all.",
    )
    .option("--database <url>", "keep the demo in this database (default: a temporary one)")
    .option("--json", "print everything as JSON")
    .addHelpText("after", HELP)
    .action(runDemo);
}

async function runDemo(flags: DemoFlags): Promise<void> {
  const interruption = onInterrupt();
  const folder =
    flags.database === undefined ? mkdtempSync(join(tmpdir(), "aragora-billing-demo-")) : undefined;
  const database = flags.database ?? `sqlite:${join(folder ?? "", "demo.db")}`;
  try {
    await withBilling({ database }, (billing) => demonstrate(billing, flags, interruption));
  } finally {
    interruption.release();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** For people every part is printed as soon as it is there; for programs, all at the end. */
async function demonstrate(billing: Billing, flags: DemoFlags, interruption: Interruption): Promise<void> {
  const json = flags.json === true;
  const { signal } = interruption;
  const result = await importTrace(billing, json, interruption);
  if (!json) sayImport(result);
  const bill = signal.aborted ? undefined : await readBill(billing);
  if (!json && bill) sayBill(bill);
  const isImported = bill !== undefined && result.error === undefined;
  const invoices = isImported ? await invoiceTrace(billing, { json, signal }) : undefined;
  if (!json && invoices) sayInvoices(invoices);
  // After the invoices, so that they are proven, too.
  const verified = signal.aborted ? undefined : await verifyWithProgress(billing, json);
  const cutOff = verified === undefined ? interruption.exitCode() : undefined;
  if (json) writeJson(demoJson({ result, bill, invoices, verified }));
  else if (verified) sayEnd(verified, flags.database);
  // The import says so itself.
  else if (result.interruptedBy === undefined) say("interrupted; run the same command again to continue");
  if (result.error !== undefined) sayFailure(result.error);
  process.exitCode = cutOff ?? (exitCodeOfImport(result) || (verified?.ok === false ? 1 : 0));
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

async function readBill({ analytics }: Billing): Promise<Bill> {
  return {
    byTenant: await analytics.usageAcrossTenants({ by: ["tenant"] }),
    byModel: await analytics.usageAcrossTenants({ by: ["model"] }),
    byBoth: await analytics.usageAcrossTenants({ by: ["tenant", "model"] }),
  };
}

interface DemoParts {
  readonly result: ImportResult;
  readonly bill: Bill | undefined;
  readonly invoices: DemoInvoices | undefined;
  readonly verified: VerifyReport | undefined;
}

function demoJson({ result, bill, invoices, verified }: DemoParts) {
  return {
    import: importJson(result),
    ...(bill && { report: reportJson(bill.byBoth) }),
    ...(invoices && { invoices: invoicesJson(invoices) }),
    ...(verified ? { verify: verifyJson(verified) } : { interrupted: true }),
  };
}

function sayBill({ byTenant, byModel }: Bill): void {
  const { total } = byTenant;
  say("");
  say(`The bill: ${dollars(total.costUsd)} for ${counted(total.events, "call")}, exact to the last digit`);
  for (const table of [usageTable(byTenant, ["tenant"]), usageTable(byModel, ["model"])]) {
    say("");
    for (const line of table) say(line);
  }
  say("");
}

function sayEnd(verified: VerifyReport, database: string | undefined): void {
  say("");
  sayVerify(verified);
  const to = withoutPasswords(database ?? "sqlite:demo.db");
  say("");
  say("What to try next:");
  // npx finds the program in a clone as well as where it is installed.
  say(`  npx aragora-billing demo --database ${to}`);
  say(`  npx aragora-billing report --by day --database ${to}`);
  say(`  npx aragora-billing invoice list --tenant tenant_01 --database ${to}`);
  say(`  npx aragora-billing import YOUR-USAGE.csv --tenant YOUR-TENANT --database ${to}`);
}
