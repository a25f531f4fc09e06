// What the store's tests share: stores that close themselves, a scratch table, and processes of their own that can be
// killed.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";
import { BillingError } from "../kernel/index.ts";
import { DDL } from "./migration.ts";
import { type Store, storeAt } from "./store.ts";
import type { Dialect, Reader, Tx } from "./tx.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const STORE = new URL("./index.ts", import.meta.url).href;

/** A store that is closed when the test ends. */
export function storeFor(url: string): Store {
  const store = storeAt(url);
  onTestFinished(() => store.close());
  return store;
}

export interface Note {
  readonly id: bigint;
  readonly body: string;
}

/** The statement that makes the scratch table `notes (id, body)`. */
export function createNotes(dialect: Dialect): string {
  const { int, text } = DDL[dialect];
  return `CREATE TABLE notes (id ${int} NOT NULL PRIMARY KEY, body ${text} NOT NULL)`;
}

/** A store with an empty table `notes`, no messages and no leases; the database may have been used before. */
export async function storeWithNotes(url: string): Promise<Store> {
  const store = storeFor(url);
  await store.transaction(async (tx) => {
    await tx.run("DROP TABLE IF EXISTS notes");
    await tx.run(createNotes(store.dialect));
    await tx.run("DELETE FROM outbox");
    await tx.run("DELETE FROM leases");
  });
  return store;
}

export function insertNote(tx: Tx, id: number | bigint, body = ""): Promise<number> {
  return tx.run("INSERT INTO notes (id, body) VALUES (?, ?)", [id, body]);
}

export async function noteIds(from: Store | Reader): Promise<number[]> {
  const select = (reader: Reader) => reader.all<{ id: bigint }>("SELECT id FROM notes ORDER BY id");
  const rows = await ("read" in from ? from.read(select) : select(from));
  return rows.map(({ id }) => Number(id));
}

/** The BillingError that a promise rejects with; the test fails when it resolves or rejects with anything else. */
export async function refusal(promise: Promise<unknown>): Promise<BillingError> {
  const error: unknown = await promise.then(
    (value) => expect.fail(`resolved with ${String(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof BillingError)) throw error;
  return error;
}

export interface StoreProcess {
  readonly pid: number;
  /** Whole lines that it printed so far. */
  readonly lines: readonly string[];
  /** Resolves when it has printed at least so many lines; rejects when it ends before. */
  printed(count: number): Promise<void>;
  /** Lets a script that awaits `go` continue. */
  go(): void;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Resolves when it has ended by itself; rejects with what it complained about when that was no success. */
  readonly succeeded: Promise<void>;
}

/**
 * Starts a Node process that runs `script`, a module body with `open`, `url`, `say(text)` (a line, written before it
 * returns) and the promise `go` in scope. Killed when the test ends.
 */
export function startProcess(url: string, script: string): StoreProcess {
  const text = `
    import { writeSync } from "node:fs";
    import { once } from "node:events";
    import { open } from ${JSON.stringify(STORE)};
    const url = ${JSON.stringify(url)};
    const say = (text) => writeSync(1, text + "\\n");
    const go = once(process.stdin, "data").then(() => process.stdin.destroy());
    ${script}`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", text], {
    cwd: ROOT,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const lines: string[] = [];
  let complaints = "";
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    for (const { count, resolve } of waiting) if (lines.length >= count) resolve();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  child.stdin.on("error", () => {});
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
  });
  const early = ended.then(() => {
    throw new Error(`the process ended (${child.exitCode ?? child.signalCode}):\n${complaints}`);
  });
  const succeeded = early.catch((error: unknown) => {
    if (child.exitCode !== 0) throw error;
  });
  early.catch(() => {});
  succeeded.catch(() => {});
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  onTestFinished(kill);
  return {
    pid: child.pid ?? 0,
    lines,
    printed: (count) =>
      lines.length >= count
        ? Promise.resolve()
        : Promise.race([new Promise<void>((resolve) => waiting.push({ count, resolve })), early]),
    go: () => child.stdin.write("go\n"),
    kill,
    succeeded,
  };
}
