// aragora-billing prices import and diff: a public price list against the price book.

import { type Command, Option } from "commander";
import type { ChangedPrice, PriceListDiff, PriceListSource } from "../domain/pricing/index.ts";
import { DATABASE_HELP, databaseUrl, isMissing, withBilling } from "./database.ts";
import { INSTANT_HELP, instantOf } from "./instant.ts";
import { counted, grouped, printable, say, writeJson } from "./output.ts";
import { readPriceListFile } from "./prices-list-file.ts";
import { type TableColumn, tableLines } from "./table.ts";

interface ImportFlags {
  readonly from: PriceListSource;
  readonly database?: string;
  readonly dryRun?: true;
  readonly effectiveFrom?: string;
  readonly json?: true;
}

const HELP = `
Lists: genai is prices/new_data/v2/data.json of pydantic/genai-prices, litellm is model_prices_and_context_window.json
of BerriAI/litellm. Imported prices stand below the database's own entries and above the shipped ones.
A changed price is a new entry from --effective-from (default: now) on; no entry is edited or deleted.

Examples:
  $ aragora-billing prices diff --from litellm model_prices_and_context_window.json
  $ aragora-billing prices import --from genai data.json.gz --effective-from 2026-01-01
  $ curl -s $URL | aragora-billing prices import --from litellm - --json`;
const SHOWN = 20;
const ADDED: readonly TableColumn[] = [
  { title: "added", align: "left" },
  { title: "input", align: "right" },
  { title: "output", align: "right" },
];
const CHANGED: readonly TableColumn[] = [
  { title: "changed", align: "left" },
  { title: "price", align: "left" },
  { title: "from", align: "right" },
  { title: "to", align: "right" },
  { title: "%", align: "right" },
];

export function addPricesImportCommands(prices: Command): void {
  withFlags(prices.command("import"))
    .description(
      "Takes over a public price list and shows what changed: all of it or, after an error, nothing.",
    )
    .option("--dry-run", "show what would change, write nothing")
    .action(runImport);
  withFlags(prices.command("diff"))
    .description("Shows what importing a public price list would change; writes nothing.")
    .action((file: string, flags: ImportFlags) => runImport(file, { ...flags, dryRun: true }));
}

function withFlags(command: Command): Command {
  return command
    .argument("<file>", "the list's JSON file, gzip or not; - for the standard input")
    .addOption(
      new Option("--from <list>", "which list it is").choices(["genai", "litellm"]).makeOptionMandatory(),
    )
    .option("--effective-from <time>", `since when it holds: ${INSTANT_HELP}`)
    .option("--database <url>", DATABASE_HELP)
    .option("--json", "print all of it as JSON")
    .addHelpText("after", HELP);
}

async function runImport(file: string, flags: ImportFlags): Promise<void> {
  const effectiveFrom = instantOf(flags.effectiveFrom, "effective-from");
  const text = await readPriceListFile(file);
  const dryRun = flags.dryRun === true;
  const named = databaseUrl(flags.database);
  // Comparing must not create the database that it compares with.
  const database = dryRun && isMissing(named) ? "sqlite::memory:" : named;
  const input = { source: flags.from, text, dryRun, ...(effectiveFrom !== undefined && { effectiveFrom }) };
  const diff = await withBilling({ database }, (billing) => billing.pricing.importList(input));
  if (flags.json) writeJson(diff);
  else sayDiff(diff);
}

function sayDiff(diff: PriceListDiff): void {
  const changedModels = new Set(diff.changed.map(nameOf)).size;
  say(
    `${diff.source}: ${counted(diff.added.length, "model")} added, ${grouped(changedModels)} changed, ` +
      `${grouped(diff.gone.length)} gone, ${grouped(diff.unchanged)} unchanged` +
      (diff.dryRun ? " (dry run: nothing was written)" : ""),
  );
  say(`${grouped(diff.skipped.length)} skipped${reasons(diff)}`);
  if (diff.rounded.length > 0)
    say(`${counted(diff.rounded.length, "price")} rounded to a pico-USD per token or fee`);
  if (diff.omitted.length > 0)
    say(`${counted(diff.omitted.length, "model")} without their prices of audio, images and the like`);
  sayTable(
    ADDED,
    diff.added.map((price) => [nameOf(price), price.input, price.output]),
  );
  sayTable(
    CHANGED,
    diff.changed.map((price) => [
      nameOf(price),
      printable(price.field),
      ...[price.from ?? "-", price.to ?? "-", percent(price)].map(printable),
    ]),
  );
  sayTable(
    [{ title: "gone (still in the book)", align: "left" }],
    diff.gone.map((price) => [nameOf(price)]),
  );
  if (diff.added.length + diff.changed.length > 0) say("USD per 1M tokens; --json prints everything");
}

function sayTable(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): void {
  if (rows.length === 0) return;
  say("");
  for (const line of tableLines(columns, rows.slice(0, SHOWN))) say(line);
  if (rows.length > SHOWN) say(`… and ${grouped(rows.length - SHOWN)} more`);
}

function reasons({ skipped }: PriceListDiff): string {
  const counts = new Map<string, number>();
  for (const { reason } of skipped) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const parts = [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${grouped(count)} ${reason}`);
  return parts.length === 0 ? "" : `: ${parts.join("; ")}`;
}

function percent(price: ChangedPrice): string {
  if (price.percent === null) return "";
  return price.percent.startsWith("-") ? price.percent : `+${price.percent}`;
}

function nameOf({ provider, model }: { readonly provider: string; readonly model: string }): string {
  return printable(`${provider}/${model}`);
}
