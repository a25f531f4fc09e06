import type { Reader, Tx } from "../../store/index.ts";

/** How the database is set up, for people who operate it. */
export interface DatabaseSettings {
  readonly kind: "sqlite" | "postgres";
  readonly settings: Readonly<Record<string, string>>;
}

const SQLITE = ["journal_mode", "synchronous", "wal_autocheckpoint", "page_size", "max_page_count"];
const SYNCHRONOUS = ["OFF", "NORMAL", "FULL", "EXTRA"];
const POSTGRES = ["server_version", "fsync", "synchronous_commit", "full_page_writes", "max_connections"];

/** Answers when the database does. */
export async function probe(reader: Reader): Promise<void> {
  await reader.get("SELECT 1 AS one");
}

/** In a transaction, as SQLite keeps some of them per connection and it is the writer's that count. */
export async function databaseSettings(tx: Tx): Promise<DatabaseSettings> {
  const names = tx.dialect === "sqlite" ? SQLITE : POSTGRES;
  const settings: Record<string, string> = {};
  for (const name of names) {
    const row = await tx.get<Record<string, unknown>>(
      tx.dialect === "sqlite" ? `PRAGMA ${name}` : `SELECT current_setting('${name}') AS value`,
    );
    const value = String(Object.values(row ?? {})[0] ?? "");
    settings[name] = name === "synchronous" ? (SYNCHRONOUS[Number(value)] ?? value) : value;
  }
  return { kind: tx.dialect, settings };
}
