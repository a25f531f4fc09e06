import pg from "pg";
import { eventRow } from "../src/domain/metering/event-row-store.ts";
import type { UsageEvent } from "../src/domain/metering/index.ts";
import { INSERT_EVENTS, insertOnPostgres } from "../src/domain/metering/postgres-writer-store.ts";
import { open, type Tx, type Value } from "../src/store/index.ts";
import { type RawReplay, ratedEvents, shippedBook } from "./prepared.ts";

/** A replay on a new database with the product's tables and indexes, by `pg` directly on one connection. */
export async function postgresReplay(
  url: string,
  batches: readonly (readonly UsageEvent[])[],
): Promise<RawReplay> {
  await (await open(url)).close();
  const book = shippedBook();
  const values: unknown[][] = [];
  for (const batch of batches) values.push(await boundValues(ratedEvents(batch, book).map(eventRow)));

  let position = 0;
  const text = INSERT_EVENTS.replaceAll("?", () => {
    position += 1;
    return `$${position}`;
  });
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return {
    async write(index) {
      await client.query("BEGIN");
      await client.query({ name: "insert_events", text, values: values[index] ?? [], rowMode: "array" });
      await client.query("COMMIT");
    },
    close: () => client.end(),
  };
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
