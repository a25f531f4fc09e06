import type { Migration } from "../migration.ts";

export const planBudgets: Migration = {
  version: 15,
  name: "budgets owned by plans",
  statements: ({ text }) => [
    // '' is the tenant's own, 'plan' the limit of what the tenant has bought. Of an open one of those there is one.
    `ALTER TABLE budgets ADD COLUMN owner ${text} NOT NULL DEFAULT ''`,
    "CREATE UNIQUE INDEX budgets_of_plans ON budgets (tenant) WHERE owner = 'plan' AND status <> 'closed'",
  ],
};
