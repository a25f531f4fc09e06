// aragora-billing prices: the price book of a database.

import type { Command } from "commander";
import type { ListedPrice } from "../domain/pricing/index.ts";
import { BillingError } from "../kernel/index.ts";
import { DATABASE_HELP, databaseUrl, withBilling } from "./database.ts";
import { INSTANT_HELP, instantOf } from "./instant.ts";
import { counted, grouped, printable, say, writeJson } from "./output.ts";
import { readPriceFile } from "./price-file.ts";
import { modelNamed, withBook } from "./prices-book.ts";
import { addPricesImportCommands } from "./prices-import.ts";
import { addPricesRulesCommands } from "./prices-rules.ts";
import { type TableColumn, tableLines } from "./table.ts";

interface PriceFlags {
  readonly database?: string;
  readonly at?: string;
  readonly json?: true;
}

const HELP = `
Without --database, and before a database exists, list and show print the prices that come with the program.

A price file is a JSON list; prices are USD per 1M tokens, as text:
  [{ "provider": "openai", "model": "gpt-4o", "input": "2.50", "output": "10.00", "cachedInput": "1.25",
     "effectiveFrom": "2025-01-01T00:00:00Z" }]

Examples:
  $ aragora-billing prices list
  $ aragora-billing prices show anthropic/claude-sonnet-4 --at 2025-06-01
  $ aragora-billing prices history anthropic/claude-sonnet-4
  $ aragora-billing prices add prices.json
  $ aragora-billing prices import --from litellm model_prices_and_context_window.json --dry-run
  $ aragora-billing prices rules add --tenant acme --percent 20`;
const COLUMNS: readonly TableColumn[] = [
  { title: "model", align: "left" },
  { title: "input", align: "right" },
  { title: "cached", align: "right" },
  { title: "output", align: "right" },
  { title: "per unit", align: "right" },
  { title: "from", align: "left" },
  { title: "list", align: "left" },
];

export function addPricesCommand(program: Command): void {
  const prices = program
    .command("prices")
    .summary("show or extend the price book")
    .description("Shows or extends the price book. An event is priced by the entry in force at its own time.")
    .addHelpText("after", HELP);
  prices
    .command("list")
    .description("Prints every entry: the database's own ones, imported lists, what is shipped.")
    .option("--database <url>", DATABASE_HELP)
    .option("--json", "print the entries as JSON")
    .action(runList);
  prices
    .command("show")
    .description("Prints the entry in force for one model.")
    .argument("<provider/model>", "exact id or alias, e.g. openai/gpt-4o")
    .option("--database <url>", DATABASE_HELP)
    .option("--at <time>", `when (default: now): ${INSTANT_HELP}`)
    .option("--json", "print the entry as JSON")
    .action(runShow);
  prices
    .command("history")
    .description("Prints every dated entry of one model, the newest first.")
    .argument("<provider/model>", "exact id or alias, e.g. openai/gpt-4o")
    .option("--database <url>", DATABASE_HELP)
    .option("--json", "print the entries as JSON")
    .action(runHistory);
  prices
    .command("add")
    .description("Adds entries above the shipped ones: all of them or, after an error, none.")
    .argument("<file>", "JSON list of entries")
    .option("--database <url>", DATABASE_HELP)
    .option("--json", "print the counts as JSON")
    .action(runAdd);
  addPricesImportCommands(prices);
  addPricesRulesCommands(prices);
}

async function runList(flags: PriceFlags): Promise<void> {
  const entries = await withBook(flags.database, (billing) => billing.pricing.list());
  if (flags.json) writeJson(entries);
  else sayPrices(entries);
}

async function runShow(name: string, flags: PriceFlags): Promise<void> {
  const at = instantOf(flags.at, "at");
  const { provider, model } = modelNamed(name);
  const entry = await withBook(flags.database, (billing) => billing.pricing.show(provider, model, at));
  if (entry === null) {
    throw priceNotFound(`${name}${flags.at === undefined ? "" : ` at ${flags.at}`}`, { provider, model });
  }
  if (flags.json) writeJson(entry);
  else for (const [field, value] of Object.entries(entry)) say(`${field.padEnd(14)} ${valueText(value)}`);
}

async function runHistory(name: string, flags: PriceFlags): Promise<void> {
  const { provider, model } = modelNamed(name);
  const entries = await withBook(flags.database, (billing) => billing.pricing.history(provider, model));
  if (entries.length === 0) throw priceNotFound(name, { provider, model });
  if (flags.json) writeJson(entries);
  else sayPrices(entries);
}

async function runAdd(file: string, flags: PriceFlags): Promise<void> {
  const entries = readPriceFile(file);
  const database = databaseUrl(flags.database);
  const result = await withBilling({ database }, (billing) => billing.pricing.add(entries));
  if (flags.json) writeJson(result);
  else
    say(
      `${counted(result.added, "entry").replace(/entrys$/, "entries")} added, ${result.unchanged} unchanged`,
    );
}

function priceNotFound(name: string, details: { provider: string; model: string }): BillingError {
  const text = `no price for ${name}: see \`aragora-billing prices list\`, add one with \`prices add\``;
  return new BillingError("not_found", "price_not_found", text, { details });
}

function sayPrices(entries: readonly ListedPrice[]): void {
  const rows = entries.map((entry) => [
    printable(`${entry.provider}/${entry.model}`),
    String(entry.input),
    String(entry.cachedInput ?? ""),
    String(entry.output),
    unitPrice(entry),
    String(entry.effectiveFrom ?? "").slice(0, 10),
    entry.layer,
  ]);
  for (const line of tableLines(COLUMNS, rows)) say(line);
  say("USD per 1M tokens; --json prints every field");
}

function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function unitPrice({ perUnit, unitSize }: ListedPrice): string {
  if (perUnit === undefined) return "";
  return unitSize === undefined ? String(perUnit) : `${perUnit} / ${grouped(unitSize)}`;
}
