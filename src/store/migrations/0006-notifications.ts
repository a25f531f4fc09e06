import type { Migration } from "../migration.ts";

export const notifications: Migration = {
  version: 6,
  name: "notifications and job runs",
  statements: ({ int, text, serial, table, keyTable }) => [
    // What is still to be sent is a row of the outbox as well; this table is what became of it.
    `CREATE TABLE notifications (
      seq ${serial},
      id ${text} NOT NULL UNIQUE,
      tenant ${text} NOT NULL,
      kind ${text} NOT NULL,
      recipient_type ${text} NOT NULL,
      recipient ${text} NOT NULL,
      secret ${text} NOT NULL,
      payload ${text} NOT NULL,
      dedup_key ${text},
      state ${text} NOT NULL,
      attempts ${int} NOT NULL,
      method ${text} NOT NULL,
      last_error ${text} NOT NULL,
      created_at ${int} NOT NULL,
      delivered_at ${int},
      dead_after ${int} NOT NULL,
      UNIQUE (tenant, dedup_key)
    )${table}`,
    "CREATE INDEX notifications_by_tenant ON notifications (tenant, seq)",
    "CREATE INDEX notifications_by_state ON notifications (state, seq)",
    `CREATE TABLE job_runs (
      name ${text} NOT NULL PRIMARY KEY,
      last_run_at ${int} NOT NULL,
      done ${int} NOT NULL,
      last_error ${text} NOT NULL
    )${keyTable}`,
  ],
};
