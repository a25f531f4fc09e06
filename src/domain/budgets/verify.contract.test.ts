import { afterEach, describe, expect, it } from "vitest";
import { ENGINES } from "../../../test/support/database.ts";
import { DAY_MS } from "../../kernel/index.ts";
import { differences, eventOf, type Started, startBudgets } from "./fixtures.ts";

/** Every column that nobody may change unseen, and a value that it does not have. */
const COLUMNS: readonly (readonly [table: string, column: string, to: string])[] = [
  ...["tenant", "budget", "counter"].map((column) => ["budget_counters", column, "'x'"] as const),
  ["budget_counters", "period_start", "period_start + 1"],
  ...["spent_hi", "spent_lo", "held_hi", "held_lo", "carry", "alerted_bps", "resets"].map(
    (column) => ["budget_counters", column, `${column} + 1`] as const,
  ),
  ["budget_counters", "seal", "'x'"],
  ...["tenant", "id", "request_key", "mode", "state", "request", "settled_by", "seal"].map(
    (column) => ["budget_holds", column, "'x'"] as const,
  ),
  ...["at", "created_at", "expires_at", "flags"].map(
    (column) => ["budget_holds", column, `${column} + 1`] as const,
  ),
  ...["tenant", "hold", "budget", "counter"].map((column) => ["budget_hold_parts", column, "'x'"] as const),
  ...["period_start", "amount", "remaining"].map(
    (column) => ["budget_hold_parts", column, `${column} + 1`] as const,
  ),
  ...["tenant", "id", "hold", "event_id", "state", "request", "workspace", '"user"', "seal"].map(
    (column) => ["budget_spends", column, "'x'"] as const,
  ),
  ...["at", "cost", "charge", "tokens", "debates", "calls", "flags", "recorded_at"].map(
    (column) => ["budget_spends", column, `${column} + 1`] as const,
  ),
  ...["spent_hi", "spent_lo"].map((column) => ["budget_resets", column, `${column} + 1`] as const),
  ["budget_alerts", "bps", "bps + 1"],
];

describe.each(ENGINES)("verify of budgets on $name", ({ freshUrl }) => {
  const opened: Started[] = [];

  afterEach(async () => {
    for (const { store } of opened.splice(0)) await store.close();
  });

  it("finds nothing where nothing was changed, and every column that was changed by hand", async () => {
    const started = await startBudgets(await freshUrl(), { tenant: "acme" });
    opened.push(started);
    const { budgets, holds, metering, clock, store } = started;
    const { id } = await budgets.create({ name: "b", limit: 10, period: "daily", rollover: true });
    await metering.record(eventOf(20_000_000));
    await budgets.reset(id);
    clock.advance(DAY_MS);
    await holds.recordSpend({ amountUsd: "12", dimensions: { workspace: "w", user: "u" } });
    await holds.authorize({ estimatedCostUsd: "0.5", key: "k", ttlMs: 1_000_000 });
    const done = await budgets.create({ name: "closed", limit: 10 });
    await budgets.close(done.id);
    expect(await differences(started)).toEqual([]);

    const unseen: string[] = [];
    for (const [table, column, to] of COLUMNS) {
      await store
        .transaction(async (tx) => {
          expect(await tx.run(`UPDATE ${table} SET ${column} = ${to}`)).toBeGreaterThan(0);
          const found = await started.engine.participant.differences(tx);
          if (found.length === 0) unseen.push(`${table}.${column}`);
          throw new Error("undo");
        })
        .catch((error: Error) => {
          // A key that two rows cannot share is refused by the database itself.
          if (error.message !== "undo" && (error as { code?: string }).code !== "database_error") throw error;
        });
    }
    expect(unseen).toEqual([]);
    for (const table of ["budget_counters", "budget_hold_parts", "budget_holds", "budget_alerts"]) {
      await store
        .transaction(async (tx) => {
          await tx.run(`DELETE FROM ${table}`);
          expect((await started.engine.participant.differences(tx)).join(), table).toContain("budget");
          throw new Error("undo");
        })
        .catch((error: Error) => expect(error.message).toBe("undo"));
    }
    expect(await differences(started)).toEqual([]);
  });
});
