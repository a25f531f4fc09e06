// Fresh databases for tests. Each is removed after the test file that asked for it; close what you opened on it.
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterAll, inject } from "vitest";

export interface TestEngine {
  readonly name: string;
  /** The address of a new, empty database. */
  freshUrl(): Promise<string>;
}

/** For `describe.each(ENGINES)`: the same suite on every engine. */
export const ENGINES: readonly TestEngine[] = Object.freeze([
  { name: "sqlite", freshUrl: freshSqliteUrl },
  { name: "sqlite memory", freshUrl: async () => "sqlite::memory:" },
  { name: "postgres", freshUrl: freshPostgresUrl },
]);

const TEMPORARY = fileURLToPath(new URL("../../.cache/tmp", import.meta.url));
const folders: string[] = [];
const databases: string[] = [];

afterAll(async () => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  const names = databases.splice(0);
  if (names.length === 0) return;
  await withServer(async (client) => {
    for (const name of names) await client.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
  });
});

/** The path of a new, empty folder. */
export function freshFolder(): string {
  mkdirSync(TEMPORARY, { recursive: true });
  const folder = mkdtempSync(join(TEMPORARY, `${process.pid}-`));
  folders.push(folder);
  return folder;
}

/** The address of an SQLite file that does not exist yet. */
export async function freshSqliteUrl(): Promise<string> {
  return `sqlite:${join(freshFolder(), "billing.db")}`;
}

/** The address of a new, empty database on the PostgreSQL of this test run. */
export async function freshPostgresUrl(): Promise<string> {
  const name = `test_${randomBytes(8).toString("hex")}`;
  await withServer((client) => client.query(`CREATE DATABASE "${name}"`));
  databases.push(name);
  const url = new URL(inject("postgresUrl"));
  url.pathname = `/${name}`;
  return url.href;
}

async function withServer(work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: inject("postgresUrl") });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
