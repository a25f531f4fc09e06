import type { Migration } from "../migration.ts";

export const creditExpiryNotices: Migration = {
  version: 19,
  name: "credit expiry notices",
  statements: ({ int }) => [
    // When the tenant was told that the lot will end. NULL: not yet, which those that are there already begin with.
    `ALTER TABLE credit_lots ADD COLUMN expiry_told_at ${int}`,
    // Grows with the lots that are still to be told of: those that were are not in the way of a look.
    `CREATE INDEX credit_lots_untold ON credit_lots (expires_at, tenant)
     WHERE remaining > 0 AND expiry_told_at IS NULL`,
  ],
};
