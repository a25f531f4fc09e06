import pg from "pg";
import { ADD_UNBILLED } from "../src/domain/invoices/usage-store.ts";
import { eventRow } from "../src/domain/metering/event-row-store.ts";
import type { UsageEvent } from "../src/domain/metering/index.ts";
import { INSERT_EVENTS, insertOnPostgres } from "../src/domain/metering/postgres-writer-store.ts";
import { open, type Tx, type Value } from "../src/store/index.ts";
import { insertOfMany } from "../src/store/postgres-arrays.ts";
import { type RawReplay, ratedEvents, shippedBook, unbilledRows } from "./prepared.ts";

/** A replay on a new database with the product's tables and indexes, by `pg` directly on one connection. */
export async function postgresReplay(
  url: string,
  batches: readonly (readonly UsageEvent[])[],
): Promise<RawReplay> {
  await (await open(url)).close();
  const book = shippedBook();
  const inserts: pg.QueryConfig[][] = [];
  for (const batch of batches) {
    const rated = ratedEvents(batch, book);
    const bill = insertOfMany(ADD_UNBILLED, unbilledRows(rated));
    inserts.push([
      statement("insert_events", INSERT_EVENTS, await boundValues(rated.map(eventRow))),
      statement("add_unbilled", bill?.sql ?? "", bill?.values ?? []),
    ]);
  }
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return {
    async write(index) {
      await client.query("BEGIN");
      for (const insert of inserts[index] ?? []) await client.query(insert);
      await client.query("COMMIT");
    },
    close: () => client.end(),
  };
}

function statement(name: string, sql: string, values: unknown[]): pg.QueryConfig {
  let position = 0;
  const text = sql.replaceAll("?", () => {
    position += 1;
    return `$${position}`;
  });
  return { name, text, values, rowMode: "array" } as pg.QueryConfig;
}

/** The arrays the product's own writer would bind for these rows. */
async function boundValues(rows: readonly Value[][]): Promise<unknown[]> {
  let bound: unknown[] = [];
  const recorder = {
    all: async (_sql: string, values: unknown[]) => {
      bound = values;
      return [];
    },
  };
  await insertOnPostgres(recorder as unknown as Tx, rows);
  return bound;
}
