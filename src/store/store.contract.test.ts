import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ENGINES } from "../../test/support/database.ts";
import { BillingError } from "../kernel/index.ts";
import { insertNote, type Note, noteIds, refusal, storeFor, storeWithNotes } from "./fixtures.ts";
import {
  acquireLease,
  appendToOutbox,
  claimFromOutbox,
  completeInOutbox,
  type Operation,
  OvertakenError,
  releaseLease,
  releaseToOutbox,
} from "./index.ts";
import type { Store } from "./store.ts";
import type { Tx } from "./tx.ts";

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

describe.each(ENGINES)("a store on $name", ({ name, freshUrl }) => {
  let url: string;
  let store: Store;

  beforeAll(async () => {
    url = await freshUrl();
  });

  beforeEach(async () => {
    store = await storeWithNotes(url);
  });

  /** A second store on the same database, as another process would have; in memory there is only the one. */
  function neighbour(): Store {
    return name === "sqlite memory" ? store : storeFor(url);
  }

  describe("work done atomically", () => {
    const insertOperation: Operation<number, number> = {
      name: "insert a note",
      size: () => 1,
      apply: async (tx, ids) => {
        for (const id of ids) await insertNote(tx, id);
        return [...ids];
      },
    };

    it("is one transaction, whatever calls it makes, and sees its own writes", async () => {
      const other = neighbour();
      await other.ready();
      const seen = await store.atomically(async () => {
        await store.transaction((tx) => insertNote(tx, 1));
        expect(await store.submit(insertOperation, 2)).toBe(2);
        if (other !== store) expect(await noteIds(other)).toEqual([]);
        return noteIds(store);
      });
      expect(seen).toEqual([1, 2]);
      expect(await noteIds(neighbour())).toEqual([1, 2]);
    });

    it("keeps nothing when it rejects, nor when a failure inside was caught", async () => {
      const error = new Error("no");
      const rejected = store.atomically(async () => {
        await store.submit(insertOperation, 1);
        throw error;
      });
      await expect(rejected).rejects.toBe(error);
      const caught = store.atomically(async () => {
        await store.submit(insertOperation, 1);
        await store.submit(insertOperation, 1).catch(() => undefined);
      });
      await expect(caught).rejects.toBeInstanceOf(Error);
      expect(await noteIds(store)).toEqual([]);
    });

    it("joins the one it is called in, and leaves calls beside it alone", async () => {
      await Promise.all([
        store.atomically(() => store.atomically(() => store.submit(insertOperation, 1))),
        store.submit(insertOperation, 2),
        store.transaction((tx) => insertNote(tx, 3)),
      ]);
      expect(await noteIds(store)).toEqual([1, 2, 3]);
    });

    it("runs again, whole, when something inside was overtaken, and gives up in the end", async () => {
      let runs = 0;
      await store.atomically(async () => {
        runs += 1;
        await store.transaction((tx) => insertNote(tx, runs));
        if (runs < 3) throw new OvertakenError();
      });
      expect(await noteIds(store)).toEqual([3]);
      const never = store.transaction(() => Promise.reject(new OvertakenError()));
      await expect(never).rejects.toMatchObject({ kind: "unavailable", code: "overtaken" });
    });

    it("runs again after a deadlock", async () => {
      let runs = 0;
      await store.atomically(async () => {
        runs += 1;
        await store.transaction((tx) => insertNote(tx, runs));
        if (runs === 1 && name === "postgres") {
          await store.transaction((tx) =>
            tx.run("DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '40P01'; END $$"),
          );
        }
      });
      expect(await noteIds(store)).toEqual([name === "postgres" ? 2 : 1]);
    });
  });

  describe("what is to be called after a commit", () => {
    it("is called once, when the transaction is durable and before its promise settles", async () => {
      const seen: string[] = [];
      await store
        .atomically(async () => {
          await store.transaction(async (tx) => {
            await insertNote(tx, 1);
            store.afterCommit(tx, () => seen.push("called"));
            store.afterCommit(tx, () => {
              throw new Error("not of the work's making");
            });
            store.afterCommit(tx, () => seen.push("called, too"));
          });
          seen.push("inside");
        })
        .then(() => seen.push("settled"));
      expect(seen).toEqual(["inside", "called", "called, too", "settled"]);
      expect(await noteIds(neighbour())).toEqual([1]);
    });

    it("is not called when the transaction is rolled back, nor for a run that was repeated", async () => {
      const seen: number[] = [];
      let runs = 0;
      await store.transaction(async (tx) => {
        runs += 1;
        const run = runs;
        store.afterCommit(tx, () => seen.push(run));
        if (run === 1 && name === "postgres")
          await tx.run("DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '40P01'; END $$");
      });
      const failed = store.transaction(async (tx) => {
        store.afterCommit(tx, () => seen.push(-1));
        throw new Error("no");
      });
      await expect(failed).rejects.toThrow("no");
      expect(seen).toEqual([runs]);
    });
  });

  describe("a transaction", () => {
    it("keeps everything when it resolves, and gives its result", async () => {
      const result = await store.transaction(async (tx) => {
        await insertNote(tx, 1);
        await insertNote(tx, 2);
        return "done";
      });
      expect(result).toBe("done");
      expect(await noteIds(neighbour())).toEqual([1, 2]);
    });

    it("keeps nothing when its function rejects, and rejects with that very error", async () => {
      const error = new Error("changed my mind: connection terminated");
      const attempt = store.transaction(async (tx) => {
        await insertNote(tx, 1);
        throw error;
      });
      await expect(attempt).rejects.toBe(error);
      expect(await noteIds(store)).toEqual([]);
    });

    it("keeps nothing when its function throws a file system error, and does not take it for its own", async () => {
      const error = Object.assign(new Error("no such file"), { code: "ENOENT" });
      const attempt = store.transaction(() => {
        throw error;
      });
      await expect(attempt).rejects.toBe(error);
    });

    it("sees its own writes", async () => {
      const seen = await store.transaction(async (tx) => {
        await insertNote(tx, 7);
        return noteIds(tx);
      });
      expect(seen).toEqual([7]);
    });

    it("never commits after a failed statement, even if the error was caught", async () => {
      const attempt = store.transaction(async (tx) => {
        await insertNote(tx, 1);
        await insertNote(tx, 1).catch(() => undefined);
        return "looks fine";
      });
      expect(await refusal(attempt)).toMatchObject({ kind: "internal", code: "database_error" });
      expect(await noteIds(store)).toEqual([]);
    });

    it("never commits after a failed statement that nobody awaited", async () => {
      const attempt = store.transaction(async (tx) => {
        await insertNote(tx, 1);
        insertNote(tx, 1).catch(() => undefined);
        return "looks fine";
      });
      expect(await refusal(attempt)).toMatchObject({ code: "database_error" });
      expect(await noteIds(store)).toEqual([]);
    });

    it("refuses every statement after a failed one", async () => {
      const attempt = store.transaction(async (tx) => {
        await insertNote(tx, 1);
        await insertNote(tx, 1).catch(() => undefined);
        expect((await refusal(insertNote(tx, 2))).code).toBe("database_error");
      });
      await expect(attempt).rejects.toMatchObject({ code: "database_error" });
      expect(await noteIds(store)).toEqual([]);
    });

    it("cannot be used after its end", async () => {
      let committed: Tx | undefined;
      let failed: Tx | undefined;
      await store.transaction(async (tx) => {
        committed = tx;
      });
      await store
        .transaction(async (tx) => {
          failed = tx;
          throw new Error("no");
        })
        .catch(() => undefined);
      for (const tx of [committed, failed] as Tx[]) {
        const sql = "INSERT INTO notes (id, body) VALUES (?, ?)";
        for (const late of [
          () => tx.all("SELECT id FROM notes"),
          () => tx.get("SELECT id FROM notes"),
          () => tx.run(sql, [1, ""]),
          () => tx.many(sql, [[1, ""]]),
          () => tx.each(sql, [[1, ""]]),
        ]) {
          expect(await refusal(late())).toMatchObject({ kind: "internal", code: "transaction_ended" });
        }
      }
      expect(await noteIds(store)).toEqual([]);
    });

    it("takes no statement that a forgotten promise sends while it commits", async () => {
      let late: Promise<unknown> = Promise.resolve();
      await store.transaction(async (tx) => {
        await insertNote(tx, 1);
        // Four turns of the microtask queue later the function has resolved, and COMMIT is on its way.
        late = Promise.resolve()
          .then(() => undefined)
          .then(() => undefined)
          .then(() => undefined)
          .then(() => insertNote(tx, 2))
          .catch((error: unknown) => error);
      });
      expect(await late).toMatchObject({ code: "transaction_ended" });
      expect(await noteIds(store)).toEqual([1]);
    });

    it("never shows another one its uncommitted rows, however they wait inside", async () => {
      const seenByEach = await Promise.all(
        Array.from({ length: 8 }, (_, id) =>
          store.transaction(async (tx) => {
            const before = await noteIds(tx);
            await insertNote(tx, id);
            await sleep(2);
            await tx.run("UPDATE notes SET body = 'finished' WHERE id = ?", [id]);
            const unfinished = await tx.all<Note>("SELECT id, body FROM notes WHERE body <> 'finished'");
            return { before, unfinished };
          }),
        ),
      );
      for (const { unfinished } of seenByEach) expect(unfinished).toEqual([]);
      expect(await noteIds(store)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      if (store.dialect === "sqlite") {
        // One after another, in the order of the calls.
        const seenBefore = seenByEach.map(({ before }) => before.length);
        expect(seenBefore).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      }
    });

    it("leaves no gap between reading and writing for another one that locks the same row", async () => {
      await store.transaction((tx) => insertNote(tx, 1, "0"));
      const other = neighbour();
      const lock = store.dialect === "postgres" ? "FOR UPDATE" : "";
      await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 === 0 ? store : other).transaction(async (tx) => {
            const note = await tx.get<Note>(`SELECT id, body FROM notes WHERE id = 1 ${lock}`);
            await sleep(1);
            await tx.run("UPDATE notes SET body = ? WHERE id = 1", [String(Number(note?.body) + 1)]);
          }),
        ),
      );
      const note = await store.read((reader) => reader.get<Note>("SELECT id, body FROM notes WHERE id = 1"));
      expect(note?.body).toBe("20");
    });
  });

  describe("a read", () => {
    it("sees everything acknowledged before it", async () => {
      for (let id = 0; id < 30; id += 1) {
        await store.transaction((tx) => insertNote(tx, id));
        expect((await noteIds(store)).at(-1)).toBe(id);
      }
    });

    it("sees one snapshot over several statements while a writer commits", async () => {
      await store.transaction((tx) => insertNote(tx, 1));
      const other = neighbour();
      let writing: Promise<unknown> = Promise.resolve();
      const seen = await store.read(async (reader) => {
        const first = await noteIds(reader);
        writing = other.transaction((tx) => insertNote(tx, 2));
        // In memory there is one connection: the writer comes after this read.
        if (name !== "sqlite memory") await writing;
        return [first, await noteIds(reader)];
      });
      await writing;
      expect(seen).toEqual([[1], [1]]);
      expect(await noteIds(store)).toEqual([1, 2]);
    });

    it("cannot write", async () => {
      const attempt = store.read((reader) =>
        reader.all("INSERT INTO notes (id, body) VALUES (1, '') RETURNING id"),
      );
      await refusal(attempt);
      expect(await noteIds(store)).toEqual([]);
      await store.transaction((tx) => insertNote(tx, 2));
    });

    it("does not wait for a writer that is at work", async () => {
      if (name === "sqlite memory") return;
      let release = () => {};
      const blocked = new Promise<void>((resolve) => {
        release = resolve;
      });
      const writing = store.transaction(async (tx) => {
        await insertNote(tx, 1);
        await blocked;
      });
      await sleep(20);
      expect(await noteIds(store)).toEqual([]);
      release();
      await writing;
      expect(await noteIds(store)).toEqual([1]);
    });

    it("can be started a thousand times at once", async () => {
      await store.transaction((tx) => insertNote(tx, 1));
      const all = await Promise.all(Array.from({ length: 1_000 }, () => noteIds(store)));
      expect(all.every((ids) => ids.length === 1)).toBe(true);
    });

    it("goes on after a read that failed", async () => {
      for (let time = 0; time < 12; time += 1) {
        const failing = store.read(() => Promise.reject(new Error("no")));
        await expect(failing).rejects.toThrow("no");
      }
      expect(await noteIds(store)).toEqual([]);
    });
  });

  describe("values", () => {
    it("come back as bigint when they are integers, to the ends of int64", async () => {
      const ids = [MIN_INT64, -1n, 0n, 2n ** 53n + 1n, MAX_INT64];
      await store.transaction((tx) =>
        tx.many(
          "INSERT INTO notes (id, body) VALUES (?, ?)",
          ids.map((id) => [id, ""]),
        ),
      );
      const rows = await store.read((reader) => reader.all<Note>("SELECT id FROM notes ORDER BY id"));
      expect(rows.map(({ id }) => id)).toEqual(ids);
    });

    it("come back as bigint from count, sum, min and max, and as null for no row", async () => {
      const totals = "SELECT count(*) AS n, sum(id) AS total, min(id) AS low, max(id) AS high FROM notes";
      expect(await store.read((reader) => reader.get(totals))).toEqual({
        n: 0n,
        total: null,
        low: null,
        high: null,
      });
      await store.transaction((tx) => insertNote(tx, 3));
      await store.transaction((tx) => insertNote(tx, 4));
      expect(await store.read((reader) => reader.get(totals))).toEqual({
        n: 2n,
        total: 7n,
        low: 3n,
        high: 4n,
      });
    });

    it("sum to more than int64 as a high and a low part", async () => {
      const ids = [MAX_INT64, MAX_INT64 - 1n, MAX_INT64 - 2n];
      await store.transaction((tx) =>
        tx.each(
          "INSERT INTO notes (id, body) VALUES (?, ?)",
          ids.map((id) => [id, ""]),
        ),
      );
      const row = await store.read((reader) =>
        reader.get<{ hi: bigint; lo: bigint }>(
          "SELECT sum(id / 1000000) AS hi, sum(id % 1000000) AS lo FROM notes",
        ),
      );
      expect((row?.hi ?? 0n) * 1_000_000n + (row?.lo ?? 0n)).toBe(3n * MAX_INT64 - 3n);
    });

    it("are refused beyond int64, not bent", async () => {
      expect(await refusal(store.transaction((tx) => insertNote(tx, MAX_INT64 + 1n)))).toMatchObject({
        kind: "internal",
        code: "database_error",
      });
      expect(await noteIds(store)).toEqual([]);
    });

    it("come back as they went in when they are text, through run and many alike", async () => {
      const texts = [
        'it\'s "quoted" and `ticked`',
        "back\\slash \\' \\n",
        "? $1 :name @name ?? (?, ?)",
        "'); DROP TABLE notes; --",
        "😀 👩‍👩‍👧 ﷽ \u{10FFFF} e\u0301 é",
        "",
        " \t\r\n\u0001\u007f\u2028",
        "%_*",
        "x".repeat(100_000),
      ];
      await store.transaction(async (tx) => {
        for (const [id, text] of texts.entries()) await insertNote(tx, id, text);
        await tx.many(
          "INSERT INTO notes (id, body) VALUES (?, ?)",
          texts.map((text, id) => [id + 100, text]),
        );
      });
      const rows = await store.read((reader) => reader.all<Note>("SELECT id, body FROM notes ORDER BY id"));
      expect(rows.map(({ body }) => body)).toEqual([...texts, ...texts]);
      for (const [id, text] of texts.entries()) {
        const found = await store.read((reader) =>
          reader.all<Note>("SELECT id FROM notes WHERE body = ? ORDER BY id", [text]),
        );
        expect(found.map((row) => Number(row.id))).toEqual([id, id + 100]);
      }
    });

    it("keep what is null apart from what is empty, zero or called NULL, for one row and many", async () => {
      const rows = [
        [1n, null, null, null, "last"],
        [2n, "", 0n, null, null],
        [3n, "NULL", MIN_INT64, null, 'a "quoted, {one}"'],
        [4n, "null", null, null, ""],
      ];
      const sql = "INSERT INTO sparse (id, text, number, absent, other) VALUES (?, ?, ?, ?, ?)";
      for (const written of [rows, rows.slice(0, 1), []]) {
        const read = await store.transaction(async (tx) => {
          const types = "(id BIGINT, text TEXT, number BIGINT, absent BIGINT, other TEXT)";
          await tx.run(`CREATE TEMP TABLE sparse ${types}`);
          expect(await tx.many(sql, written)).toBe(written.length);
          const found = await tx.all<Record<string, unknown>>("SELECT * FROM sparse ORDER BY id");
          await tx.run("DROP TABLE sparse");
          return found.map(({ id, text, number, absent, other }) => [id, text, number, absent, other]);
        });
        expect(read).toEqual(written);
      }
    });

    it("sort by their bytes when they are text", async () => {
      const texts = [
        "b",
        "B",
        "a",
        "A",
        "ä",
        "Z",
        "z",
        "_",
        "-",
        "a b",
        "ab",
        "aB",
        "é",
        "e\u0301",
        "1",
        "10",
        "9",
        "",
        "😀",
        "ｚ",
      ];
      await store.transaction((tx) =>
        tx.many(
          "INSERT INTO notes (id, body) VALUES (?, ?)",
          texts.map((text, id) => [id, text]),
        ),
      );
      const rows = await store.read((reader) => reader.all<Note>("SELECT body FROM notes ORDER BY body"));
      const byBytes = [...texts].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(rows.map(({ body }) => body)).toEqual(byBytes);
    });

    it("survive the trip, whatever they are", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.bigInt({ min: MIN_INT64, max: MAX_INT64 }),
          fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0")),
          async (id, body) => {
            await store.transaction(async (tx) => {
              await tx.run("DELETE FROM notes");
              await insertNote(tx, id, body);
              expect(
                await tx.get<Note>("SELECT id, body FROM notes WHERE id = ? AND body = ?", [id, body]),
              ).toEqual({
                id,
                body,
              });
            });
          },
        ),
        { numRuns: 100 },
      );
    });
  });

  describe("many rows", () => {
    const INSERT = "INSERT INTO notes (id, body) VALUES (?, ?)";

    it("are inserted by one call, thousands of them, and counted", async () => {
      const rows = Array.from({ length: 35_000 }, (_, id) => [id, `note ${id}`] as const);
      expect(await store.transaction((tx) => tx.many(INSERT, rows))).toBe(35_000);
      const row = await store.read((reader) =>
        reader.get("SELECT count(*) AS n, sum(id) AS total FROM notes WHERE body = 'note ' || id"),
      );
      expect(row).toEqual({ n: 35_000n, total: (34_999n * 35_000n) / 2n });
    });

    it("are inserted or, where their key exists, merged", async () => {
      const upsert = `${INSERT} ON CONFLICT (id) DO UPDATE SET body = notes.body || excluded.body`;
      await store.transaction((tx) =>
        tx.many(
          upsert,
          Array.from({ length: 3_000 }, (_, id) => [id, "a"]),
        ),
      );
      const changes = await store.transaction((tx) =>
        tx.many(
          upsert,
          Array.from({ length: 3_000 }, (_, id) => [id + 1_500, "b"]),
        ),
      );
      expect(changes).toBe(3_000);
      const groups = await store.read((reader) =>
        reader.all("SELECT body, count(*) AS n FROM notes GROUP BY body ORDER BY body"),
      );
      expect(groups).toEqual([
        { body: "a", n: 1_500n },
        { body: "ab", n: 1_500n },
        { body: "b", n: 1_500n },
      ]);
    });

    it("are counted only where they changed something", async () => {
      await store.transaction((tx) => insertNote(tx, 2));
      const ignore = `${INSERT} ON CONFLICT DO NOTHING`;
      expect(
        await store.transaction((tx) =>
          tx.many(ignore, [
            [1, ""],
            [2, ""],
            [3, ""],
          ]),
        ),
      ).toBe(2);
    });

    it("go one by one through a statement that is no insert, or has more values than its row", async () => {
      await store.transaction((tx) =>
        tx.many(INSERT, [
          [1, "a"],
          [2, "b"],
          [3, "c"],
        ]),
      );
      const changes = await store.transaction(async (tx) => [
        await tx.many("UPDATE notes SET body = ? WHERE id = ?", [
          ["x", 1],
          ["y", 2],
          ["z", 9],
        ]),
        await tx.many("DELETE FROM notes WHERE id = ?", [[3], [4]]),
        await tx.many(`${INSERT} ON CONFLICT (id) DO UPDATE SET body = ?`, [
          [1, "", "p"],
          [5, "five", "q"],
        ]),
      ]);
      expect(changes).toEqual([2, 1, 2]);
      expect(await store.read((reader) => reader.all("SELECT id, body FROM notes ORDER BY id"))).toEqual([
        { id: 1n, body: "p" },
        { id: 2n, body: "y" },
        { id: 5n, body: "five" },
      ]);
    });

    it("may be none", async () => {
      expect(
        await store.transaction(async (tx) => [await tx.many(INSERT, []), await tx.each(INSERT, [])]),
      ).toEqual([0, []]);
    });

    it("tell one by one what they changed, through each", async () => {
      await store.transaction((tx) => insertNote(tx, 2));
      const ignore = `${INSERT} ON CONFLICT DO NOTHING`;
      expect(
        await store.transaction((tx) =>
          tx.each(ignore, [
            [1, ""],
            [2, ""],
            [3, ""],
            [1, ""],
          ]),
        ),
      ).toEqual([1, 0, 1, 0]);
    });

    it("are all undone when one of them fails", async () => {
      const attempt = store.transaction((tx) =>
        tx.many(INSERT, [
          [1, ""],
          [2, ""],
          [1, ""],
        ]),
      );
      expect((await refusal(attempt)).code).toBe("database_error");
      expect(await noteIds(store)).toEqual([]);
    });

    it("are found through more statement texts than a connection keeps prepared", async () => {
      await store.transaction((tx) => insertNote(tx, 1));
      await store.read(async (reader) => {
        for (let number = 0; number < 1_200; number += 1) {
          const rows = await reader.all(`SELECT id AS id_${number} FROM notes WHERE id = ?`, [1]);
          expect(rows).toEqual([{ [`id_${number}`]: 1n }]);
        }
        expect(await reader.all("SELECT id AS id_0 FROM notes WHERE id = ?", [1])).toEqual([{ id_0: 1n }]);
        if (reader.dialect === "sqlite") return;
        const kept = await reader.get<{ n: bigint }>("SELECT count(*) AS n FROM pg_prepared_statements");
        expect(kept?.n).toBeGreaterThan(100n);
        expect(kept?.n).toBeLessThanOrEqual(500n);
      });
    });
  });

  describe("an error", () => {
    it.each([
      ["a statement that does not parse", "SELEKT secret-value FROM notes", []],
      ["a table that does not exist", "INSERT INTO secret_table (id) VALUES (?)", ["secret-value"]],
      ["a broken constraint", "INSERT INTO notes (id, body) VALUES (?, ?)", [1, null]],
      [
        "a value of the wrong kind",
        "INSERT INTO notes (id, body) VALUES (?, ?)",
        [{ secret: 1 }, "secret-value"],
      ],
      ["too few values", "INSERT INTO notes (id, body) VALUES (?, ?)", [2]],
    ] as const)("over %s names no SQL and no value", async (_, sql, values) => {
      const error = await refusal(store.transaction((tx) => tx.run(sql, values as never)));
      expect(error).toMatchObject({ kind: "internal", code: "database_error", retryable: false });
      expect(error.message).not.toMatch(/secret|notes|insert|select/i);
      expect(JSON.stringify(error)).not.toMatch(/secret|notes|insert|select/i);
      expect(error.cause).toBeInstanceOf(Error);
      expect(await noteIds(store)).toEqual([]);
    });
  });

  describe("closing", () => {
    it("can be done twice, and both wait for the end", async () => {
      const writing = store.transaction(async (tx) => {
        await sleep(30);
        await insertNote(tx, 1);
        return "written";
      });
      let isWritten = false;
      void writing.then(() => {
        isWritten = true;
      });
      await Promise.all([
        store.close().then(() => expect(isWritten).toBe(true)),
        store.close().then(() => expect(isWritten).toBe(true)),
      ]);
      await store.close();
      expect(await writing).toBe("written");
      if (name !== "sqlite memory") expect(await noteIds(neighbour())).toEqual([1]);
    });

    it("lets every call under way finish, reads included", async () => {
      await store.transaction((tx) => insertNote(tx, 1));
      const reading = store.read(async (reader) => {
        const before = await noteIds(reader);
        await sleep(30);
        return [before, await noteIds(reader)];
      });
      const submitted = store.submit(keep, 2);
      await store.close();
      expect(await reading).toEqual([[1], [1]]);
      expect(await submitted).toBe("kept 2");
    });

    it("refuses what is asked later, or while it is at it", async () => {
      const closing = store.close();
      const calls = [
        () => store.ready(),
        () => store.transaction(async () => undefined),
        () => store.read(async () => undefined),
        () => store.submit(keep, 1),
      ];
      for (const call of calls) expect((await refusal(call())).code).toBe("store_closed");
      await closing;
      for (const call of calls) {
        expect(await refusal(call())).toMatchObject({ kind: "failed_precondition", code: "store_closed" });
      }
    });

    it("can come before the first use, which is then refused", async () => {
      const unused = storeFor(await freshUrl());
      await unused.close();
      expect((await refusal(unused.read(async () => undefined))).code).toBe("store_closed");
    });

    it("can come while the database is being opened", async () => {
      const early = storeFor(url);
      const opening = early.ready();
      await early.close();
      await opening;
      expect((await refusal(early.ready())).code).toBe("store_closed");
    });
  });

  describe("a shared commit", () => {
    it("serves many callers with few transactions, each with its own answer", async () => {
      const seen: number[] = [];
      const counting: Operation<number, string> = {
        ...keep,
        apply: (tx, ids) => {
          seen.push(ids.length);
          return keep.apply(tx, ids);
        },
      };
      const answers = await Promise.all(Array.from({ length: 2_500 }, (_, id) => store.submit(counting, id)));
      expect(answers).toEqual(Array.from({ length: 2_500 }, (_, id) => `kept ${id}`));
      expect(seen.reduce((sum, count) => sum + count, 0)).toBe(2_500);
      expect(seen.length).toBeLessThanOrEqual(4);
      expect(Math.max(...seen)).toBeLessThanOrEqual(1_000);
      expect(await noteIds(store)).toHaveLength(2_500);
    });

    it("commits a lone job at once", async () => {
      expect(await store.submit(keep, 5)).toBe("kept 5");
      expect(await noteIds(neighbour())).toEqual([5]);
    });

    it("takes a job larger than a group by itself", async () => {
      const sizes: number[] = [];
      const heavy: Operation<number, string> = {
        name: "heavy",
        size: (id) => (id === 1 ? 5_000 : 1),
        apply: (tx, ids) => {
          sizes.push(ids.length);
          return keep.apply(tx, ids);
        },
      };
      await Promise.all([0, 1, 2].map((id) => store.submit(heavy, id)));
      expect(sizes).toEqual([1, 1, 1]);
    });

    it("fails a bad job alone, in few attempts, and keeps its neighbours", async () => {
      let transactions = 0;
      const picky: Operation<number, string> = {
        ...keep,
        apply: async (tx, ids) => {
          transactions += 1;
          if (ids.includes(13)) throw new Error("13 is bad");
          return keep.apply(tx, ids);
        },
      };
      const results = await Promise.allSettled(
        Array.from({ length: 500 }, (_, id) => store.submit(picky, id)),
      );
      const failed = results.flatMap((result, id) =>
        result.status === "rejected" ? [[id, result.reason.message]] : [],
      );
      expect(failed).toEqual([[13, "13 is bad"]]);
      expect(await noteIds(store)).toEqual(
        Array.from({ length: 500 }, (_, id) => id).filter((id) => id !== 13),
      );
      expect(transactions).toBeLessThanOrEqual(25);
    });

    it("fails a bad job alone also when it is the database that refuses it, or when it throws at once", async () => {
      await store.transaction((tx) => insertNote(tx, 3));
      const results = await Promise.allSettled([
        store.submit(keep, 1),
        store.submit(keep, 3),
        store.submit(throwing, 4),
        store.submit(keep, 2),
      ]);
      expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
      expect(await noteIds(store)).toEqual([1, 2, 3]);
    });

    it("fails as a whole, without running again, when the database is unavailable", async () => {
      let runs = 0;
      const unlucky: Operation<number, string> = {
        name: "unlucky",
        size: () => 1,
        apply: async () => {
          runs += 1;
          throw new BillingError("unavailable", "database_unreachable", "went away");
        },
      };
      const results = await Promise.allSettled(
        Array.from({ length: 10 }, (_, id) => store.submit(unlucky, id)),
      );
      for (const result of results)
        expect(result).toMatchObject({ status: "rejected", reason: { kind: "unavailable" } });
      expect(runs).toBe(1);
    });

    it("joins jobs of two operations and answers each", async () => {
      const groups: string[] = [];
      const named = (label: string): Operation<number, string> => ({
        name: label,
        size: () => 1,
        apply: async (tx, ids) => {
          // One transaction sees what the other operation wrote before it, uncommitted.
          groups.push(`${label}:${ids.length}:${(await noteIds(tx)).length}`);
          await keep.apply(tx, ids);
          return ids.map((id) => `${label} ${id}`);
        },
      });
      const [a, b] = [named("a"), named("b")];
      const answers = await Promise.all([1, 2, 3, 4].map((id) => store.submit(id % 2 === 0 ? a : b, id)));
      expect(answers).toEqual(["b 1", "a 2", "b 3", "a 4"]);
      expect(groups).toEqual(["b:2:0", "a:2:2"]);
    });

    it("fails jobs that their operation did not answer", async () => {
      const forgetful: Operation<number, string> = { ...keep, apply: async () => [] };
      const results = await Promise.allSettled([store.submit(forgetful, 1), store.submit(keep, 2)]);
      expect(results[0]).toMatchObject({ status: "rejected", reason: { code: "group_commit_outputs" } });
      expect(results[1]).toMatchObject({ status: "fulfilled" });
    });

    it("refuses a job when too many rows wait, and takes jobs again later", async () => {
      const huge: Operation<number, number> = {
        name: "huge",
        size: (rows) => rows,
        apply: async (_tx, rows) => [...rows],
      };
      await store.ready();
      const accepted = store.submit(huge, 400_000);
      const refused = refusal(store.submit(huge, 100_001));
      const fitting = store.submit(huge, 100_000);
      expect(await refused).toMatchObject({ kind: "unavailable", code: "write_queue_full", retryable: true });
      expect(await Promise.all([accepted, fitting])).toEqual([400_000, 100_000]);
      expect(await store.submit(huge, 600_000)).toBe(600_000);
    });
  });

  describe("the outbox", () => {
    const message = (payload: string) => ({ topic: "mail", tenant: "acme", payload });
    const claim = (owner: string, now: number, limit = 10) =>
      claimFromOutbox(store, { topic: "mail", owner, limit, now, leaseMs: 1_000 });
    const append = (...payloads: string[]) =>
      store.transaction((tx) => appendToOutbox(tx, payloads.map(message), 100));

    it("holds a message exactly if the transaction that appended it committed", async () => {
      await store
        .transaction(async (tx) => {
          await appendToOutbox(tx, [message("lost")], 100);
          throw new Error("no");
        })
        .catch(() => undefined);
      await append("kept");
      expect((await claim("w", 100)).map(({ payload }) => payload)).toEqual(["kept"]);
    });

    it("gives due messages of one topic, oldest first, up to the limit", async () => {
      await store.transaction((tx) => appendToOutbox(tx, [message("late")], 300));
      await append("1", "2", "3");
      await store.transaction((tx) => appendToOutbox(tx, [{ ...message("other"), topic: "sms" }], 50));
      expect(await claim("w", 99)).toEqual([]);
      const first = await claim("w", 200, 2);
      expect(
        first.map(({ payload, attempts, tenant, topic }) => ({ payload, attempts, tenant, topic })),
      ).toEqual([
        { payload: "1", attempts: 1, tenant: "acme", topic: "mail" },
        { payload: "2", attempts: 1, tenant: "acme", topic: "mail" },
      ]);
      expect((await claim("w", 300)).map(({ payload }) => payload)).toEqual(["3", "late"]);
    });

    it("never gives one message to two workers", async () => {
      const payloads = Array.from({ length: 200 }, (_, index) => String(index).padStart(3, "0"));
      await append(...payloads);
      const other = neighbour();
      const taken = await Promise.all(
        Array.from({ length: 30 }, (_, worker) =>
          claimFromOutbox(worker % 2 === 0 ? store : other, {
            topic: "mail",
            owner: `w${worker}`,
            limit: 10,
            now: 100,
            leaseMs: 1_000,
          }),
        ),
      );
      const all = taken.flat().map(({ payload }) => payload);
      expect(new Set(all).size).toBe(all.length);
      const rest = await claim("rest", 100, 1_000);
      expect([...all, ...rest.map(({ payload }) => payload)].sort()).toEqual(payloads);
    });

    it("gives a message again when its claim has run out, counting the attempts", async () => {
      await append("a");
      const [first] = await claim("w1", 100);
      expect(await claim("w2", 1_099)).toEqual([]);
      const [second] = await claim("w2", 1_100);
      expect(second).toEqual({ ...first, attempts: 2 });
    });

    it("forgets a completed message", async () => {
      await append("a");
      const [mine] = await claim("w1", 100);
      expect(await store.transaction((tx) => completeInOutbox(tx, mine?.seq ?? 0n, "w1"))).toBe(true);
      expect(await claim("w1", 10_000)).toEqual([]);
      expect(await store.transaction((tx) => completeInOutbox(tx, mine?.seq ?? 0n, "w1"))).toBe(false);
    });

    it("takes a released message back until it is due, with the error", async () => {
      await append("a");
      const [mine] = await claim("w1", 100);
      const release = { seq: mine?.seq ?? 0n, owner: "w1", dueAt: 5_000, error: "mailbox full" };
      expect(await store.transaction((tx) => releaseToOutbox(tx, release))).toBe(true);
      expect(await store.read((reader) => reader.get("SELECT last_error, claimed_by FROM outbox"))).toEqual({
        last_error: "mailbox full",
        claimed_by: "",
      });
      expect(await claim("w2", 4_999)).toEqual([]);
      expect((await claim("w2", 5_000)).map(({ attempts }) => attempts)).toEqual([2]);
    });

    it("lets a worker that lost its claim neither complete nor release", async () => {
      await append("a");
      const [mine] = await claim("slow", 100);
      const seq = mine?.seq ?? 0n;
      await claim("fast", 2_000);
      expect(await store.transaction((tx) => completeInOutbox(tx, seq, "slow"))).toBe(false);
      const release = { seq, owner: "slow", dueAt: 0, error: "" };
      expect(await store.transaction((tx) => releaseToOutbox(tx, release))).toBe(false);
      expect(await claim("third", 2_999)).toEqual([]);
      expect(await store.transaction((tx) => completeInOutbox(tx, seq, "fast"))).toBe(true);
    });
  });

  describe("a lease", () => {
    const acquire = (owner: string, now: number, from = store) =>
      from.transaction((tx) => acquireLease(tx, { name: "month-end", owner, now, ttlMs: 1_000 }));

    it("has one winner in a race of two instances", async () => {
      const other = neighbour();
      const tokens = await Promise.all(
        Array.from({ length: 12 }, (_, index) => acquire(`p${index}`, 0, index % 2 === 0 ? store : other)),
      );
      expect(tokens.filter((token) => token !== null)).toEqual([1n]);
    });

    it("has one winner in a race for an expired one", async () => {
      await acquire("dead", 0);
      const other = neighbour();
      const tokens = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          acquire(`p${index}`, 1_000, index % 2 === 0 ? store : other),
        ),
      );
      expect(tokens.filter((token) => token !== null)).toEqual([2n]);
    });

    it("is prolonged by its owner under the same token", async () => {
      expect(await acquire("a", 0)).toBe(1n);
      expect(await acquire("a", 500)).toBe(1n);
      expect(await acquire("b", 1_499)).toBeNull();
      expect(await acquire("b", 1_500)).toBe(2n);
      expect(await acquire("a", 1_600)).toBeNull();
    });

    it("is free at once when its owner releases it, and only then", async () => {
      await acquire("a", 0);
      expect(await store.transaction((tx) => releaseLease(tx, "month-end", "b"))).toBe(false);
      expect(await acquire("b", 1)).toBeNull();
      expect(await store.transaction((tx) => releaseLease(tx, "month-end", "a"))).toBe(true);
      expect(await acquire("b", 1)).toBe(2n);
      expect(await store.transaction((tx) => releaseLease(tx, "month-end", "a"))).toBe(false);
    });

    it("is one of many, by name", async () => {
      await acquire("a", 0);
      const other = store.transaction((tx) =>
        acquireLease(tx, { name: "dunning", owner: "b", now: 0, ttlMs: 1 }),
      );
      expect(await other).toBe(1n);
    });
  });
});

/** Inserts a note per input. */
const keep: Operation<number, string> = {
  name: "keep",
  size: () => 1,
  apply: async (tx, ids) => {
    await tx.many(
      "INSERT INTO notes (id, body) VALUES (?, ?)",
      ids.map((id) => [id, ""]),
    );
    return ids.map((id) => `kept ${id}`);
  },
};

const throwing: Operation<number, string> = {
  name: "throwing",
  size: () => 1,
  apply: () => {
    throw new Error("at once");
  },
};
