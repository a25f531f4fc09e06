// One of two processes that use the same credits: `credits-child.ts DATABASE_URL NAME` prints a line when it is ready, waits
// for a line, does all of `raceFor` and prints what came of it as JSON.

import { once } from "node:events";
import { startCredits } from "../../src/domain/credits/fixtures.ts";
import { BillingError, systemClock } from "../../src/kernel/index.ts";

export const DEDUCTIONS = 250;
export const RETRIES = 50;
const CALLERS = 25;
const MIXED_MS = 800;
const SHORT_MS = 100;

/** What a process saw. */
export interface Seen {
  /** Cents of each of the 250 deductions of 30 from the tenant `race`. */
  readonly taken: number[];
  /** Transactions that 50 retries of one deduction from the tenant `retry` were answered with. */
  readonly retried: string[];
  /** Of the tenant `mixed`: cents deducted and given back, while lots were issued that end at once, and swept. */
  readonly deducted: number;
  readonly returned: number;
  readonly errors: string[];
}

/** A lot that ends so soon may end before it is issued on a busy machine: refused, which is right. */
function tooLate(error: unknown): void {
  if (!(error instanceof BillingError) || error.code !== "ends_in_past") throw error;
}

async function raceFor(url: string, name: string): Promise<Seen> {
  const { credits, store } = await startCredits(url, { clock: systemClock });
  await credits.balance();
  process.stdout.write("ready\n");
  await once(process.stdin, "data");

  const errors: string[] = [];
  const noting = async (work: () => Promise<void>) => {
    await work().catch((error: unknown) => errors.push(String(error)));
  };
  const taken: number[] = [];
  let left = DEDUCTIONS;
  const deduct = async () => {
    while (left > 0) {
      left -= 1;
      const ask = { tenant: "race", amountCents: 30, reference: `${name} ${left}` };
      taken.push((await credits.deduct(ask)).amountDeductedCents);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, () => noting(deduct)));

  const retried: string[] = [];
  const retry = async () => {
    const ask = { tenant: "retry", amountCents: 70, reference: "inv_1" };
    retried.push((await credits.deduct(ask)).transactionId);
  };
  await Promise.all(Array.from({ length: RETRIES }, () => noting(retry)));

  let deducted = 0;
  let returned = 0;
  const end = systemClock.now() + MIXED_MS;
  const mixed = async () => {
    while (systemClock.now() < end) {
      const expiresAt = new Date(systemClock.now() + SHORT_MS);
      await credits
        .issue({ tenant: "mixed", amountCents: 40, type: "promotional", expiresAt })
        .catch(tooLate);
      const deduction = await credits.deduct({ tenant: "mixed", amountCents: 25 });
      deducted += deduction.amountDeductedCents;
      if (deduction.amountDeductedCents === 0 || Math.random() < 0.5) continue;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 2 * SHORT_MS));
      const { transactionId } = deduction;
      const { amountCents } = await credits.reverse({ tenant: "mixed", transactionId });
      returned += amountCents;
    }
  };
  const sweep = async () => {
    while (systemClock.now() < end) {
      await credits.expireDue();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  await Promise.all([...Array.from({ length: 8 }, () => noting(mixed)), noting(sweep)]);
  await store.close();
  return { taken, retried, deducted, returned, errors };
}

if (process.argv[1] === import.meta.filename) {
  const [url = "", name = ""] = process.argv.slice(2);
  process.stdout.write(`${JSON.stringify(await raceFor(url, name))}\n`);
  process.stdin.destroy();
}
