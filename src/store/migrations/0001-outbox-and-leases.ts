import type { Migration } from "../migration.ts";

export const outboxAndLeases: Migration = {
  version: 1,
  name: "outbox and leases",
  statements: ({ int, text, serial, table, keyTable }) => [
    `CREATE TABLE outbox (
      seq ${serial},
      topic ${text} NOT NULL,
      tenant ${text} NOT NULL,
      payload ${text} NOT NULL,
      created_at ${int} NOT NULL,
      due_at ${int} NOT NULL,
      attempts ${int} NOT NULL DEFAULT 0,
      claimed_by ${text} NOT NULL DEFAULT '',
      last_error ${text} NOT NULL DEFAULT ''
    )${table}`,
    // A claim moves due_at to the end of its lease, so one index finds both what is due and what was abandoned.
    "CREATE INDEX outbox_due ON outbox (topic, due_at, seq)",
    `CREATE TABLE leases (
      name ${text} NOT NULL PRIMARY KEY,
      owner ${text} NOT NULL,
      token ${int} NOT NULL,
      expires_at ${int} NOT NULL
    )${keyTable}`,
  ],
};
