import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ENGINES } from "../../../test/support/database.ts";
import { BillingError } from "../../kernel/index.ts";
import { type Store, storeAt } from "../../store/index.ts";
import {
  balancesOf,
  type LedgerTransaction,
  latestTransactions,
  ledgerDifferences,
  movedInto,
  type Posting,
  postToLedger,
  transactionsAbout,
  transactionsById,
  transactionsByReference,
} from "./index.ts";

let made = 0;

function transaction(postings: readonly Posting[], over: Partial<LedgerTransaction> = {}): LedgerTransaction {
  made += 1;
  return {
    ...{ tenant: "acme", id: `txn_${made}`, book: "tests", kind: "test", at: made, currency: "USD" },
    ...{ reference: null, request: "", relatesTo: "", details: { note: "n" }, postings, ...over },
  };
}

function move(from: string, to: string, amount: bigint, subject = ""): Posting[] {
  return [
    { account: from, subject, amount: -amount },
    { account: to, subject, amount },
  ];
}

describe.each(ENGINES)("the ledger on $name", ({ freshUrl }) => {
  let store: Store;

  beforeAll(async () => {
    store = storeAt(await freshUrl());
  });
  afterAll(() => store.close());

  const post = (...transactions: LedgerTransaction[]) =>
    store.transaction((tx) => postToLedger(tx, transactions));
  const refused = async (work: Promise<unknown>) =>
    work.then(
      () => "accepted",
      (error: unknown) => (error instanceof BillingError ? error.code : String(error)),
    );

  it("gives back what was posted and keeps the balances of its accounts, per tenant and currency", async () => {
    const tenant = "balances";
    const big = 2n ** 61n;
    const first = transaction(move("cash", "receivable", 500n, "inv_1"), { tenant, reference: "a" });
    const second = transaction([...move("receivable", "cash", 200n), ...move("fees", "cash", 7n)], {
      ...{ tenant, relatesTo: first.id },
    });
    const euros = transaction(move("cash", "receivable", big), { tenant, currency: "EUR" });
    await post(first, second, euros);
    const read = await store.read(async (reader) => ({
      byId: await transactionsById([second, first], reader),
      byReference: await transactionsByReference("tests", [{ tenant, id: "a" }], reader),
      otherBook: await transactionsByReference("others", [{ tenant, id: "a" }], reader),
      about: await transactionsAbout([first], reader),
      latest: await latestTransactions(tenant, { book: "tests", before: undefined, limit: 2 }, reader),
      usd: await balancesOf(tenant, "USD", reader),
      eur: await balancesOf(tenant, "EUR", reader),
      others: await balancesOf("another", "USD", reader),
    }));
    expect(read.byId).toEqual([first, second]);
    expect([read.byReference, read.otherBook, read.about]).toEqual([[first], [], [second]]);
    expect(read.latest.map(({ transaction }) => transaction)).toEqual([euros, second]);
    expect(Object.fromEntries(read.usd)).toEqual({ cash: -293n, receivable: 300n, fees: -7n });
    expect(Object.fromEntries(read.eur)).toEqual({ cash: -big, receivable: big });
    expect(read.others.size).toBe(0);
    expect(movedInto("cash", second)).toBe(207n);
    expect(await store.read(ledgerDifferences)).toEqual([]);
  });

  it("refuses a transaction that does not sum to zero, and one that moves nothing, and keeps nothing of its neighbours", async () => {
    const tenant = "unbalanced";
    const good = transaction(move("a", "b", 5n), { tenant });
    const off = transaction([...move("a", "b", 5n), { account: "b", subject: "", amount: 1n }], { tenant });
    const empty = transaction([{ account: "b", subject: "", amount: 0n }], { tenant });
    expect(await refused(post(good, off))).toBe("unbalanced_transaction");
    expect(await refused(post(good, empty))).toBe("unbalanced_transaction");
    expect(await store.read((reader) => transactionsById([good], reader))).toEqual([]);
    expect((await store.read((reader) => balancesOf(tenant, "USD", reader))).size).toBe(0);
  });

  it("takes a reference once per tenant and book, and a credits balance below zero never", async () => {
    const tenant = "unique";
    await post(transaction(move("a", "b", 1n), { tenant, reference: "r" }));
    expect(await refused(post(transaction(move("a", "b", 1n), { tenant, reference: "r" })))).not.toBe(
      "accepted",
    );
    await post(
      transaction(move("a", "b", 1n), { tenant, reference: "r", book: "others" }),
      transaction(move("issued", "credits", 3n), { tenant }),
      transaction(move("credits", "used", 3n), { tenant }),
    );
    expect(await refused(post(transaction(move("credits", "used", 1n), { tenant })))).not.toBe("accepted");
    expect((await store.read((reader) => balancesOf(tenant, "USD", reader))).get("credits")).toBe(0n);
  });

  it("cannot be changed: the database itself refuses", async () => {
    await post(transaction(move("a", "b", 9n), { tenant: "fixed", id: "fixed" }));
    const statements = ["ledger_transactions", "ledger_postings"].flatMap((table) => [
      `UPDATE ${table} SET tenant = 'x'`,
      `DELETE FROM ${table}`,
      ...(store.dialect === "sqlite"
        ? [`INSERT OR REPLACE INTO ${table} SELECT * FROM ${table}`]
        : [`TRUNCATE ${table}`, `UPDATE ${table} SET tenant = 'x' WHERE false`]),
    ]);
    for (const sql of statements)
      expect(await refused(store.transaction((tx) => tx.run(sql))), sql).toBe("database_error");
    expect(
      await store.read((reader) => transactionsById([{ tenant: "fixed", id: "fixed" }], reader)),
    ).toHaveLength(1);
  });
});
