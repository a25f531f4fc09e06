import { describe, expect, it } from "vitest";
import { ENGINES } from "../../../test/support/database.ts";
import { DAY_MS } from "../../kernel/index.ts";
import { startCredits } from "./fixtures.ts";

/** Every column that nobody may change unseen, and a value that it does not have. */
const COLUMNS: readonly (readonly [table: string, column: string, to: string])[] = [
  ["ledger_balances", "balance", "balance + 1"],
  ["ledger_balances", "tenant", "'x'"],
  ["ledger_balances", "currency", "'EUR'"],
  ["credit_lots", "remaining", "remaining - 1"],
  ["credit_lots", "granted", "granted + 1"],
  ["credit_lots", "expires_at", "expires_at - 1"],
  ["credit_lots", "type", "'refund'"],
  ["credit_lots", "tenant", "'x'"],
  ["credit_lots", "voided_at", "5"],
];

describe.each(ENGINES)("verify of credits on $name", ({ freshUrl }) => {
  it("finds nothing where nothing was changed, every column changed by hand, and every row that is missing", async () => {
    const { credits, store, clock, differences } = await startCredits(await freshUrl());
    await credits.issue({ amountCents: 500, type: "promotional", expiresInDays: 1 });
    const lot = await credits.issue({ amountCents: 300, type: "purchase", expiresInDays: 9 });
    await credits.adjust({ amountCents: 20 });
    const { transactionId } = await credits.deduct({ amountCents: 600 });
    clock.advance(DAY_MS);
    await credits.reverse({ transactionId, amountCents: 120 });
    await credits.void({ lotId: lot.id });
    await credits.adjust({ amountCents: 50 });
    expect(await differences()).toEqual([]);

    const found = async (sql: string) => {
      let sentences: readonly string[] = [];
      await store
        .transaction(async (tx) => {
          expect(await tx.run(sql)).toBeGreaterThan(0);
          sentences = await credits.participant.differences(tx);
          throw new Error("undo");
        })
        .catch((error: Error) => expect(error.message).toBe("undo"));
      return sentences;
    };
    for (const [table, column, to] of COLUMNS) {
      // One row of each kind: the adjustment's lot has all that it was given.
      const one = table === "credit_lots" ? "remaining = 50" : "account = 'credits_used'";
      expect(
        await found(`UPDATE ${table} SET ${column} = ${to} WHERE ${one}`),
        `${table}.${column}`,
      ).not.toEqual([]);
    }
    for (const table of ["ledger_balances", "credit_lots"])
      expect((await found(`DELETE FROM ${table}`)).join(), table).toContain(table);
    expect(
      (await found("INSERT INTO ledger_postings VALUES ('acme', 'stray', 0, 'cash', '', 5)")).join(),
    ).toContain("have no transaction");
    expect(
      await found(`INSERT INTO ledger_postings VALUES ('acme', '${lot.id}', 9, 'cash', '', 5)`),
    ).toContain(`ledger_postings rows (tenant acme, transaction ${lot.id}) sum to 5, not to 0`);
    expect(await differences()).toEqual([]);
    await store.close();
  });
});
