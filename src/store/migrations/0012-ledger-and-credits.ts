import type { Migration } from "../migration.ts";

export const ledgerAndCredits: Migration = {
  version: 12,
  name: "ledger and credits",
  statements: ({ int, text, serial, table, keyTable }) => [
    // A reference is the caller's key: unique per tenant and book. relates_to: the transaction, lot or request it is about.
    `CREATE TABLE ledger_transactions (
      seq ${serial},
      tenant ${text} NOT NULL,
      id ${text} NOT NULL UNIQUE,
      book ${text} NOT NULL,
      kind ${text} NOT NULL,
      at ${int} NOT NULL,
      currency ${text} NOT NULL,
      reference ${text},
      request ${text} NOT NULL,
      relates_to ${text} NOT NULL,
      details ${text} NOT NULL,
      UNIQUE (tenant, book, reference)
    )${table}`,
    "CREATE INDEX ledger_transactions_of_book ON ledger_transactions (tenant, book, seq)",
    "CREATE INDEX ledger_transactions_about ON ledger_transactions (tenant, relates_to) WHERE relates_to <> ''",
    // Of one transaction they sum to zero. Minor units of its currency. subject: what within the account, or ''.
    `CREATE TABLE ledger_postings (
      tenant ${text} NOT NULL,
      transaction_id ${text} NOT NULL,
      line ${int} NOT NULL,
      account ${text} NOT NULL,
      subject ${text} NOT NULL,
      amount ${int} NOT NULL,
      PRIMARY KEY (tenant, transaction_id, line)
    )${keyTable}`,
    ...(table === "" ? POSTGRES_APPEND_ONLY : SQLITE_APPEND_ONLY),
    // Kept with the postings, and recomputed from them by verify. The database itself refuses a balance below zero.
    `CREATE TABLE ledger_balances (
      tenant ${text} NOT NULL,
      currency ${text} NOT NULL,
      account ${text} NOT NULL,
      balance ${int} NOT NULL,
      PRIMARY KEY (tenant, currency, account),
      CHECK (account <> 'credits' OR balance >= 0)
    )${keyTable}`,
    // One row per tenant with credits: whoever changes them locks it. The top-up rule is none where its amount is NULL.
    `CREATE TABLE credit_accounts (
      tenant ${text} NOT NULL PRIMARY KEY,
      top_up_threshold ${int},
      top_up_amount ${int},
      top_up_paused ${int} NOT NULL
    )${keyTable}`,
    // A lot has the id of the transaction that made it. One that never expires has the largest safe integer.
    `CREATE TABLE credit_lots (
      seq ${serial},
      tenant ${text} NOT NULL,
      id ${text} NOT NULL,
      type ${text} NOT NULL,
      granted ${int} NOT NULL,
      remaining ${int} NOT NULL,
      expires_at ${int} NOT NULL,
      voided_at ${int},
      UNIQUE (tenant, id),
      CHECK (remaining >= 0 AND remaining <= granted)
    )${table}`,
    "CREATE INDEX credit_lots_open ON credit_lots (tenant, expires_at, seq) WHERE remaining > 0",
    "CREATE INDEX credit_lots_due ON credit_lots (expires_at) WHERE remaining > 0",
    `CREATE TABLE credit_top_ups (
      tenant ${text} NOT NULL,
      id ${text} NOT NULL,
      amount ${int} NOT NULL,
      state ${text} NOT NULL,
      requested_at ${int} NOT NULL,
      asked_at ${int},
      settled_at ${int},
      PRIMARY KEY (tenant, id)
    )${keyTable}`,
    "CREATE UNIQUE INDEX credit_top_ups_open ON credit_top_ups (tenant) WHERE state = 'open'",
    "CREATE INDEX credit_top_ups_to_ask ON credit_top_ups (requested_at) WHERE state = 'open' AND asked_at IS NULL",
  ],
};

// By the statement, so that even one that would touch no row is refused.
const POSTGRES_APPEND_ONLY = [
  `CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$`,
  ...["ledger_transactions", "ledger_postings"].map(
    (name) => `CREATE TRIGGER ${name}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ${name}
      FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only()`,
  ),
];

// INSERT OR REPLACE deletes without firing a DELETE trigger, hence the third of each.
const SQLITE_APPEND_ONLY = [
  [
    "ledger_transactions",
    "id = NEW.id OR seq = NEW.seq OR (tenant, book, reference) = (NEW.tenant, NEW.book, NEW.reference)",
  ],
  ["ledger_postings", "(tenant, transaction_id, line) = (NEW.tenant, NEW.transaction_id, NEW.line)"],
].flatMap(([name, same]) => [
  `CREATE TRIGGER ${name}_no_update BEFORE UPDATE ON ${name}
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END`,
  `CREATE TRIGGER ${name}_no_delete BEFORE DELETE ON ${name}
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END`,
  `CREATE TRIGGER ${name}_no_replace BEFORE INSERT ON ${name}
    WHEN EXISTS (SELECT 1 FROM ${name} WHERE ${same})
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END`,
]);
