// What the tests of credits share: a service over a fresh database.

import { type Clock, createIds, ManualClock } from "../../kernel/index.ts";
import { type Store, storeAt } from "../../store/index.ts";
import { CreditService } from "./credit-service.ts";
import type { AskForPayment } from "./top-up.ts";
import { TopUpService } from "./top-up-service.ts";

export const START = "2026-01-15T12:00:00Z";

export interface StartOptions {
  readonly clock?: Clock;
  readonly askForPayment?: AskForPayment;
  /** Of calls that name none. Default acme. */
  readonly tenant?: string;
}

/** Everything of one process over a database. */
export async function startCredits(url: string, options: StartOptions = {}) {
  const store = storeAt(url);
  await store.ready();
  return creditsOver(store, options);
}

/** The same over a store that is open already. */
export function creditsOver(
  store: Store,
  { clock = new ManualClock(START), askForPayment, tenant = "acme" }: StartOptions = {},
) {
  const ids = createIds(clock);
  const credits = new CreditService({ store, clock, ids }, { tenant });
  const topUps = new TopUpService({ store, clock, ids, askForPayment }, { tenant });
  const differences = () => store.read((reader) => credits.participant.differences(reader));
  return { store, clock: clock as ManualClock, ids, credits, topUps, differences, tenant };
}

export type Started = ReturnType<typeof creditsOver>;
