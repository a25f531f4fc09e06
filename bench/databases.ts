// Fresh, durable databases below .cache/bench, removed after use.

import { mkdirSync, mkdtempSync, rmdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { startPostgres } from "../test/support/postgres-server.ts";

export const ENGINES = ["sqlite", "postgres"] as const;
export type EngineName = (typeof ENGINES)[number];

/** What "durable" means in every figure of an engine. */
export const DURABILITY: Readonly<Record<EngineName, string>> = {
  sqlite: "file, WAL, synchronous=FULL: an fsync per commit",
  postgres: "embedded PostgreSQL on 127.0.0.1, fsync=on, synchronous_commit=on: an fsync per commit",
};

export interface BenchEngine {
  readonly name: EngineName;
  /** Address of a new, empty database. */
  fresh(): Promise<string>;
  /** Bytes it takes on disk. */
  size(url: string): Promise<number>;
  drop(url: string): Promise<void>;
  stop(): Promise<void>;
}

const ROOT = fileURLToPath(new URL("../.cache/bench", import.meta.url));
let folder: string | undefined;

/** This run's own folder for temporary data; gone when the process ends. */
export function benchFolder(): string {
  if (folder === undefined) {
    mkdirSync(ROOT, { recursive: true });
    folder = mkdtempSync(join(ROOT, `${process.pid}-`));
    process.on("exit", removeBenchFolder);
  }
  return folder;
}

/** Starts an engine to make databases on. */
export async function startEngine(name: EngineName): Promise<BenchEngine> {
  return name === "sqlite" ? sqliteEngine() : await postgresEngine();
}

function removeBenchFolder(): void {
  if (folder === undefined) return;
  rmSync(folder, { recursive: true, force: true });
  try {
    rmdirSync(ROOT);
  } catch {
    // Another run works beside this one.
  }
}

function sqliteEngine(): BenchEngine {
  let count = 0;
  return {
    name: "sqlite",
    fresh: async () => {
      count += 1;
      return `sqlite:${join(benchFolder(), `${count}.db`)}`;
    },
    size: async (url) => statSync(sqlitePath(url)).size,
    drop: async (url) => {
      for (const suffix of ["", "-wal", "-shm"]) rmSync(`${sqlitePath(url)}${suffix}`, { force: true });
    },
    stop: async () => undefined,
  };
}

/** The file of an SQLite address made here. */
export function sqlitePath(url: string): string {
  return url.slice("sqlite:".length);
}

async function postgresEngine(): Promise<BenchEngine> {
  const server = await startPostgres();
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  let count = 0;
  const nameOf = (url: string) => new URL(url).pathname.slice(1);
  return {
    name: "postgres",
    fresh: async () => {
      count += 1;
      const url = new URL(server.url);
      url.pathname = `/bench_${count}`;
      await client.query(`CREATE DATABASE bench_${count}`);
      return url.href;
    },
    size: async (url) => {
      const { rows } = await client.query("SELECT pg_database_size($1) AS bytes", [nameOf(url)]);
      return Number(rows[0].bytes);
    },
    drop: async (url) => {
      await client.query(`DROP DATABASE IF EXISTS ${nameOf(url)} WITH (FORCE)`);
    },
    stop: async () => {
      await client.end();
      await server.stop();
    },
  };
}
