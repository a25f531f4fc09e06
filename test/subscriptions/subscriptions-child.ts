// One of two processes that change the same subscriptions: `subscriptions-child.ts DATABASE_URL NAME` prints a line when it is
// ready, waits for a line, does all of `raceFor` and prints what came of it as JSON.

import { once } from "node:events";
import { OPERATOR, startSubscriptions, user } from "../../src/domain/subscriptions/fixtures.ts";
import { BillingError, ManualClock } from "../../src/kernel/index.ts";

export const CHANGES = 25;
export const TRIALS = 25;
/** Both processes' time: three periods after the organizations in `renew_…` began. */
export const NOW = "2026-04-20T08:30:00Z";

/** What a process saw. */
export interface Seen {
  /** Cents of each change of `race`'s plan that was made. */
  readonly totals: number[];
  /** Codes that attempts to start a trial of `trial` were answered with; `made` where it was. */
  readonly trials: string[];
  readonly errors: string[];
}

async function raceFor(url: string): Promise<Seen> {
  const { subscriptions, store } = await startSubscriptions(url, new ManualClock(NOW));
  process.stdout.write("ready\n");
  await once(process.stdin, "data");

  const errors: string[] = [];
  const totals: number[] = [];
  const tiers = ["enterprise", "starter", "professional"] as const;
  const change = async (index: number) => {
    const tier = tiers[index % tiers.length] as (typeof tiers)[number];
    try {
      const wanted = { kind: "change_plan", tier, when: "now" } as const;
      totals.push((await subscriptions.change(OPERATOR, "race", wanted)).totalCents);
    } catch (error) {
      const isSame = error instanceof BillingError && error.code === "nothing_to_change";
      if (!isSame) errors.push(String(error));
    }
  };
  await Promise.all(Array.from({ length: CHANGES }, (_, index) => change(index)));

  const trials = await Promise.all(
    Array.from({ length: TRIALS }, () =>
      subscriptions.change(user("trial"), "trial", { kind: "start_trial" }).then(
        () => "made",
        (error: unknown) => (error instanceof BillingError ? error.code : String(error)),
      ),
    ),
  );
  await Promise.all(
    Array.from({ length: 3 }, () =>
      subscriptions.settleDue().catch((error: unknown) => errors.push(String(error))),
    ),
  );
  await store.close();
  return { totals, trials, errors };
}

if (process.argv[1] === import.meta.filename) {
  const [url = ""] = process.argv.slice(2);
  process.stdout.write(`${JSON.stringify(await raceFor(url))}\n`);
  process.stdin.destroy();
}
