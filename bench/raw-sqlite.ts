import Database from "better-sqlite3";
import { ADD_UNBILLED } from "../src/domain/invoices/usage-store.ts";
import { eventRow } from "../src/domain/metering/event-row-store.ts";
import type { UsageEvent } from "../src/domain/metering/index.ts";
import { INSERT_EVENT, LAST_SEQ, ROLL_UP } from "../src/domain/metering/sqlite-writer-store.ts";
import { open } from "../src/store/index.ts";
import { sqlitePath } from "./databases.ts";
import { type RawReplay, ratedEvents, shippedBook, unbilledRows } from "./prepared.ts";

/** A replay on a new file with the product's tables, indexes and pragmas, by better-sqlite3 directly. */
export async function sqliteReplay(
  url: string,
  batches: readonly (readonly UsageEvent[])[],
): Promise<RawReplay> {
  await (await open(url)).close();
  const book = shippedBook();
  const rated = batches.map((batch) => ratedEvents(batch, book));
  const rows = rated.map((events) => events.map(eventRow));
  const unbilled = rated.map(unbilledRows);

  const database = new Database(sqlitePath(url));
  database.defaultSafeIntegers(true);
  // The file keeps WAL; these belong to the connection and are those of src/store/sqlite-engine.ts.
  for (const pragma of ["cache_size = -32768", "synchronous = FULL"]) {
    database.pragma(pragma);
  }
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  const lastSeq = database.prepare<[], { seq: bigint | null }>(LAST_SEQ);
  const insert = database.prepare(INSERT_EVENT);
  const rollUps = ROLL_UP.map((statement) => database.prepare(statement));
  const bill = database.prepare(ADD_UNBILLED);
  return {
    write(index) {
      begin.run();
      const before = lastSeq.get()?.seq ?? 0n;
      for (const row of rows[index] ?? []) insert.run(row);
      for (const rollUp of rollUps) rollUp.run(before);
      for (const row of unbilled[index] ?? []) bill.run(row);
      commit.run();
    },
    close: () => database.close(),
  };
}
