// Changes one row behind the engine's back: `verify` must see it.

import Sqlite from "better-sqlite3";
import pg from "pg";
import { Random } from "./random.ts";

/** Statements that each change a single stored figure, where there is a row to change. */
const CHANGES = [
  "UPDATE usage_events SET cost = cost + 1 WHERE seq = (SELECT max(seq) FROM usage_events)",
  "UPDATE usage_events SET charge = charge - 1 WHERE seq = (SELECT min(seq) FROM usage_events)",
  "UPDATE usage_events SET output_tokens = output_tokens + 1 WHERE seq = (SELECT max(seq) FROM usage_events)",
  "UPDATE usage_by_day SET events = events + 1 WHERE day = (SELECT max(day) FROM usage_by_day)",
  "UPDATE usage_by_dimension SET cost_lo = cost_lo + 1 WHERE day = (SELECT min(day) FROM usage_by_dimension)",
  "UPDATE budget_counters SET spent_lo = spent_lo + 1 WHERE period_start = (SELECT max(period_start) FROM budget_counters)",
  "UPDATE budget_counters SET held_lo = held_lo + 1 WHERE period_start = (SELECT max(period_start) FROM budget_counters)",
  "UPDATE budget_hold_parts SET remaining = remaining + 1 WHERE hold = (SELECT max(hold) FROM budget_hold_parts)",
  "UPDATE budget_spends SET cost = cost + 1 WHERE id = (SELECT max(id) FROM budget_spends)",
  "UPDATE credit_lots SET remaining = remaining - 1 WHERE seq = (SELECT max(seq) FROM credit_lots WHERE remaining > 0)",
  "UPDATE credit_lots SET expires_at = expires_at - 1 WHERE seq = (SELECT min(seq) FROM credit_lots)",
  "UPDATE ledger_balances SET balance = balance + 1 WHERE account = 'credits_used' AND tenant = (SELECT max(tenant) FROM ledger_balances)",
  "UPDATE discount_codes SET discounted = discounted + 1 WHERE code = (SELECT max(code) FROM discount_codes)",
  "UPDATE discount_redemptions SET discount = discount - 1 WHERE id = (SELECT max(id) FROM discount_redemptions WHERE discount > 0)",
  "UPDATE discount_volumes SET spent = spent + 1 WHERE tenant = (SELECT min(tenant) FROM discount_volumes)",
  "UPDATE discount_volume_entries SET spent_after = spent_after + 1 WHERE seq = (SELECT max(seq) FROM discount_volume_entries)",
] as const;

/** @returns the statement that did it. */
export async function changeOneRow(database: string, seed: number): Promise<string> {
  const first = new Random(seed).int(0, CHANGES.length - 1);
  for (let index = 0; index < CHANGES.length; index += 1) {
    const change = CHANGES[(first + index) % CHANGES.length] as string;
    if ((await run(database, change)) > 0) return change;
  }
  throw new Error("there is no row to change");
}

/** @returns how many rows it changed. */
async function run(database: string, statement: string): Promise<number> {
  if (database.startsWith("sqlite:")) {
    const file = new Sqlite(database.slice("sqlite:".length));
    try {
      return file.prepare(statement).run().changes;
    } finally {
      file.close();
    }
  }
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  try {
    return (await client.query(statement)).rowCount ?? 0;
  } finally {
    await client.end();
  }
}
