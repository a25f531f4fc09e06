// aragora-billing verify: recomputes everything that is derived and says what differs.

import type { Command } from "commander";
import type { Billing } from "../billing.ts";
import type { VerifyReport } from "../domain/metering/index.ts";
import { DATABASE_HELP, existingDatabaseUrl, withBilling } from "./database.ts";
import { counted, say, writeJson } from "./output.ts";
import { startProgress } from "./progress.ts";

interface VerifyFlags {
  readonly database?: string;
  readonly json?: true;
}

const HELP = `
Every event is hashed and priced again, every stored sum is added up again. Nothing is changed.

Exit codes: 0 nothing differs, 1 something does.

Example:
  $ aragora-billing verify --database sqlite:billing.db`;

export function addVerifyCommand(program: Command): void {
  program
    .command("verify")
    .summary("recompute everything and list what differs")
    .description(
      "Recomputes prices, events and sums of a database and lists what differs from what is stored.",
    )
    .option("--database <url>", DATABASE_HELP)
    .option("--json", "print the result as JSON")
    .addHelpText("after", HELP)
    .action(runVerify);
}

async function runVerify(flags: VerifyFlags): Promise<void> {
  const database = existingDatabaseUrl(flags.database);
  const report = await withBilling({ database }, (billing) =>
    verifyWithProgress(billing, flags.json === true),
  );
  if (flags.json) writeJson(verifyJson(report));
  else sayVerify(report);
  if (!report.ok) process.exitCode = 1;
}

/** `billing.verify()` with a count on stderr. */
export async function verifyWithProgress(billing: Billing, json: boolean): Promise<VerifyReport> {
  const progress = startProgress(undefined, "events verified", json);
  const report = await billing.verify(({ events }) => progress.update(0, events));
  progress.stop();
  return report;
}

/** The result for programs. */
export function verifyJson({ ok, events, differences }: VerifyReport) {
  return { ok, events, differences };
}

/** The result for people. */
export function sayVerify({ ok, events, differences }: VerifyReport): void {
  for (const difference of differences) say(difference);
  if (ok) say(`ok: ${counted(events, "event")} recomputed, nothing differs`);
  else say(`not ok: ${counted(differences.length, "difference")} in ${counted(events, "event")}`);
}
