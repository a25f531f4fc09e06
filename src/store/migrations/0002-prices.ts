import type { Migration } from "../migration.ts";

export const prices: Migration = {
  version: 2,
  name: "price book",
  statements: ({ int, text, serial, table }) => [
    // One row: its version grows with every change, and its lock makes changes come one after another.
    `CREATE TABLE price_book (version ${int} NOT NULL)${table}`,
    "INSERT INTO price_book (version) VALUES (0)",
    // Rows are added, never edited. `id` is the hash of the content, so a row changed by hand shows.
    `CREATE TABLE prices (
      seq ${serial},
      id ${text} NOT NULL UNIQUE,
      layer ${int} NOT NULL,
      provider ${text} NOT NULL,
      model ${text} NOT NULL,
      effective_from ${int} NOT NULL,
      entry ${text} NOT NULL,
      added_at ${int} NOT NULL,
      UNIQUE (layer, provider, model, effective_from)
    )${table}`,
  ],
};
