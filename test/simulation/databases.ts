// New, empty databases for a simulation from the command line, and what removes them.

import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { startPostgres } from "../support/postgres-server.ts";

export interface Database {
  readonly url: string;
  remove(): Promise<void>;
}

export interface Databases {
  fresh(): Promise<Database>;
  stop(): Promise<void>;
}

const TEMPORARY = fileURLToPath(new URL("../../.cache/tmp", import.meta.url));

/** Databases of one engine; PostgreSQL is a server of its own. */
export async function databasesOf(engine: "sqlite" | "postgres"): Promise<Databases> {
  if (engine === "sqlite") return { fresh: freshFile, stop: async () => undefined };
  const server = await startPostgres();
  return { fresh: () => freshSchema(server.url), stop: () => server.stop() };
}

async function freshFile(): Promise<Database> {
  mkdirSync(TEMPORARY, { recursive: true });
  // The process's id in front lets the next run of the tests remove what a killed one left.
  const folder = mkdtempSync(join(TEMPORARY, `${process.pid}-`));
  return {
    url: `sqlite:${join(folder, "billing.db")}`,
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function freshSchema(server: string): Promise<Database> {
  const name = `sim_${randomBytes(8).toString("hex")}`;
  await query(server, `CREATE DATABASE "${name}"`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, remove: () => query(server, `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`) };
}

async function query(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
