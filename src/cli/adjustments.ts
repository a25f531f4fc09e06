// aragora-billing adjustments: why what is on record was changed.

import type { Command } from "commander";
import type { AdjustmentEntry } from "../domain/metering/index.ts";
import { DATABASE_HELP, existingDatabaseUrl, withBilling } from "./database.ts";
import { printable, say, writeJson } from "./output.ts";
import { type TableColumn, tableLines } from "./table.ts";

interface ListFlags {
  readonly tenant: string;
  readonly database?: string;
  readonly json?: true;
}

const HELP = `
Example:
  $ aragora-billing adjustments list --tenant acme`;
const COLUMNS: readonly TableColumn[] = ["when", "kind", "id", "reason"].map((title) => ({
  title,
  align: "left",
}));

export function addAdjustmentsCommand(program: Command): void {
  const adjustments = program
    .command("adjustments")
    .summary("list corrections and re-ratings")
    .description("Lists why events on record were corrected or priced again.")
    .addHelpText("after", HELP);
  adjustments
    .command("list")
    .description("Prints a tenant's last 1,000 corrections and re-ratings, newest first.")
    .requiredOption("--tenant <id>", "whose events were changed")
    .option("--database <url>", DATABASE_HELP)
    .option("--json", "print them as JSON, with what was asked for")
    .action(runList);
}

async function runList({ tenant, database, json }: ListFlags): Promise<void> {
  const entries = await withBilling({ database: existingDatabaseUrl(database) }, (billing) =>
    billing.metering.adjustments({ tenant }),
  );
  if (json) writeJson(entries);
  else if (entries.length === 0) say("no adjustments");
  else for (const line of tableLines(COLUMNS, entries.map(row))) say(line);
}

function row({ createdAt, kind, id, reason }: AdjustmentEntry): string[] {
  return [createdAt.toISOString(), kind, printable(id), printable(reason)];
}
