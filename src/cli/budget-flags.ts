// What the budget commands take in common: whose usage, which budget, how much.

import { type Command, InvalidArgumentError } from "commander";
import type { Billing } from "../billing.ts";
import { SCOPE_DIMENSIONS, type ScopeDimension } from "../domain/budgets/index.ts";
import { BillingError } from "../kernel/index.ts";
import { DATABASE_HELP, existingDatabaseUrl, withBilling } from "./database.ts";

export interface BudgetFlags {
  readonly tenant: string;
  readonly database?: string;
  readonly json?: true;
}

export type DimensionFlags = Readonly<Partial<Record<ScopeDimension, string>>>;

/** `--tenant`, `--database` and `--json`, as every budget command has them. */
export function withBudgetFlags(command: Command, json: string): Command {
  return command
    .requiredOption("--tenant <id>", "whose budgets")
    .option("--database <url>", DATABASE_HELP)
    .option("--json", json);
}

/** An option for every dimension that usage can name. */
export function withDimensions(command: Command, help: (dimension: ScopeDimension) => string): Command {
  return SCOPE_DIMENSIONS.reduce(
    (known, dimension) => known.option(`--${dimension} <value>`, help(dimension)),
    command,
  );
}

export function dimensionsOf(flags: DimensionFlags): DimensionFlags {
  return Object.fromEntries(
    SCOPE_DIMENSIONS.flatMap((dimension) =>
      flags[dimension] === undefined ? [] : [[dimension, flags[dimension]]],
    ),
  );
}

/** Runs `work` on a database that is there. */
export function onBudgets<T>(flags: BudgetFlags, work: (billing: Billing) => Promise<T>): Promise<T> {
  const database = existingDatabaseUrl(flags.database);
  return withBilling({ database }, work);
}

/** A whole number as written on the command line. */
export function countFlag(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`must be a whole number, not ${JSON.stringify(text.slice(0, 80))}`);
}

/** Runs `work`; where the engine refuses a field, the error calls it what the command line does. */
export async function asFlags<T>(
  names: Readonly<Record<string, string>>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BillingError) || error.kind !== "invalid_input") throw error;
    const field = String(error.details.field ?? "");
    const name = Object.hasOwn(names, field) ? names[field] : undefined;
    if (name === undefined) throw error;
    const { code, message } = error;
    const text = message.startsWith(field) ? name + message.slice(field.length) : message;
    throw new BillingError("invalid_input", code, text, { details: { field: name } });
  }
}

export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
