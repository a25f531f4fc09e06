import type { Migration } from "../migration.ts";

export const subscriptions: Migration = {
  version: 16,
  name: "subscriptions",
  statements: ({ int, text, table, keyTable }) => [
    // The version of the plans by which the tier was sold.
    `ALTER TABLE organizations ADD COLUMN plan_version ${int} NOT NULL DEFAULT 1`,
    // One row per organization, changed under the organization's lock. due_at: when time changes it next; NULL: never.
    // paid: the monthly price in cents at which the present period was charged. changes and lines count their tables' rows.
    `CREATE TABLE subscriptions (
      tenant ${text} NOT NULL PRIMARY KEY,
      status ${text} NOT NULL,
      tier ${text} NOT NULL,
      plan_version ${int} NOT NULL,
      anchor ${int} NOT NULL,
      period_start ${int} NOT NULL,
      period_end ${int} NOT NULL,
      paid ${int} NOT NULL,
      trial_start ${int},
      trial_end ${int},
      trial_extended ${int} NOT NULL,
      trial_notice ${int},
      scheduled_tier ${text} NOT NULL,
      scheduled_version ${int} NOT NULL,
      due_at ${int},
      changes ${int} NOT NULL,
      lines ${int} NOT NULL,
      CHECK (paid >= 0)
    )${keyTable}`,
    "CREATE INDEX subscriptions_due ON subscriptions (due_at, tenant) WHERE due_at IS NOT NULL",
    // An organization has one trial: whoever adds the row starts it.
    `CREATE TABLE subscription_trials (
      tenant ${text} NOT NULL PRIMARY KEY,
      tier ${text} NOT NULL,
      started_at ${int} NOT NULL
    )${keyTable}`,
    // Every change with the state after it, as JSON, and the sum of its lines in cents.
    `CREATE TABLE subscription_changes (
      tenant ${text} NOT NULL,
      number ${int} NOT NULL,
      kind ${text} NOT NULL,
      actor_kind ${text} NOT NULL,
      actor_id ${text} NOT NULL,
      state ${text} NOT NULL,
      total ${int} NOT NULL,
      at ${int} NOT NULL,
      PRIMARY KEY (tenant, number)
    )${keyTable}`,
    `CREATE TABLE subscription_lines (
      tenant ${text} NOT NULL,
      number ${int} NOT NULL,
      id ${text} NOT NULL UNIQUE,
      change ${int} NOT NULL,
      kind ${text} NOT NULL,
      tier ${text} NOT NULL,
      plan_version ${int} NOT NULL,
      from_at ${int} NOT NULL,
      to_at ${int} NOT NULL,
      period_start ${int} NOT NULL,
      period_end ${int} NOT NULL,
      amount ${int} NOT NULL,
      currency ${text} NOT NULL,
      description ${text} NOT NULL,
      at ${int} NOT NULL,
      PRIMARY KEY (tenant, number),
      CHECK ((kind = 'charge' AND amount > 0) OR (kind = 'credit' AND amount < 0))
    )${keyTable}`,
    ...(table === "" ? POSTGRES_APPEND_ONLY : SQLITE_APPEND_ONLY),
    // What was erased has no plan to charge for.
    "UPDATE organizations SET tier = 'free' WHERE status = 'erased'",
    // Organizations that exist already: due at once, when the job puts them into their present period and makes the budget.
    `INSERT INTO subscriptions
       (tenant, status, tier, plan_version, anchor, period_start, period_end, paid, trial_extended, scheduled_tier,
        scheduled_version, due_at, changes, lines)
     SELECT id, 'active', tier, 1, created_at, created_at, created_at, 0, 0, '', 0, 0, 0, 0 FROM organizations`,
  ],
};

// By the statement, so that even one that would touch no row is refused.
const POSTGRES_APPEND_ONLY = [
  `CREATE FUNCTION subscriptions_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the record of subscriptions is append-only'; END $$`,
  ...["subscription_trials", "subscription_changes", "subscription_lines"].map(
    (name) => `CREATE TRIGGER ${name}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ${name}
      FOR EACH STATEMENT EXECUTE FUNCTION subscriptions_are_append_only()`,
  ),
];

// INSERT OR REPLACE deletes without firing a DELETE trigger, hence the third of each.
const SQLITE_APPEND_ONLY = [
  ["subscription_trials", "tenant = NEW.tenant"],
  ["subscription_changes", "(tenant, number) = (NEW.tenant, NEW.number)"],
  ["subscription_lines", "(tenant, number) = (NEW.tenant, NEW.number) OR id = NEW.id"],
].flatMap(([name, same]) => [
  `CREATE TRIGGER ${name}_no_update BEFORE UPDATE ON ${name}
    BEGIN SELECT RAISE(ABORT, 'the record of subscriptions is append-only'); END`,
  `CREATE TRIGGER ${name}_no_delete BEFORE DELETE ON ${name}
    BEGIN SELECT RAISE(ABORT, 'the record of subscriptions is append-only'); END`,
  `CREATE TRIGGER ${name}_no_replace BEFORE INSERT ON ${name}
    WHEN EXISTS (SELECT 1 FROM ${name} WHERE ${same})
    BEGIN SELECT RAISE(ABORT, 'the record of subscriptions is append-only'); END`,
]);
