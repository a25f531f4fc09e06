import type { Reader } from "../../store/index.ts";
import { unbalancedAcrossTenants, wrongBalancesAcrossTenants } from "./verify-store.ts";

/** What of the ledger does not agree, as sentences that name the row: up to 100 of each kind; empty when all does. */
export async function ledgerDifferences(reader: Reader): Promise<string[]> {
  const found: string[] = [];
  for (const { tenant, id, sum, stray } of await unbalancedAcrossTenants(reader)) {
    const problem = stray === 1n ? "have no transaction" : `sum to ${sum}, not to 0`;
    found.push(`ledger_postings rows (tenant ${tenant}, transaction ${id}) ${problem}`);
  }
  for (const { tenant, currency, account, stored, posted } of await wrongBalancesAcrossTenants(reader)) {
    found.push(
      `ledger_balances row (tenant ${tenant}, ${currency}, account ${account}): balance is ${stored}, ` +
        `its postings give ${posted}`,
    );
  }
  return found;
}
