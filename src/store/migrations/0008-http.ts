import type { Migration } from "../migration.ts";

export const http: Migration = {
  version: 8,
  name: "answers to requests with an idempotency key",
  statements: ({ int, text, keyTable }) => [
    // Tenant '' is an operator's request that names none. The body is sealed with the caller's key, which is not here.
    // status 0: the work of a long request is under way until claimed_until, by whoever set it.
    `CREATE TABLE request_replies (
      tenant ${text} NOT NULL,
      key_id ${text} NOT NULL,
      idempotency_key ${text} NOT NULL,
      fingerprint ${text} NOT NULL,
      status ${int} NOT NULL,
      body ${text} NOT NULL,
      created_at ${int} NOT NULL,
      claimed_until ${int} NOT NULL,
      PRIMARY KEY (tenant, key_id, idempotency_key)
    )${keyTable}`,
    "CREATE INDEX request_replies_by_age ON request_replies (created_at)",
  ],
};
