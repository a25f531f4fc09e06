// One of two processes that tell of the same credit: `expiry-notices-child.ts DATABASE_URL NAME` prints a line when it is ready,
// waits for a line, does all of `tellAndUse` and prints what came of it as JSON.

import { once } from "node:events";
import { creditsOver } from "../../src/domain/credits/fixtures.ts";
import { creditExpiryNotices } from "../../src/domain/credits/index.ts";
import { CreditExpiryNotifications } from "../../src/domain/notifications/index.ts";
import { systemClock } from "../../src/kernel/index.ts";
import { storeAt } from "../../src/store/index.ts";

/** Each has a lot of 100 cents that is used up and returned to while it is told of. */
export const BUSY = ["busy 1", "busy 2", "busy 3", "busy 4"];

/** How many notices this process has written. */
export interface Seen {
  readonly told: number;
}

async function tellAndUse(url: string): Promise<Seen> {
  const store = storeAt(url);
  await store.ready();
  const { credits, ids } = creditsOver(store, { clock: systemClock });
  const notices = new CreditExpiryNotifications({ clock: systemClock, ids });
  // Without the lease that lets one process do a job at a time.
  const job = creditExpiryNotices({ store, clock: systemClock, notices });
  process.stdout.write("ready\n");
  await once(process.stdin, "data");
  const use = async (tenant: string) => {
    for (let round = 0; round < 6; round += 1) {
      const { transactionId, amountDeductedCents } = await credits.deduct({ tenant, amountCents: 70 });
      if (amountDeductedCents > 0) await credits.reverse({ tenant, transactionId });
    }
  };
  const [told] = await Promise.all([job.runDue(), ...BUSY.map(use)]);
  await store.close();
  return { told };
}

if (process.argv[1] === import.meta.filename) {
  const [url = ""] = process.argv.slice(2);
  process.stdout.write(`${JSON.stringify(await tellAndUse(url))}\n`);
  process.stdin.destroy();
}
