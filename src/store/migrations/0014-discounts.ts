import type { Migration } from "../migration.ts";

export const discounts: Migration = {
  version: 14,
  name: "discount codes and volume discounts",
  statements: ({ int, text, serial, table, keyTable }) => [
    // Codes are the installation's, in canonical form. uses and discounted are of redemptions that are reserved or
    // confirmed: the table itself refuses a use too many. Money is cents; NULL is no limit, or none.
    `CREATE TABLE discount_codes (
      code ${text} NOT NULL PRIMARY KEY,
      type ${text} NOT NULL,
      percent ${text},
      amount ${int},
      max_uses ${int},
      max_uses_per_org ${int},
      min_purchase ${int} NOT NULL,
      tiers ${text} NOT NULL,
      organizations ${text} NOT NULL,
      valid_from ${int},
      expires_at ${int},
      description ${text} NOT NULL,
      created_at ${int} NOT NULL,
      disabled_at ${int},
      uses ${int} NOT NULL,
      discounted ${int} NOT NULL,
      CHECK (uses >= 0 AND discounted >= 0 AND (max_uses IS NULL OR uses <= max_uses))
    )${keyTable}`,
    `CREATE TABLE discount_code_uses (
      tenant ${text} NOT NULL,
      code ${text} NOT NULL,
      uses ${int} NOT NULL,
      PRIMARY KEY (tenant, code),
      CHECK (uses >= 0)
    )${keyTable}`,
    // One row per use of a code for a purchase (reference), for ever: also when its reservation was released or ended.
    `CREATE TABLE discount_redemptions (
      tenant ${text} NOT NULL,
      reference ${text} NOT NULL,
      code ${text} NOT NULL,
      id ${text} NOT NULL,
      user_id ${text} NOT NULL,
      purchase ${int} NOT NULL,
      base ${int} NOT NULL,
      percent ${text},
      discount ${int} NOT NULL,
      state ${text} NOT NULL,
      created_at ${int} NOT NULL,
      expires_at ${int} NOT NULL,
      PRIMARY KEY (tenant, reference, code),
      UNIQUE (tenant, id),
      CHECK (discount >= 0 AND discount <= base AND base <= purchase)
    )${keyTable}`,
    "CREATE INDEX discount_redemptions_due ON discount_redemptions (expires_at) WHERE state = 'reserved'",
    "CREATE INDEX discount_redemptions_open ON discount_redemptions (code, expires_at) WHERE state = 'reserved'",
    // What an organization has bought, less refunds: the sum of its entries. Whoever redeems for it locks the row.
    `CREATE TABLE discount_volumes (
      tenant ${text} NOT NULL PRIMARY KEY,
      spent ${int} NOT NULL,
      CHECK (spent >= 0)
    )${keyTable}`,
    `CREATE TABLE discount_volume_entries (
      seq ${serial},
      tenant ${text} NOT NULL,
      kind ${text} NOT NULL,
      reference ${text} NOT NULL,
      amount ${int} NOT NULL,
      spent_after ${int} NOT NULL,
      at ${int} NOT NULL,
      UNIQUE (tenant, kind, reference),
      CHECK (amount > 0)
    )${table}`,
    "CREATE INDEX discount_volume_entries_of_tenant ON discount_volume_entries (tenant, seq)",
  ],
};
