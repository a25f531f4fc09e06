import { describe, expect, it } from "vitest";
import { ENGINES } from "../../../test/support/database.ts";
import { DAY_MS } from "../../kernel/index.ts";
import { OPERATOR, startSubscriptions } from "./fixtures.ts";

/** Every column that nobody may change unseen, and a value that it does not have. */
const COLUMNS: readonly (readonly [table: string, column: string, to: string])[] = [
  ["organizations", "tier", "'free'"],
  ["organizations", "plan_version", "2"],
  ...(
    [
      ["status", "'past_due'"],
      ["tier", "'starter'"],
      ["plan_version", "2"],
      ["anchor", "anchor + 1"],
      ["period_start", "period_start + 1"],
      ["period_end", "period_end + 1"],
      ["paid", "paid + 1"],
      ["trial_start", "trial_start + 1"],
      ["trial_end", "NULL"],
      ["trial_extended", "0"],
      ["trial_notice", "1"],
      ["scheduled_tier", "'starter'"],
      ["due_at", "due_at + 1"],
      ["changes", "changes + 1"],
      ["lines", "lines - 1"],
    ] as const
  ).map(([column, to]) => ["subscriptions", column, to] as const),
  ["subscription_trials", "started_at", "started_at + 1"],
  ["subscription_trials", "tenant", "'x'"],
  ...(
    [
      ["tenant", "'x'"],
      ["state", "'{}'"],
      ["total", "total + 1"],
      ["at", "at + 1"],
      ["number", "number + 100"],
    ] as const
  ).map(([column, to]) => ["subscription_changes", column, to] as const),
  ...(
    [
      ["tenant", "'x'"],
      ["number", "number + 100"],
      ["change", "change - 1"],
      ["kind", "CASE kind WHEN 'charge' THEN 'credit' ELSE 'charge' END, amount = -amount"],
      ["tier", "'free'"],
      ["plan_version", "2"],
      ["from_at", "from_at + 1"],
      ["to_at", "to_at + 1"],
      ["period_start", "period_start + 1"],
      ["period_end", "period_end + 1"],
      ["amount", "amount * 2"],
      ["currency", "'EUR'"],
      ["at", "at + 1"],
    ] as const
  ).map(([column, to]) => ["subscription_lines", column, to] as const),
];
const APPEND_ONLY = ["subscription_trials", "subscription_changes", "subscription_lines"];

describe.each(ENGINES)("verify of subscriptions on $name", ({ freshUrl }) => {
  it("finds nothing where nothing was changed, every column changed by hand, and every row that is missing", async () => {
    const { make, subscriptions, store, clock, differences } = await startSubscriptions(await freshUrl());
    const { tenant } = await make("acme");
    await make("other");
    await subscriptions.change(OPERATOR, tenant, { kind: "start_trial" });
    await subscriptions.change(OPERATOR, tenant, { kind: "extend_trial" });
    clock.advance(12 * DAY_MS);
    await subscriptions.settleDue();
    await subscriptions.change(OPERATOR, tenant, { kind: "convert_trial" });
    clock.advance(40 * DAY_MS);
    await subscriptions.change(OPERATOR, tenant, { kind: "change_plan", tier: "enterprise" });
    expect(await differences()).toEqual([]);

    const found = async (sql: string) => {
      let sentences: readonly string[] = [];
      await store
        .transaction(async (tx) => {
          for (const name of APPEND_ONLY)
            for (const trigger of tx.dialect === "sqlite" ? ["no_update", "no_delete"] : ["append_only"])
              await tx.run(`DROP TRIGGER ${name}_${trigger}${tx.dialect === "sqlite" ? "" : ` ON ${name}`}`);
          expect(await tx.run(sql)).toBeGreaterThan(0);
          sentences = await subscriptions.participant.differences(tx);
          throw new Error("undo");
        })
        .catch((error: Error) => expect(error.message).toBe("undo"));
      return sentences;
    };
    for (const [table, column, to] of COLUMNS) {
      const key = table === "organizations" ? "id" : "tenant";
      const one = table === "subscription_lines" ? " AND number = 3" : "";
      const where = table === "subscription_changes" ? " AND number = 6" : one;
      expect(
        await found(`UPDATE ${table} SET ${column} = ${to} WHERE ${key} = 'acme'${where}`),
        `${table}.${column}`,
      ).not.toEqual([]);
    }
    for (const [sql, named] of [
      ["DELETE FROM subscriptions WHERE tenant = 'other'", "its subscription on nothing"],
      ["DELETE FROM subscription_trials", "its trial is not the one"],
      ["DELETE FROM subscription_lines WHERE number = 2", "lines is"],
      ["DELETE FROM subscription_changes WHERE number = 2", "the one before it is missing"],
      ["DELETE FROM subscription_changes WHERE tenant = 'acme'", "its log ends at 0"],
      ["DELETE FROM organizations WHERE id = 'other'", "on nothing, its subscription on free version 1"],
    ] as const)
      expect((await found(sql)).join(), sql).toContain(named);
    expect(await differences()).toEqual([]);
    await store.close();
  });

  it("has the database itself refuse changes of what is on record", async () => {
    const { make, subscriptions, store } = await startSubscriptions(await freshUrl());
    const { tenant } = await make("acme");
    await subscriptions.change(OPERATOR, tenant, { kind: "start_trial" });
    await subscriptions.change(OPERATOR, tenant, { kind: "convert_trial" });
    for (const name of APPEND_ONLY) {
      for (const sql of [`UPDATE ${name} SET tenant = 'x'`, `DELETE FROM ${name}`]) {
        await expect(
          store.transaction((tx) => tx.run(sql)),
          sql,
        ).rejects.toThrow(/SQLITE_CONSTRAINT_TRIGGER|P0001/);
      }
      if (store.dialect === "sqlite") {
        const again = store.transaction((tx) =>
          tx.run(`INSERT OR REPLACE INTO ${name} SELECT * FROM ${name}`),
        );
        await expect(again, name).rejects.toThrow(/SQLITE_CONSTRAINT_TRIGGER|P0001/);
      }
    }
    await store.close();
  });
});
