import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { ENGINES, freshPostgresUrl, freshSqliteUrl } from "../../test/support/database.ts";
import { insertNote, noteIds, refusal, startProcess, storeFor, storeWithNotes } from "./fixtures.ts";
import type { Store } from "./store.ts";
import type { Tx } from "./tx.ts";

/** Commits one note after another, from `first` on, and says each number when its commit was acknowledged. */
function writer(first: number): string {
  return `
    const store = await open(url);
    say("open");
    await go;
    for (let id = ${first}; ; id += 1) {
      await store.transaction((tx) => tx.run("INSERT INTO notes (id, body) VALUES (?, '')", [id]));
      say(String(id));
    }`;
}

const FILES_AND_SERVERS = ENGINES.filter(({ name }) => name !== "sqlite memory");

describe.each(FILES_AND_SERVERS)("what was acknowledged on $name", ({ freshUrl }) => {
  it("is all there after each of ten kills of the writer", async () => {
    const url = await freshUrl();
    const store = await storeWithNotes(url);
    const KILLS = 10;
    const acknowledged: number[] = [];
    // Two start while two write: most of a process's life is its start.
    const next = (kill: number) => startProcess(url, writer(kill * 1_000_000));
    const started = [next(0), next(1)];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const process = started.shift();
      if (process === undefined) throw new Error("no process");
      if (kill + 2 < KILLS) started.push(next(kill + 2));
      await process.printed(1);
      process.go();
      await process.printed(2);
      await sleep(Math.random() * 60);
      await process.kill();
      const numbers = process.lines.slice(1).map(Number);
      expect(numbers.length).toBeGreaterThan(0);
      acknowledged.push(...numbers);
      const kept = new Set(await noteIds(store));
      expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
      // The kill may have come between a commit and its acknowledgement, so at most one more is there.
      expect(kept.size - acknowledged.length).toBeLessThanOrEqual(kill + 1);
    }
  });

  it("is all there when one of two writers is killed, and the other goes on", async () => {
    const url = await freshUrl();
    const store = await storeWithNotes(url);
    const [first, second] = [startProcess(url, writer(0)), startProcess(url, writer(1_000_000))];
    await Promise.all([first.printed(1), second.printed(1)]);
    first.go();
    second.go();
    await Promise.all([first.printed(20), second.printed(20)]);
    await second.kill();
    const atKill = first.lines.length;
    await first.printed(atKill + 50);
    await first.kill();
    const kept = new Set(await noteIds(store));
    const acknowledged = [...first.lines.slice(1), ...second.lines.slice(1)].map(Number);
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
  });

  it("is all there, and nothing failed, when two processes write at once", async () => {
    const url = await freshUrl();
    const store = await storeWithNotes(url);
    const script = (first: number) => `
      const store = await open(url);
      say("open");
      await go;
      const keep = {
        name: "keep",
        size: () => 1,
        apply: async (tx, ids) => {
          await tx.many("INSERT INTO notes (id, body) VALUES (?, ?)", ids.map((id) => [id, ""]));
          return ids;
        },
      };
      const writes = [];
      for (let id = ${first}; id < ${first} + 300; id += 1) {
        await store.transaction((tx) => tx.run("INSERT INTO notes (id, body) VALUES (?, '')", [id]));
        for (let more = 1; more <= 5; more += 1) writes.push(store.submit(keep, id + more * 1000));
      }
      await Promise.all(writes);
      await store.close();`;
    const processes = [startProcess(url, script(0)), startProcess(url, script(10_000))];
    await Promise.all(processes.map((process) => process.printed(1)));
    for (const process of processes) process.go();
    await Promise.all(processes.map((process) => process.succeeded));
    expect(await noteIds(store)).toHaveLength(2 * 300 * 6);
  });
});

describe("an SQLite file that another process has for itself", () => {
  it("is waited for by whoever opens it, as while it is being made or closed", async () => {
    const url = await freshSqliteUrl();
    await (await storeWithNotes(url)).close();
    const driver = JSON.stringify(createRequire(import.meta.url).resolve("better-sqlite3"));
    const hold = `const file = new (require(${driver}))(${JSON.stringify(url.slice("sqlite:".length))});
      file.pragma("locking_mode = EXCLUSIVE");
      file.exec("BEGIN EXCLUSIVE");
      console.log("held");
      setTimeout(() => file.close(), 800);`;
    const holder = spawn(process.execPath, ["-e", hold], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(holder, "close");
    await once(holder.stdout, "data");
    const store = storeFor(url);
    expect(await noteIds(store)).toEqual([]);
    await store.close();
    await ended;
  });
});

describe("a full disk", () => {
  it("refuses the write, keeps every earlier one, and takes writes again when there is room", async () => {
    const store = await storeWithNotes(await freshSqliteUrl());
    await store.transaction((tx) => fill(tx, 0, 50));
    const limit = (pages: bigint) =>
      store.transaction((tx) => tx.get<{ max_page_count: bigint }>(`PRAGMA max_page_count = ${pages}`));
    const pages = await store.read((reader) => reader.get<{ page_count: bigint }>("PRAGMA page_count"));
    await limit((pages?.page_count ?? 0n) + 4n);

    let acknowledged = 50;
    const error = await refusal(
      (async () => {
        for (;;) {
          await store.transaction((tx) => fill(tx, acknowledged, 5));
          acknowledged += 5;
        }
      })(),
    );
    expect(error).toMatchObject({ kind: "unavailable", code: "storage_full", retryable: true });
    expect(error.message).toContain("nothing of this write was kept");
    expect(await noteIds(store)).toEqual(range(acknowledged));

    // Also when the code swallows the error, and for callers that share a commit.
    const swallowed = store.transaction(async (tx) => {
      await fill(tx, acknowledged, 100).catch(() => undefined);
      await insertNote(tx, 999_999, "").catch(() => undefined);
    });
    expect((await refusal(swallowed)).code).toBe("storage_full");
    const shared = [0, 1, 2].map((index) => refusal(store.submit(filling, acknowledged + index * 100)));
    for (const { code } of await Promise.all(shared)) expect(code).toBe("storage_full");
    expect(await noteIds(store)).toEqual(range(acknowledged));

    await limit(1_000_000n);
    await store.transaction((tx) => fill(tx, acknowledged, 100));
    expect(await noteIds(store)).toEqual(range(acknowledged + 100));
  });

  const filling = {
    name: "filling",
    size: () => 1,
    apply: async (tx: Tx, firsts: readonly number[]) => {
      for (const first of firsts) await fill(tx, first, 100);
      return [...firsts];
    },
  };

  function fill(tx: Tx, first: number, count: number): Promise<number> {
    const rows = Array.from({ length: count }, (_, index) => [first + index, "x".repeat(1_000)]);
    return tx.many("INSERT INTO notes (id, body) VALUES (?, ?)", rows);
  }

  function range(end: number): number[] {
    return Array.from({ length: end }, (_, id) => id);
  }
});

describe("PostgreSQL", () => {
  let url: string;
  let store: Store;

  beforeEach(async () => {
    url = await freshPostgresUrl();
    store = await storeWithNotes(url);
  });

  it("runs a transaction again that lost a deadlock, so that both succeed", async () => {
    await store.transaction((tx) =>
      tx.many("INSERT INTO notes (id, body) VALUES (?, ?)", [
        [1, ""],
        [2, ""],
      ]),
    );
    let runs = 0;
    const bothHoldOne = barrier(2);
    const append = (order: readonly number[], mark: string) =>
      store.transaction(async (tx) => {
        runs += 1;
        const [first, second] = order;
        await tx.run("UPDATE notes SET body = body || ? WHERE id = ?", [mark, first ?? 0]);
        await bothHoldOne();
        await tx.run("UPDATE notes SET body = body || ? WHERE id = ?", [mark, second ?? 0]);
      });
    await Promise.all([append([1, 2], "a"), append([2, 1], "b")]);
    expect(runs).toBe(3);
    const rows = await store.read((reader) => reader.all<{ body: string }>("SELECT body FROM notes"));
    for (const { body } of rows) expect([...body].sort()).toEqual(["a", "b"]);
  });

  it("runs a group that lost a deadlock again, and answers each of its jobs once", async () => {
    await store.transaction((tx) =>
      tx.many("INSERT INTO notes (id, body) VALUES (?, ?)", [
        [1, ""],
        [2, ""],
      ]),
    );
    const bothHoldOne = barrier(2);
    const crossing = (order: readonly number[]) => ({
      name: `crossing ${order}`,
      size: () => 1_000,
      apply: async (tx: Tx, marks: readonly string[]) => {
        for (const id of order) {
          await tx.run("UPDATE notes SET body = body || ? WHERE id = ?", [marks.join(""), id]);
          await bothHoldOne();
        }
        return marks.map((mark) => `${mark} done`);
      },
    });
    const answers = await Promise.all([
      store.submit(crossing([1, 2]), "a"),
      store.submit(crossing([2, 1]), "b"),
    ]);
    expect(answers).toEqual(["a done", "b done"]);
    const rows = await store.read((reader) => reader.all<{ body: string }>("SELECT body FROM notes"));
    for (const { body } of rows) expect([...body].sort()).toEqual(["a", "b"]);
  });

  it("gives up on a conflict that does not end", async () => {
    let runs = 0;
    const attempt = store.transaction(async (tx) => {
      runs += 1;
      await raise(tx, "40001");
    });
    expect(await refusal(attempt)).toMatchObject({
      kind: "unavailable",
      code: "database_conflict",
      retryable: true,
    });
    expect(runs).toBe(9);
  });

  it.each([
    ["53100", "unavailable", "storage_full"],
    ["53300", "unavailable", "database_busy"],
    ["57014", "unavailable", "database_busy"],
    ["55P03", "unavailable", "database_busy"],
    ["42501", "failed_precondition", "database_refused"],
    ["XX001", "failed_precondition", "database_damaged"],
    ["P0001", "internal", "database_error"],
  ])("means by its state %s what the store calls %s %s", async (state, kind, code) => {
    const error = await refusal(store.transaction((tx) => raise(tx, state)));
    expect(error).toMatchObject({ kind, code });
    expect(error.message).toContain(`(${state})`);
    expect(error.message).not.toContain("secret");
    expect(String(error.cause)).toContain("secret");
    expect(await noteIds(store)).toEqual([]);
  });

  it("waits for the disk at every commit, also where the database's default is not to", async () => {
    const name = new URL(url).pathname.slice(1);
    await store.transaction((tx) => tx.run(`ALTER DATABASE "${name}" SET synchronous_commit = off`));
    const durable = storeFor(url);
    const setting = await durable.transaction((tx) => tx.get("SHOW synchronous_commit"));
    expect(setting).toEqual({ synchronous_commit: "on" });
    await onServer(url, `ALTER DATABASE "${name}" SET synchronous_commit = remote_apply`);
    const stronger = storeFor(url);
    expect(await stronger.read((reader) => reader.get("SHOW synchronous_commit"))).toEqual({
      synchronous_commit: "remote_apply",
    });
  });

  it("fails a call cleanly whose connection the server ends, in the middle of a statement, and serves the next", async () => {
    const sleeping = store.transaction(async (tx) => {
      await insertNote(tx, 1);
      await tx.get("SELECT pg_sleep(30)");
    });
    const refused = refusal(sleeping);
    await terminateOthers(url, "state = 'active' AND query LIKE '%pg_sleep%'");
    expect(await refused).toMatchObject({
      kind: "unavailable",
      code: "database_unreachable",
      retryable: true,
    });
    await store.transaction((tx) => insertNote(tx, 2));
    expect(await noteIds(store)).toEqual([2]);
  });

  it("fails a call cleanly whose connection the server ends between two statements", async () => {
    const attempt = store.transaction(async (tx) => {
      await insertNote(tx, 1);
      await terminateOthers(url, "state = 'idle in transaction'");
      await sleep(50);
      await insertNote(tx, 2);
    });
    expect(await refusal(attempt)).toMatchObject({ kind: "unavailable", code: "database_unreachable" });
    await store.transaction((tx) => insertNote(tx, 3));
    expect(await noteIds(store)).toEqual([3]);
  });

  it("does not acknowledge a transaction whose connection the server ended before its commit", async () => {
    const attempt = store.transaction(async (tx) => {
      await insertNote(tx, 1);
      await terminateOthers(url, "state = 'idle in transaction'");
      await sleep(50);
    });
    expect((await refusal(attempt)).code).toBe("database_unreachable");
    expect(await noteIds(store)).toEqual([]);
  });

  it("serves the next call after the server ended every idle connection", async () => {
    await Promise.all(range(5).map(() => noteIds(store)));
    await terminateOthers(url, "state = 'idle'");
    await sleep(50);
    await store.transaction((tx) => insertNote(tx, 1));
    expect(await noteIds(store)).toEqual([1]);
  });

  it("keeps its connections through errors that are the caller's", async () => {
    const backend = () =>
      store.transaction(async (tx) => (await tx.get<{ pid: bigint }>("SELECT pg_backend_pid() AS pid"))?.pid);
    const before = await backend();
    for (let time = 0; time < 5; time += 1) {
      const failing = store.transaction(() =>
        Promise.reject(new Error("a connection of the caller's own broke")),
      );
      await expect(failing).rejects.toThrow("the caller's own");
      await refusal(store.transaction((tx) => tx.run("SELEKT")));
    }
    expect(await backend()).toBe(before);
  });

  it("is reported when it cannot be reached, without its address, and tried again by the next call", async () => {
    const proxy = await proxyTo(url);
    await proxy.stop();
    const away = storeFor(proxy.url);
    const error = await refusal(away.ready());
    expect(error).toMatchObject({ kind: "unavailable", code: "database_unreachable", retryable: true });
    expect(error.message).toBe("PostgreSQL cannot be reached (ECONNREFUSED)");
    expect((await refusal(away.transaction((tx) => insertNote(tx, 1)))).code).toBe("database_unreachable");
    await proxy.start();
    await away.transaction((tx) => insertNote(tx, 2));
    expect(await noteIds(store)).toEqual([2]);
  });

  it("is reported when the way to it breaks under many calls, each of which fails once", async () => {
    const proxy = await proxyTo(url);
    const away = storeFor(proxy.url);
    await away.ready();
    const calls = range(6).map((id) =>
      refusal(
        away.transaction(async (tx) => {
          await insertNote(tx, id);
          await tx.get("SELECT pg_sleep(30)");
        }),
      ),
    );
    await expect.poll(() => proxy.connections(), { timeout: 10_000 }).toBeGreaterThanOrEqual(6);
    proxy.cut();
    for (const error of await Promise.all(calls)) expect(error.code).toBe("database_unreachable");
    await away.transaction((tx) => insertNote(tx, 100));
    expect(await noteIds(away)).toEqual([100]);
  });

  it("is reported when it refuses the user, or has no such database, without naming either", async () => {
    const wrong = new URL(url);
    wrong.password = "hunter2";
    const missing = new URL(url);
    missing.pathname = "/secret_name";
    for (const [address, state] of [
      [wrong.href, "28P01"],
      [missing.href, "3D000"],
    ] as const) {
      const error = await refusal(storeFor(address).ready());
      expect(error).toMatchObject({
        kind: "failed_precondition",
        code: "database_refused",
        retryable: false,
      });
      expect(error.message).toBe(`PostgreSQL refused this user or database (${state})`);
    }
  });
});

/** Fails with this SQLSTATE and a message that must not get out. */
function raise(tx: Tx, state: string): Promise<unknown> {
  return tx.run(`DO $$ BEGIN RAISE EXCEPTION 'secret' USING ERRCODE = '${state}'; END $$`);
}

/** Lets callers pass when `count` of them have come; later ones pass at once. */
function barrier(count: number): () => Promise<void> {
  let missing = count;
  let open = () => {};
  const isOpen = new Promise<void>((resolve) => {
    open = resolve;
  });
  return () => {
    missing -= 1;
    if (missing <= 0) open();
    return isOpen;
  };
}

function range(end: number): number[] {
  return Array.from({ length: end }, (_, id) => id);
}

async function onServer(url: string, sql: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rowCount } = await client.query(sql);
  await client.end();
  return rowCount ?? 0;
}

/** Ends the connections to this database of which `condition` is true; waits until there is one. */
async function terminateOthers(url: string, condition: string): Promise<void> {
  const sql = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND ${condition}`;
  await expect.poll(() => onServer(url, sql), { timeout: 10_000 }).toBeGreaterThan(0);
}

interface Proxy {
  readonly url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  connections(): number;
  /** Breaks every connection that is open now. */
  cut(): void;
}

/** A way to the server that can be broken. */
async function proxyTo(url: string): Promise<Proxy> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const server: Server = createServer((inner) => {
    const outer = connect(Number(target.port), target.hostname);
    for (const socket of [inner, outer]) socket.on("error", () => {});
    inner.pipe(outer).pipe(inner);
    inner.on("close", () => outer.destroy());
    outer.on("close", () => inner.destroy());
    sockets.add(inner);
    inner.on("close", () => sockets.delete(inner));
  });
  const listen = (port: number) =>
    new Promise<number>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
    });
  const port = await listen(0);
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const stop = async () => {
    cut();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(stop);
  const proxied = new URL(url);
  proxied.port = String(port);
  return {
    url: proxied.href,
    start: async () => {
      await listen(port);
    },
    stop,
    connections: () => sockets.size,
    cut,
  };
}
