// Which database a command works on, and how it is opened and closed.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type Billing, type BillingOptions, createBilling } from "../billing.ts";
import { readConfig } from "../config.ts";
import { BillingError } from "../kernel/index.ts";

/** The help text of `--database`. */
export const DATABASE_HELP =
  "sqlite:PATH or postgres://user@host/db (default: ARAGORA_DATABASE_URL, else billing.db in ARAGORA_DATA_DIR or ~/.nomic)";

/** The named database, else the configured one. */
export function databaseUrl(named: string | undefined): string {
  return named ?? readConfig().database;
}

/** Whether the address is that of an SQLite file which is not there. */
export function isMissing(url: string): boolean {
  const path = sqlitePath(url);
  return path !== undefined && !existsSync(path);
}

/**
 * The named or configured database, for commands that only read.
 *
 * @throws BillingError not_found `database_not_found`: looking at a database never creates one.
 */
export function existingDatabaseUrl(named: string | undefined): string {
  const url = databaseUrl(named);
  if (!isMissing(url)) return url;
  const path = sqlitePath(url);
  const text = `there is no database at ${path}: name another with --database, or create it with \`aragora-billing import\``;
  throw new BillingError("not_found", "database_not_found", text, { details: { field: "database", path } });
}

/** Runs `work` on an opened engine and closes it, whatever happens. */
export async function withBilling<T>(
  options: BillingOptions,
  work: (billing: Billing) => Promise<T>,
): Promise<T> {
  const billing = createBilling(options);
  try {
    await billing.ready();
    return await work(billing);
  } finally {
    await billing.close();
  }
}

function sqlitePath(url: string): string | undefined {
  if (!url.startsWith("sqlite:") || url === "sqlite::memory:") return undefined;
  const path = url.slice("sqlite:".length).replace(/^\/\/(?=\/)/, "");
  return path === "" ? undefined : resolve(path);
}
