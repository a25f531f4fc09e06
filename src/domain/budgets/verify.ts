// The proof on demand: every counter is what its events, spends, resets and open holds say, every alert that must exist
// does, and no sealed row was changed by hand.

import { isoInstant } from "../../kernel/index.ts";
import type { Reader } from "../../store/index.ts";
import { alertedThresholds } from "./alert-store.ts";
import { spentByPeriod } from "./backfill.ts";
import type { LiveBudget } from "./budget.ts";
import { allBudgetsAcrossTenants } from "./budget-store.ts";
import { type Counter, countersOfBudget, counterText, resetsOfBudget } from "./counter-store.ts";
import { amountText } from "./decision-view.ts";
import {
  heldOfBudget,
  pageOfHoldsAcrossTenants,
  pageOfSpendsAcrossTenants,
  strayPartsAcrossTenants,
} from "./hold-store.ts";
import { liveBudget } from "./live-budget.ts";
import { counterSeal, sealedHold, sealedSpend } from "./seal.ts";
import { newlyReached } from "./thresholds.ts";

const PAGE = 1_000;

/** What of the budgets does not agree, as sentences that name the row. */
export async function budgetDifferences(reader: Reader): Promise<string[]> {
  const differences: string[] = [];
  for (const budget of await allBudgetsAcrossTenants(reader))
    differences.push(...(await differencesOf(liveBudget(budget), reader)));
  differences.push(...(await sealDifferences(reader)));
  for (const { tenant, hold, budget } of await strayPartsAcrossTenants(reader))
    differences.push(
      `budget_hold_parts row (tenant ${tenant}, hold ${hold}, budget ${budget}): its hold or counter is missing`,
    );
  return differences;
}

async function differencesOf(budget: LiveBudget, reader: Reader): Promise<string[]> {
  const { tenant, id } = budget;
  const isClosed = budget.status === "closed";
  const stored = new Map(
    (await countersOfBudget(tenant, id, Number.MIN_SAFE_INTEGER, reader)).map((row) => [
      counterText(row),
      row,
    ]),
  );
  const spent = new Map<string, bigint>();
  if (!isClosed)
    for (const row of await spentByPeriod(budget, reader)) spent.set(counterText(row), row.spent);
  const resets = new Map((await resetsOfBudget(tenant, id, reader)).map((row) => [counterText(row), row]));
  const held = new Map((await heldOfBudget(tenant, id, reader)).map((row) => [counterText(row), row.held]));
  const alerts = new Map<string, Set<number>>();
  for (const row of await alertedThresholds(tenant, id, reader)) {
    const key = `${counterText(row)}\u001f${row.resets}`;
    alerts.set(key, (alerts.get(key) ?? new Set()).add(row.bps));
  }
  const found: string[] = [];
  for (const key of new Set([...stored.keys(), ...spent.keys(), ...resets.keys(), ...held.keys()])) {
    const row = stored.get(key);
    const reset = resets.get(key);
    const expected = {
      spent: isClosed ? (row?.spent ?? 0n) : (spent.get(key) ?? 0n) - (reset?.spent ?? 0n),
      held: held.get(key) ?? 0n,
      resets: reset?.count ?? 0,
      alerted: alerts.get(`${key}\u001f${reset?.count ?? 0}`) ?? NO_ALERTS,
    };
    if (row === undefined) {
      if (expected.spent !== 0n || expected.held !== 0n || expected.resets !== 0)
        found.push(`budget_counters row (${key.split("\u001f").join(", ")}) is missing`);
      continue;
    }
    found.push(...counterDifferences(budget, row, expected, isClosed));
  }
  return found;
}

const NO_ALERTS: ReadonlySet<number> = new Set();

function counterDifferences(
  budget: LiveBudget,
  row: Counter,
  expected: { spent: bigint; held: bigint; resets: number; alerted: ReadonlySet<number> },
  isClosed: boolean,
): string[] {
  const name =
    `budget_counters row (tenant ${row.tenant}, budget ${row.budget}, counter ${JSON.stringify(row.counter)}, ` +
    `period from ${periodText(row.periodStart)})`;
  const text = (amount: bigint) => amountText(budget.measure, amount);
  const found: string[] = [];
  if (row.spent !== expected.spent)
    found.push(`${name}: spent is ${text(row.spent)}, its events and spends give ${text(expected.spent)}`);
  if (row.held !== expected.held)
    found.push(`${name}: held is ${text(row.held)}, its open holds give ${text(expected.held)}`);
  if (row.resets !== expected.resets)
    found.push(`${name}: resets is ${row.resets}, there were ${expected.resets}`);
  // A lower mark loses nothing: an alert that is on record is not raised again. A higher one would.
  const highest = Math.max(0, ...expected.alerted);
  if (row.alertedBps > highest)
    found.push(`${name}: alerted_bps is ${row.alertedBps}, its alerts give ${highest}`);
  if (row.seal !== counterSeal(row, isClosed))
    found.push(`${name}: its content was changed after it was written`);
  if (isClosed || row.periodStart < budget.termsSince) return found;
  const limit = budget.limit === null ? null : budget.limit + row.carry;
  const missing = newlyReached(budget, limit, row.spent, 0).filter(({ bps }) => !expected.alerted.has(bps));
  for (const { bps } of missing) found.push(`${name}: ${bps / 100} % was reached and no alert was raised`);
  return found;
}

async function sealDifferences(reader: Reader): Promise<string[]> {
  const found: string[] = [];
  let after: { tenant: string; id: string } | undefined;
  for (;;) {
    const page = await pageOfHoldsAcrossTenants(after, PAGE, reader);
    for (const hold of page) {
      const name = `budget_holds row (tenant ${hold.tenant}, id ${hold.id})`;
      if (sealedHold(hold).seal !== hold.seal)
        found.push(`${name}: its content was changed after it was written`);
      const open = hold.state === "open";
      if (
        hold.parts.some(
          ({ amount, remaining }) => remaining < 0n || remaining > amount || (!open && remaining !== 0n),
        )
      )
        found.push(`${name}: its parts hold what it does not`);
    }
    after = page.at(-1);
    if (page.length < PAGE) break;
  }
  after = undefined;
  for (;;) {
    const page = await pageOfSpendsAcrossTenants(after, PAGE, reader);
    for (const spend of page) {
      if (sealedSpend(spend).seal !== spend.seal)
        found.push(
          `budget_spends row (tenant ${spend.tenant}, id ${spend.id}): its content was changed after it was written`,
        );
    }
    after = page.at(-1);
    if (page.length < PAGE) return found;
  }
}

function periodText(start: number): string {
  return Math.abs(start) > 8_640_000_000_000_000 ? String(start) : isoInstant(start);
}
