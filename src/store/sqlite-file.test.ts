import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { freshFolder } from "../../test/support/database.ts";
import { createNotes, insertNote, noteIds, refusal, startProcess, storeFor } from "./fixtures.ts";
import type { Store } from "./store.ts";

describe("an SQLite file", () => {
  let path: string;
  let url: string;

  beforeEach(() => {
    path = join(freshFolder(), "billing.db");
    url = `sqlite:${path}`;
  });

  describe("that is not ours", () => {
    const cases: readonly (readonly [what: string, make: () => void, code: string, words: RegExp])[] = [
      [
        "text",
        () => writeFileSync(path, "tenant,cost\nacme,1.00\n"),
        "foreign_file",
        /not an SQLite database/,
      ],
      [
        "random bytes",
        () => writeFileSync(path, randomBytes(20_000)),
        "foreign_file",
        /not an SQLite database/,
      ],
      ["one byte", () => writeFileSync(path, "S"), "foreign_file", /not an SQLite database/],
      [
        "an SQLite header alone",
        () => writeFileSync(path, headerOf(foreign(path))),
        "foreign_file",
        /another program/,
      ],
      ["an SQLite database of another program", () => foreign(path), "foreign_file", /another program/],
      [
        "one in WAL mode",
        () => foreign(path, "PRAGMA journal_mode = WAL"),
        "foreign_file",
        /another program/,
      ],
      [
        "one with a mark of its own",
        () => foreign(path, "PRAGMA application_id = 77"),
        "foreign_file",
        /another program/,
      ],
      ["a directory", () => mkdirSync(path), "foreign_file", /not a file/],
      ["a named pipe", () => execFileSync("sh", ["-c", `mkfifo "${path}"`]), "foreign_file", /not a file/],
    ];

    it.each(cases)("is refused and untouched when it is %s", async (_, make, code, words) => {
      make();
      await expectRefusal(path, code, words);
    });

    it("is refused and untouched while the other program has it open in WAL mode", async () => {
      const other = new Database(path);
      onTestFinished(() => {
        other.close();
      });
      other.pragma("journal_mode = WAL");
      other.exec("CREATE TABLE theirs (x)");
      expect(existsSync(`${path}-wal`)).toBe(true);
      await expectRefusal(path, "foreign_file", /another program/);
      expect(other.prepare("SELECT count(*) AS n FROM theirs").get()).toEqual({ n: 0 });
    });
  });

  describe("that is ours but damaged", () => {
    beforeEach(() => ours(url));

    it.each([
      ["its last page", (size: number) => size - 4_096],
      ["half of it", (size: number) => Math.floor(size / 2)],
      ["all but a page", () => 4_096],
      ["all but its header", () => 100],
    ])("is refused and untouched when %s is missing", async (_, keep) => {
      truncateSync(path, keep(statSync(path).size));
      await expectRefusal(
        path,
        "database_damaged",
        /cut short \(\d+ of \d+ bytes\).*restore it from a backup/,
      );
    });

    it("is refused when less than a header is left of it", async () => {
      truncateSync(path, 60);
      await expectRefusal(path, "foreign_file", /not an SQLite database/);
    });

    it("is refused when its first page is garbage behind the header", async () => {
      overwrite(path, 100, garbage(3_996));
      const error = await refusal(storeFor(url).ready());
      expect(error).toMatchObject({ kind: "failed_precondition", code: "database_damaged" });
    });

    it("is refused and untouched when a page in the middle of it is garbage", async () => {
      const start = 4_096 * ((await rootPageOf(url, "usage_by_day")) - 1);
      overwrite(path, start, garbage(4_096));
      await expectRefusal(path, "database_damaged", /is damaged; left untouched: restore it from a backup/);
    });

    it("answers with an error when a bad page is touched, in reads and writes, and serves the rest", async () => {
      const store = storeFor(url);
      await store.transaction((tx) =>
        tx.many("INSERT INTO notes (id, body) VALUES (?, ?)", bodies(10, 2_000)),
      );
      await store.close();
      const start = 4_096 * ((await rootPageOf(url, "notes")) - 1);
      const again = storeFor(url);
      await again.ready();
      overwrite(path, start, garbage(4_096));
      expect(await again.read((reader) => reader.get("SELECT count(*) AS n FROM leases"))).toEqual({ n: 0n });
      for (const touch of [
        () => again.read((reader) => reader.all("SELECT id FROM notes WHERE body > ''")),
        () => again.transaction((tx) => insertNote(tx, 5_000)),
      ]) {
        const error = await refusal(touch());
        expect(error).toMatchObject({
          kind: "failed_precondition",
          code: "database_damaged",
          retryable: false,
        });
        expect(error.message).toMatch(/is damaged.*restore it from a backup/);
      }
      expect(await again.read((reader) => reader.get("SELECT count(*) AS n FROM leases"))).toEqual({ n: 0n });
    });
  });

  describe("out of reach", () => {
    it("is refused when it lies below a file", async () => {
      writeFileSync(path, "a file");
      const error = await refusal(storeFor(`${url}/billing.db`).ready());
      expect(error).toMatchObject({ kind: "unavailable", code: "database_unreachable", retryable: true });
      expect(readFileSync(path, "utf8")).toBe("a file");
    });

    it("is refused when this user may not read it", async () => {
      await ours(url);
      chmodSync(path, 0o000);
      const before = snapshot(path);
      await asNobody(path, async () => {
        const error = await refusal(storeFor(url).ready());
        expect(error).toMatchObject({ kind: "unavailable", code: "database_unreachable" });
      });
      expect(snapshot(path)).toEqual(before);
    });

    it("is refused when this user may not enter its folder", async () => {
      const locked = join(dirname(path), "locked");
      await ours(`sqlite:${locked}/billing.db`);
      chmodSync(locked, 0o000);
      onTestFinished(() => chmodSync(locked, 0o700));
      await asNobody(path, async () => {
        const error = await refusal(storeFor(`sqlite:${locked}/billing.db`).ready());
        expect(error).toMatchObject({ kind: "unavailable", code: "database_unreachable" });
      });
    });

    it("is tried again by the next call, which succeeds when the way is free", async () => {
      const blocked = join(dirname(path), "later");
      writeFileSync(blocked, "");
      const store = storeFor(`sqlite:${blocked}/billing.db`);
      expect((await refusal(store.ready())).code).toBe("database_unreachable");
      expect((await refusal(store.read(async () => 1))).code).toBe("database_unreachable");
      execFileSync("rm", [blocked]);
      expect(await store.read(async () => 1)).toBe(1);
    });
  });

  describe("that is welcome", () => {
    it("may be missing, with its folders", async () => {
      const store = storeFor(`sqlite:${join(dirname(path), "a", "b", "billing.db")}`);
      await store.ready();
      expect(existsSync(join(dirname(path), "a", "b", "billing.db"))).toBe(true);
    });

    it("may be empty", async () => {
      writeFileSync(path, "");
      await storeFor(url).ready();
      expect(statSync(path).size).toBeGreaterThan(0);
    });

    it("may have been left by a killed process, with its log", async () => {
      await ours(url);
      const writer = startProcess(
        url,
        `const store = await open(url);
         for (let id = 10; id < 60; id += 1) {
           await store.transaction((tx) => tx.run("INSERT INTO notes (id, body) VALUES (?, '')", [id]));
         }
         say("written");
         setInterval(() => {}, 1000);`,
      );
      await writer.printed(1);
      await writer.kill();
      expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
      expect(await noteIds(storeFor(url))).toHaveLength(3 + 50);
    });

    it("may be a main file that is shorter than it says, while its log holds the rest", async () => {
      // A checkpoint writes the first page first: a copy at that moment says more pages than it has.
      await ours(url);
      const store = storeFor(url);
      await store.transaction((tx) => tx.many("INSERT INTO notes (id, body) VALUES (?, ?)", bodies(10, 500)));
      const copy = join(dirname(path), "copy.db");
      copyFileSync(path, copy);
      copyFileSync(`${path}-wal`, `${copy}-wal`);
      await store.close();
      const full = readFileSync(path);
      overwrite(copy, 0, full.subarray(0, 4_096));
      expect(statSync(copy).size).toBeLessThan(full.length);
      expect(await noteIds(storeFor(`sqlite:${copy}`))).toHaveLength(3 + 500);
    });
  });

  describe("in use", () => {
    it("is written through a log, with a full sync for every commit, after a reopening too", async () => {
      for (let opening = 1; opening <= 2; opening += 1) {
        const store = storeFor(url);
        const settings = await store.transaction(async (tx) => [
          await tx.get("PRAGMA journal_mode"),
          await tx.get("PRAGMA synchronous"),
          await tx.get("PRAGMA foreign_keys"),
        ]);
        expect(settings).toEqual([{ journal_mode: "wal" }, { synchronous: 2n }, { foreign_keys: 1n }]);
        await store.close();
      }
    });

    it("carries our mark from its first page on", async () => {
      const store = storeFor(url);
      await store.ready();
      expect(readFileSync(path).toString("latin1", 68, 72)).toBe("ARAB");
    });

    it.runIf(existsSync("/proc/self/fd"))(
      "is opened a few times only, however many reads start at once",
      async () => {
        await ours(url);
        const store = storeFor(url);
        const timesOpen = await Promise.all(
          Array.from({ length: 100 }, () =>
            store.read(async (reader) => {
              await noteIds(reader);
              return openFiles().filter((file) => file === path).length;
            }),
          ),
        );
        expect(Math.max(...timesOpen)).toBeLessThanOrEqual(5);
      },
    );

    it("leaves one file behind when it is closed", async () => {
      const store = storeFor(url);
      await store.transaction((tx) => tx.run(createNotes("sqlite")));
      await store.read(noteIds);
      await store.close();
      expect(readdirSync(dirname(path))).toEqual(["billing.db"]);
    });

    it("waits for another process that writes for seconds, and then goes on", async () => {
      await ours(url);
      const store = storeFor(url);
      await store.ready();
      const other = new Database(path);
      onTestFinished(() => {
        other.close();
      });
      other.exec("BEGIN IMMEDIATE; INSERT INTO notes (id, body) VALUES (100, '')");
      setTimeout(() => other.exec("COMMIT"), 2_000);
      const writing = Promise.all([
        store.transaction((tx) => insertNote(tx, 101)),
        store.transaction((tx) => insertNote(tx, 102)),
      ]);
      expect(await noteIds(store)).toEqual([1, 2, 3]);
      await writing;
      expect(await noteIds(store)).toEqual([1, 2, 3, 100, 101, 102]);
    });
  });
});

/** A file of ours with the notes 1, 2 and 3, closed. */
async function ours(url: string): Promise<void> {
  const store = storeFor(url);
  await store.transaction(async (tx) => {
    await tx.run(createNotes("sqlite"));
    for (const id of [1, 2, 3]) await insertNote(tx, id);
  });
  await store.close();
}

function bodies(first: number, count: number): [number, string][] {
  return Array.from({ length: count }, (_, index) => [first + index, "some text ".repeat(20)]);
}

/** A closed database of another program. */
function foreign(path: string, setup = ""): string {
  const database = new Database(path);
  database.exec(`${setup}; CREATE TABLE theirs (x); INSERT INTO theirs VALUES ('precious')`);
  database.close();
  return path;
}

function headerOf(path: string): Buffer {
  return readFileSync(path).subarray(0, 100);
}

function overwrite(path: string, from: number, bytes: Buffer): void {
  const file = openSync(path, "r+");
  writeSync(file, bytes, 0, bytes.length, from);
  closeSync(file);
}

function garbage(length: number): Buffer {
  return Buffer.alloc(length, 0xa5);
}

async function rootPageOf(url: string, table: string): Promise<number> {
  const store: Store = storeFor(url);
  const row = await store.read((reader) =>
    reader.get<{ rootpage: bigint }>("SELECT rootpage FROM sqlite_schema WHERE name = ?", [table]),
  );
  await store.close();
  return Number(row?.rootpage);
}

function openFiles(): string[] {
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      return [readlinkSync(`/proc/self/fd/${descriptor}`)];
    } catch {
      return [];
    }
  });
}

/** Every file of the folder with its bytes (not of a folder or pipe) and its time of change. */
function snapshot(path: string): unknown[] {
  return readdirSync(dirname(path)).map((name) => {
    const stat = statSync(join(dirname(path), name));
    const bytes = stat.isFile() ? readFileSync(join(dirname(path), name)).toString("base64") : "";
    return { name, size: stat.size, mode: stat.mode, changed: stat.mtimeMs, bytes };
  });
}

async function expectRefusal(path: string, code: string, words: RegExp): Promise<void> {
  const before = snapshot(path);
  const store = storeFor(`sqlite:${path}`);
  const error = await refusal(store.ready());
  expect(error).toMatchObject({ kind: "failed_precondition", code, retryable: false });
  expect(error.message).toMatch(words);
  expect(error.message).toContain(path);
  expect(error.message).not.toContain("\n");
  await store.close();
  expect(snapshot(path)).toEqual(before);
}

/** Root may read everything: as root, the work is done in the name of a user who may not. */
async function asNobody(path: string, work: () => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) return work();
  chmodSync(dirname(path), 0o755);
  process.seteuid?.(65_534);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
  }
}
