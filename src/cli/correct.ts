// aragora-billing correct: one event on record, taken back and replaced by the right one.

import { type Command, InvalidArgumentError, Option } from "commander";
import type { BillingOptions } from "../billing.ts";
import type { BillingEvent, CorrectedValues, Correction } from "../domain/metering/index.ts";
import { invalidInput, usdToDecimal } from "../kernel/index.ts";
import { DATABASE_HELP, existingDatabaseUrl, withBilling } from "./database.ts";
import { EVENT_COLUMNS, type EventColumn, eventOfCells } from "./event-columns.ts";
import { grouped, printable, say, writeJson } from "./output.ts";
import { type TableColumn, tableLines } from "./table.ts";
import { type Amount, decimalsOf, dollars } from "./usage-table.ts";

interface CorrectFlags {
  readonly tenant: string;
  readonly reason: string;
  readonly set: readonly string[];
  readonly void?: true;
  readonly id?: string;
  readonly unknownModel: NonNullable<BillingOptions["unknownModel"]>;
  readonly database?: string;
  readonly json?: true;
}

/** Who an event belongs to and what it settled is not a matter of a correction. */
const KEPT: readonly EventColumn["field"][] = ["id", "tenant", "holdId"];
const ACCEPTED_FIELDS = acceptedFields();
const ZERO = usdToDecimal(0n);
const HELP = `
Nothing stored is edited: the event's present row is taken back and a new one with the new values is added, both in the
event's own period. What --set does not name stays. --void takes the event back whole.

Fields (snake_case or camelCase): ${ACCEPTED_FIELDS}

Examples:
  $ aragora-billing correct call-1 --tenant acme --set output_tokens=1800 --reason "the provider's log shows 1,800"
  $ aragora-billing correct call-2 --tenant acme --void --reason "a test call" --id ticket-77

With --id a retry changes nothing a second time. Exit codes: 0 corrected, now or before, or already so; 2 wrong value;
4 no such event; 5 another correction has the id, or the event was taken back.`;
const COLUMNS: readonly TableColumn[] = [
  { title: "field", align: "left" },
  { title: "before", align: "right" },
  { title: "after", align: "right" },
];
/** Shown even where they stay as they are. */
const ALWAYS: readonly (keyof BillingEvent)[] = ["tokensIn", "tokensOut", "costUsd", "chargeUsd"];
const SHOWN = [
  ...(["timestamp", "type", "provider", "model", "workspace", "user", "agent", "debate"] as const),
  ...(["serviceTier", "usageState", "quantity", "tokensIn", "cachedTokens", "cacheWriteTokens"] as const),
  ...(["cacheWrite1hTokens", "tokensOut", "reasoningTokens", "webSearches", "providerCostUsd"] as const),
  ...(["costUsd", "chargeUsd"] as const),
] satisfies (keyof BillingEvent)[];

const COUNTS = [
  ...(["quantity", "tokensIn", "cachedTokens", "cacheWriteTokens", "cacheWrite1hTokens"] as const),
  ...(["tokensOut", "reasoningTokens", "webSearches"] as const),
];

export function addCorrectCommand(program: Command): void {
  program
    .command("correct")
    .summary("correct one event on record")
    .description("Corrects one event: takes its row back and adds the right one, in every sum at once.")
    .argument("<event-id>", "the event's id")
    .requiredOption("--tenant <id>", "whose event it is")
    .requiredOption("--reason <text>", "why; kept for ever")
    .option("--set <field=value>", "a value to correct; may be given several times", collect, [])
    .addOption(new Option("--void", "the event never happened").conflicts("set"))
    .option("--id <id>", "an id of the correction, so that a retry is safe (default: a new one)")
    .addOption(
      new Option("--unknown-model <policy>", "price of models that the price book does not know")
        .choices(["fallback", "unpriced", "refuse"])
        .default("fallback"),
    )
    .option("--database <url>", DATABASE_HELP)
    .option("--json", "print the correction as JSON")
    .addHelpText("after", HELP)
    .action(runCorrect);
}

async function runCorrect(eventId: string, flags: CorrectFlags): Promise<void> {
  const { tenant, reason, id, unknownModel } = flags;
  const values = flags.void ? null : valuesOf(flags.set);
  const database = existingDatabaseUrl(flags.database);
  const correction = await withBilling({ database, unknownModel }, (billing) =>
    billing.metering.correct(eventId, values, reason, { tenant, id }),
  );
  if (flags.json) writeJson(correctionJson(eventId, correction));
  else sayCorrection(eventId, correction);
}

/** The values that `--set` gives, read as the columns of an import are. */
function valuesOf(settings: readonly string[]): CorrectedValues {
  if (settings.length === 0) {
    throw new InvalidArgumentError(
      "name what to correct with --set FIELD=VALUE, or take the event back with --void",
    );
  }
  const values: Record<string, unknown> = {};
  for (const setting of settings) {
    const at = setting.indexOf("=");
    if (at < 1)
      throw invalidInput("set", "invalid_setting", `--set must be FIELD=VALUE, not ${quoted(setting)}`);
    const [name, value] = [setting.slice(0, at), setting.slice(at + 1)];
    const column = EVENT_COLUMNS.get(name);
    if (column === undefined || KEPT.includes(column.field)) {
      const text = `--set cannot change ${quoted(name)}; accepted are ${ACCEPTED_FIELDS} (also in camelCase)`;
      throw invalidInput("set", "unknown_field", text);
    }
    if (Object.hasOwn(values, column.field)) {
      throw invalidInput("set", "duplicate_field", `--set names ${column.name} twice`);
    }
    values[column.field] = readValue(column, value);
  }
  return values;
}

function readValue(column: EventColumn, text: string): unknown {
  if (text !== "") return eventOfCells([column], [text])[column.field];
  if (!column.isCount) return "";
  throw invalidInput(column.name, "invalid_count", `${column.name} must be a whole number, not empty`);
}

function sayCorrection(eventId: string, { id, status, reversal, replacement }: Correction): void {
  if (status === "unchanged" || reversal === null) {
    say(`event ${eventId} already has these values; nothing was written`);
    return;
  }
  const before = takenBack(reversal);
  const amounts = [before, ...(replacement === null ? [] : [replacement])].flatMap((event) => [
    event.costUsd,
    event.chargeUsd,
  ]);
  const decimals = decimalsOf(amounts);
  const rows = SHOWN.map((field) => [
    nameOf(field),
    textOf(before, field, decimals),
    replacement === null ? "-" : textOf(replacement, field, decimals),
  ]);
  const isShown = (row: readonly string[], index: number) =>
    ALWAYS.includes(SHOWN[index] as keyof BillingEvent) || (replacement !== null && row[1] !== row[2]);
  for (const line of tableLines(COLUMNS, rows.filter(isShown))) say(line);
  say("");
  if (status === "duplicate") say(`event ${eventId} was corrected before as ${id}; nothing was written`);
  else if (replacement === null) say(`event ${eventId} was taken back as ${id}`);
  else say(`event ${eventId} was corrected as ${id}`);
}

function correctionJson(eventId: string, { id, status, reversal, replacement }: Correction) {
  return { id, status, eventId, before: reversal && takenBack(reversal), after: replacement };
}

/** The event as it was before: a reversal is that row, negated. */
function takenBack({ isReversal: _, corrects, adjustment: __, recordedAt: ___, ...reversal }: BillingEvent) {
  // `0 - x`, as `-x` would make a -0 of 0.
  const negated = (amount: Amount) => ZERO.minus(amount);
  return {
    ...reversal,
    id: corrects ?? reversal.id,
    ...Object.fromEntries(COUNTS.map((field) => [field, 0 - reversal[field]])),
    costUsd: negated(reversal.costUsd),
    chargeUsd: negated(reversal.chargeUsd),
    providerCostUsd: reversal.providerCostUsd && negated(reversal.providerCostUsd),
  };
}

function textOf(
  event: Pick<BillingEvent, (typeof SHOWN)[number]>,
  field: (typeof SHOWN)[number],
  decimals: number,
): string {
  const value = event[field];
  if (value === null) return "(none)";
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object") return dollars(value, field === "providerCostUsd" ? 2 : decimals);
  return typeof value === "number" ? grouped(value) : printable(String(value));
}

/** `input_tokens or tokens_in`, as in the columns of an import. */
function acceptedFields(): string {
  const names = new Map<string, string[]>();
  for (const { name, field } of EVENT_COLUMNS.values()) {
    if (KEPT.includes(field) || /[A-Z]/.test(name)) continue;
    const known = names.get(field) ?? [];
    names.set(field, known.includes(name) ? known : [...known, name]);
  }
  return [...names.values()].map((list) => list.join(" or ")).join(", ");
}

function nameOf(field: (typeof SHOWN)[number]): string {
  return field.replace(/Usd$/, "").replace(/[A-Z]|1/g, (start) => ` ${start.toLowerCase()}`);
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
