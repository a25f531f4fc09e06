// What the commands about credits and discounts take in common: whose, which database, whole cents.

import { type Command, InvalidArgumentError } from "commander";
import type { Billing } from "../billing.ts";
import { formatMinor } from "../kernel/index.ts";
import { DATABASE_HELP, databaseUrl, existingDatabaseUrl, withBilling } from "./database.ts";
import { grouped } from "./output.ts";

export interface DatabaseFlags {
  readonly database?: string;
  readonly json?: true;
}

export interface TenantFlags extends DatabaseFlags {
  readonly tenant: string;
}

/** `--database` and `--json`. */
export function withDatabaseFlags(command: Command, json: string): Command {
  return command.option("--database <url>", DATABASE_HELP).option("--json", json);
}

/** `--tenant`, `--database` and `--json`. */
export function withTenantFlags(command: Command, whose: string, json: string): Command {
  return withDatabaseFlags(command.requiredOption("--tenant <id>", whose), json);
}

/** Runs `work` on a database that is there. */
export function onExisting<T>(
  { database }: DatabaseFlags,
  work: (billing: Billing) => Promise<T>,
): Promise<T> {
  return withBilling({ database: existingDatabaseUrl(database) }, work);
}

/** Runs `work` on a database, which is made if it is not there. */
export function onDatabase<T>(
  { database }: DatabaseFlags,
  work: (billing: Billing) => Promise<T>,
): Promise<T> {
  return withBilling({ database: databaseUrl(database) }, work);
}

/** A whole number of either sign as written on the command line. */
export function wholeFlag(text: string): number {
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`must be a whole number, not ${JSON.stringify(text.slice(0, 80))}`);
}

/** Cents for people: `$1,234.50`, `-$0.40`. */
export function centsText(cents: number): string {
  const text = grouped(formatMinor(BigInt(Math.abs(cents)), "USD"));
  return cents < 0 ? `-$${text}` : `$${text}`;
}

/** An instant for people, or what it means that there is none. */
export function instantText(at: Date | null, none: string): string {
  return at === null ? none : at.toISOString().replace(".000Z", "Z");
}
