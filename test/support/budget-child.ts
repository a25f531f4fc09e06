// A second process that spends: `budget-child.ts spend DATABASE_URL COUNT` makes so many enforced spends of $7, 25 at
// a time, and prints how they ended; `budget-child.ts hold DATABASE_URL` takes and captures holds until it is killed, and prints
// a line for each capture that was acknowledged.

import { startBudgets } from "../../src/domain/budgets/fixtures.ts";
import { BillingError, systemClock } from "../../src/kernel/index.ts";

export const HOLD_TTL_MS = 200;
const CALLERS = 25;

/** How many enforced spends of $7 were admitted, refused by the limit, or failed otherwise. */
export async function spendSevens(url: string, count: number) {
  const { holds, store } = await startBudgets(url, { tenant: "acme", clock: systemClock });
  const ended = { admitted: 0, refused: 0, others: [] as string[] };
  let left = count;
  // Many small groups meet those of the other process more often than one large one.
  const caller = async () => {
    while (left > 0) {
      left -= 1;
      try {
        await holds.spend({ amountUsd: 7 });
        ended.admitted += 1;
      } catch (error) {
        if (error instanceof BillingError && error.code === "budget_exceeded") ended.refused += 1;
        else ended.others.push(String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  await store.close();
  return ended;
}

async function holdUntilKilled(url: string): Promise<void> {
  const { holds } = await startBudgets(url, { tenant: "acme", clock: systemClock });
  const caller = async () => {
    for (;;) {
      const hold = await holds.authorize({ estimatedCostUsd: "0.02", ttlMs: HOLD_TTL_MS });
      await holds.capture(hold.id, { costUsd: "0.01" });
      process.stdout.write(`${hold.id}\n`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, caller));
}

if (process.argv[1] === import.meta.filename) {
  const [what = "", url = "", count = "0"] = process.argv.slice(2);
  if (what === "spend") process.stdout.write(`${JSON.stringify(await spendSevens(url, Number(count)))}\n`);
  else await holdUntilKilled(url);
}
