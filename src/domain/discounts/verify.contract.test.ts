import { describe, expect, it } from "vitest";
import { ENGINES } from "../../../test/support/database.ts";
import { startDiscounts } from "./fixtures.ts";

/** What nobody may change unseen: a row, and a value that it does not have. */
const CHANGES: readonly (readonly [table: string, change: string, where: string])[] = [
  ["discount_codes", "uses = uses - 1", "code = 'A'"],
  ["discount_codes", "discounted = discounted + 1", "code = 'A'"],
  ["discount_codes", "percent = '11'", "code = 'A'"],
  ["discount_codes", "amount = 1", "code = 'B'"],
  ["discount_codes", "type = 'volume'", "code = 'B'"],
  ["discount_codes", "code = 'X'", "code = 'A'"],
  ["discount_code_uses", "uses = uses + 1", "code = 'A'"],
  ["discount_code_uses", "tenant = 'x'", "code = 'A'"],
  ["discount_redemptions", "discount = discount - 1", "reference = 'one'"],
  ["discount_redemptions", "base = base + 9", "reference = 'two' AND code = 'A'"],
  ["discount_redemptions", "percent = '9'", "reference = 'one' AND code = 'A'"],
  ["discount_redemptions", "percent = '9'", "reference = 'one' AND code = 'B'"],
  ["discount_redemptions", "state = 'released'", "reference = 'one'"],
  ["discount_redemptions", "state = 'reserved'", "reference = 'gone'"],
  ["discount_redemptions", "state = 'lost'", "reference = 'gone'"],
  ["discount_redemptions", "purchase = purchase + 1", "reference = 'one' AND code = 'A'"],
  ["discount_volumes", "spent = spent + 1", "tenant = 'acme'"],
  ["discount_volumes", "tenant = 'x'", "tenant = 'acme'"],
  ["discount_volume_entries", "amount = amount + 1", "kind = 'purchase'"],
  ["discount_volume_entries", "spent_after = spent_after + 1", "kind = 'refund'"],
  ["discount_volume_entries", "kind = 'purchase'", "kind = 'refund'"],
  ["discount_volume_entries", "tenant = 'x'", "kind = 'refund'"],
];
const TABLES = [...new Set(CHANGES.map(([table]) => table))];

describe.each(ENGINES)("verify of discounts on $name", ({ freshUrl }) => {
  it("finds nothing where nothing was changed, every figure changed by hand, and every row that is missing", async () => {
    const { discounts, volumeDiscounts, store, differences } = await startDiscounts(await freshUrl());
    await discounts.createCode({ code: "A", discountPercent: 10, maxUsesPerOrganization: 5 });
    await discounts.createCode({ code: "B", discountAmountCents: 50 });
    for (const code of ["A", "B"])
      await discounts.apply({ code, purchaseAmountCents: 1000, reference: "one" });
    await discounts.reserve({ code: "A", purchaseAmountCents: 1000, reference: "two" });
    const gone = await discounts.reserve({ code: "A", purchaseAmountCents: 1000, reference: "gone" });
    await discounts.release({ redemptionId: gone.id });
    await volumeDiscounts.recordPurchase({ amountCents: 500 });
    await volumeDiscounts.recordRefund({ amountCents: 200 });
    expect(await differences()).toEqual([]);

    const found = async (sql: string) => {
      let sentences: readonly string[] = [];
      await store
        .transaction(async (tx) => {
          expect(await tx.run(sql), sql).toBeGreaterThan(0);
          sentences = await discounts.participant.differences(tx);
          throw new Error("undo");
        })
        .catch((error: Error) => expect(error.message).toBe("undo"));
      return sentences;
    };
    // The table refuses a base above the purchase: both grow.
    for (const [table, change, where] of CHANGES) {
      const more = change.startsWith("base") ? `${change}, purchase = purchase + 9` : change;
      const sentences = await found(`UPDATE ${table} SET ${more} WHERE ${where}`);
      expect(sentences.join("\n"), `${table}: ${change} where ${where}`).toMatch(/discount_\w+ rows? \(/);
    }
    for (const table of TABLES) expect(await found(`DELETE FROM ${table}`), table).not.toEqual([]);
    expect(await differences()).toEqual([]);
    await store.close();
  });
});
