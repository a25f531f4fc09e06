import type { Migration } from "../migration.ts";

export const adjustments: Migration = {
  version: 4,
  name: "corrections, provider costs and price rules",
  statements: ({ int, text, serial, table }) => [
    // A reversal (sign -1) and its replacement (sign 1) name in `corrects` the row they take the place of.
    `ALTER TABLE usage_events ADD COLUMN sign ${int} NOT NULL DEFAULT 1`,
    `ALTER TABLE usage_events ADD COLUMN corrects ${text} NOT NULL DEFAULT ''`,
    `ALTER TABLE usage_events ADD COLUMN adjustment ${text} NOT NULL DEFAULT ''`,
    // NULL: the provider named no cost.
    `ALTER TABLE usage_events ADD COLUMN provider_cost ${int}`,
    // Partial indexes: ordinary events pay nothing for them. The first one lets a row be reversed and replaced once.
    "CREATE UNIQUE INDEX usage_events_corrected ON usage_events (tenant, corrects, sign) WHERE corrects <> ''",
    "CREATE INDEX usage_events_adjusted ON usage_events (adjustment, tenant) WHERE adjustment <> ''",
    "CREATE INDEX usage_events_reconciled ON usage_events (day, tenant) WHERE provider_cost IS NOT NULL",
    // Who changed what is on record, and why. '' is every tenant.
    `CREATE TABLE usage_adjustments (
      seq ${serial},
      id ${text} NOT NULL,
      tenant ${text} NOT NULL,
      kind ${text} NOT NULL,
      reason ${text} NOT NULL,
      request ${text} NOT NULL,
      created_at ${int} NOT NULL,
      UNIQUE (id, tenant)
    )${table}`,
    // Rows are added, never edited. `id` is the hash of the content. '' is any tenant, provider or model.
    `CREATE TABLE price_rules (
      seq ${serial},
      id ${text} NOT NULL UNIQUE,
      applies_to ${text} NOT NULL,
      tenant ${text} NOT NULL,
      provider ${text} NOT NULL,
      model ${text} NOT NULL,
      effective_from ${int} NOT NULL,
      rule ${text} NOT NULL,
      added_at ${int} NOT NULL,
      UNIQUE (applies_to, tenant, provider, model, effective_from)
    )${table}`,
  ],
};
