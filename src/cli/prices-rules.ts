// aragora-billing prices rules: what tenants are charged, and what providers take from us by contract.

import { type Command, InvalidArgumentError, Option } from "commander";
import {
  type ListedPriceRule,
  type PriceRuleInput,
  type PriceRuleTarget,
  parsePriceRule,
  type RulePrices,
} from "../domain/pricing/index.ts";
import { BillingError } from "../kernel/index.ts";
import { DATABASE_HELP, databaseUrl, withBilling } from "./database.ts";
import { INSTANT_HELP, instantOf } from "./instant.ts";
import { printable, say, writeJson } from "./output.ts";
import { withBook } from "./prices-book.ts";
import { readPriceListFile } from "./prices-list-file.ts";
import { type TableColumn, tableLines } from "./table.ts";

interface ListFlags {
  readonly tenant?: string;
  readonly database?: string;
  readonly json?: true;
}

interface AddFlags extends ListFlags {
  readonly allTenants?: true;
  readonly for: PriceRuleTarget;
  readonly provider?: string;
  readonly model?: string;
  readonly percent?: string;
  readonly none?: true;
  readonly prices?: string;
  readonly fee?: string;
  readonly from?: string;
  readonly to?: string;
  readonly note?: string;
}

const HELP = `
The most specific rule in force at an event's time applies: the tenant's own before everybody's, a model's before a
provider's before any, then the latest. Without one the charge is the cost. Events on record keep their prices until
\`aragora-billing rerate\`.

A price file holds one JSON object, USD per 1M tokens as text: { "input": "3.00", "output": "12.00" }

Examples:
  $ aragora-billing prices rules add --tenant acme --percent 20 --fee 0.001 --from 2026-01-01
  $ aragora-billing prices rules add --tenant acme --provider openai --model gpt-4o --prices acme.json
  $ aragora-billing prices rules add --tenant own-keys-inc --none
  $ aragora-billing prices rules add --all-tenants --for cost --provider openai --percent -7.5 --note "contract of 2026"
  $ aragora-billing prices rules list --tenant acme`;
const COLUMNS: readonly TableColumn[] = [
  { title: "for", align: "left" },
  { title: "tenant", align: "left" },
  { title: "provider", align: "left" },
  { title: "model", align: "left" },
  { title: "rule", align: "left" },
  { title: "fee per call", align: "right" },
  { title: "from", align: "left" },
  { title: "to", align: "left" },
  { title: "note", align: "left" },
];
/** The whole numbers of a price file; all else there is an amount, written as text. */
const WHOLE_NUMBERS: readonly string[] = ["unitSize", "aboveInputTokens"];

export function addPricesRulesCommands(prices: Command): void {
  const rules = prices
    .command("rules")
    .description("Shows or adds rules: selling prices, markups, discounts, own keys.")
    .addHelpText("after", HELP);
  rules
    .command("list")
    .description("Prints the rules, latest start first.")
    .option("--tenant <id>", "those that may apply to one tenant (default: all)")
    .option("--database <url>", DATABASE_HELP)
    .option("--json", "print the rules as JSON")
    .action(runList);
  rules
    .command("add")
    .description("Adds a rule; no rule is edited or deleted, a later one supersedes it.")
    .option("--tenant <id>", "whose usage it is for")
    .addOption(new Option("--all-tenants", "every tenant without a rule of its own").conflicts("tenant"))
    .addOption(
      new Option("--for <what>", "what tenants owe, or what providers take")
        .choices(["charge", "cost"])
        .default("charge"),
    )
    .option("--provider <name>", "only this provider (default: every one)")
    .option("--model <id>", "only this model; needs --provider")
    .option("--percent <number>", "on top of the cost, e.g. 20; negative is a discount")
    .addOption(new Option("--none", "costs nothing: own keys").conflicts(["percent", "prices"]))
    .addOption(new Option("--prices <file>", "JSON object of prices").conflicts("percent"))
    .option("--fee <usd>", "USD per call, added")
    .option("--from <time>", `since when (default: ever): ${INSTANT_HELP}`)
    .option("--to <time>", "until when (default: a later rule), written the same way")
    .option("--note <text>", "why: a contract's number, an agreement")
    .option("--database <url>", DATABASE_HELP)
    .option("--json", "print the counts as JSON")
    .addHelpText("after", HELP)
    .action(runAdd);
}

async function runList({ tenant, database, json }: ListFlags): Promise<void> {
  const rules = await withBook(database, (billing) => billing.pricing.rules(tenant));
  if (json) writeJson(rules);
  else if (rules.length === 0) say("no rules: the charge is the cost");
  else for (const line of tableLines(COLUMNS, rules.map(row))) say(line);
}

async function runAdd(flags: AddFlags): Promise<void> {
  const rule = await ruleOf(flags);
  // Checked here as well, so that an error names the rule as the command line knows it.
  parsePriceRule(rule);
  const database = databaseUrl(flags.database);
  const result = await withBilling({ database }, (billing) => billing.pricing.addRules([rule]));
  if (flags.json) writeJson(result);
  else say(result.added === 1 ? "1 rule added" : "this rule is on record already");
}

async function ruleOf(flags: AddFlags): Promise<PriceRuleInput> {
  if (flags.tenant === undefined && !flags.allTenants) {
    throw new InvalidArgumentError("name a tenant with --tenant, or every one with --all-tenants");
  }
  if (flags.percent === undefined && flags.prices === undefined && !flags.none) {
    throw new InvalidArgumentError("say what the rule does with --percent, --prices or --none");
  }
  const effectiveFrom = instantOf(flags.from, "from");
  const effectiveTo = instantOf(flags.to, "to");
  const prices = flags.prices === undefined ? undefined : await readRulePrices(flags.prices);
  return {
    appliesTo: flags.for,
    ...(flags.tenant !== undefined && { tenant: flags.tenant }),
    ...(flags.provider !== undefined && { provider: flags.provider }),
    ...(flags.model !== undefined && { model: flags.model }),
    ...(flags.percent !== undefined && { percent: flags.percent }),
    ...(flags.none && { none: true as const }),
    ...(prices !== undefined && { prices }),
    ...(flags.fee !== undefined && { feePerCall: flags.fee }),
    ...(effectiveFrom !== undefined && { effectiveFrom }),
    ...(effectiveTo !== undefined && { effectiveTo }),
    ...(flags.note !== undefined && { note: flags.note }),
  };
}

/**
 * The prices of a rule. The engine checks them; here only what JSON would lose: the digits of a number.
 *
 * @throws BillingError not_found `file_not_found`, invalid_input `invalid_price_file`.
 */
async function readRulePrices(file: string): Promise<RulePrices> {
  const text = await readPriceListFile(file);
  let value: unknown;
  try {
    value = JSON.parse(text, (key, part: unknown) => {
      if (typeof part !== "number" || WHOLE_NUMBERS.includes(key)) return part;
      throw invalidFile(
        file,
        `has the amount ${JSON.stringify(key)} as a number; write it as text, in quotes`,
      );
    });
  } catch (error) {
    if (error instanceof BillingError) throw error;
    throw invalidFile(file, `is not valid JSON: ${(error as Error).message}`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as RulePrices;
  throw invalidFile(file, 'must hold a JSON object of prices: { "input": "3.00", "output": "12.00" }');
}

function invalidFile(file: string, what: string): BillingError {
  const details = { field: "prices", file };
  return new BillingError("invalid_input", "invalid_price_file", `price file ${file} ${what}`, { details });
}

function row(rule: ListedPriceRule): string[] {
  return [
    rule.appliesTo ?? "charge",
    printable(rule.tenant ?? "(all)"),
    printable(rule.provider ?? "(all)"),
    printable(rule.model ?? "(all)"),
    effectOf(rule),
    rule.feePerCall === undefined ? "" : `$${rule.feePerCall}`,
    dateOf(rule.effectiveFrom),
    dateOf(rule.effectiveTo),
    printable(rule.note ?? ""),
  ];
}

function effectOf({ percent, prices, none }: ListedPriceRule): string {
  if (none) return "nothing";
  if (prices !== undefined) return `input ${prices.input}, output ${prices.output}`;
  return String(percent).startsWith("-") ? `${percent} %` : `+${percent} %`;
}

/** A midnight is its day. */
function dateOf(instant: Date | string | undefined): string {
  return String(instant ?? "").replace("T00:00:00.000Z", "");
}
