// Tells tenants of credit that will end unused: of each lot once.

import { type Clock, DAY_MS } from "../../kernel/index.ts";
import type { Store, Tx } from "../../store/index.ts";
import { lockAccountsAcrossTenants } from "./credit-store.ts";
import { type LotsEnd, markTold, type Page, untoldEndsAcrossTenants } from "./expiry-notice-store.ts";
import type { CreditNotices } from "./notices.ts";

const NOTICE_MS = 7 * DAY_MS;
const AT_ONCE = 200;

interface Deps {
  readonly store: Store;
  readonly clock: Clock;
  readonly notices: CreditNotices;
}

/**
 * The job that tells, 7 days before a lot ends, of a shorter one at its next run. Lots of a tenant that end at one instant are
 * one notice of their sum. Nothing is told of a lot that is used up, void or has ended; credit that comes back to one that was
 * used up is. Two processes tell of a lot once.
 *
 * @example
 * new Jobs(deps, [creditExpiryNotices({ store, clock, notices })]);
 */
export function creditExpiryNotices(deps: Deps) {
  const { store, clock } = deps;
  const untold = (now: number, page: Page) =>
    store.read((reader) => untoldEndsAcrossTenants({ now, until: now + NOTICE_MS }, page, reader));
  return {
    name: "credit expiry notices",
    every: 60_000,
    hasWork: async (now: number) => (await untold(now, { limit: 1 })).length > 0,
    runDue: async () => {
      let told = 0;
      const failures: unknown[] = [];
      let after: LotsEnd | undefined;
      for (;;) {
        const ends = await untold(clock.now(), { after, limit: AT_ONCE });
        for (const end of ends)
          try {
            if (await store.transaction((tx) => tell(end, deps, tx))) told += 1;
          } catch (error) {
            // One that cannot be told keeps no other one waiting.
            failures.push(error);
          }
        if (ends.length < AT_ONCE) break;
        after = ends.at(-1);
      }
      for (const failure of failures) throw failure;
      return told;
    },
  };
}

/** False: there is nothing to tell any more, or somebody else has told it. */
async function tell(end: LotsEnd, { clock, notices }: Deps, tx: Tx): Promise<boolean> {
  // Whoever uses the credit waits, or has used it: what is told is what is left.
  await lockAccountsAcrossTenants(tx, [end.tenant]);
  const now = clock.now();
  if (end.expiresAt <= now) return false;
  const [first, ...others] = await markTold(end, now, tx);
  if (first === undefined) return false;
  const amount = others.reduce((sum, { remaining }) => sum + remaining, first.remaining);
  await notices.expiring(tx, { ...end, amount, lot: first.id });
  return true;
}
