// What the tests of discounts share: a service over a fresh database.

import { type Clock, createIds, ManualClock } from "../../kernel/index.ts";
import { type Store, storeAt } from "../../store/index.ts";
import { DiscountService } from "./discount-service.ts";
import { VolumeService } from "./volume-service.ts";

export const START = "2026-01-15T12:00:00Z";

export interface StartOptions {
  readonly clock?: Clock;
  /** Of calls that name none. Default acme. */
  readonly tenant?: string;
}

/** Everything of one process over a database. */
export async function startDiscounts(url: string, options: StartOptions = {}) {
  const store = storeAt(url);
  await store.ready();
  return discountsOver(store, options);
}

/** The same over a store that is open already. */
export function discountsOver(
  store: Store,
  { clock = new ManualClock(START), tenant = "acme" }: StartOptions = {},
) {
  const parts = { store, clock, ids: createIds(clock) };
  const discounts = new DiscountService(parts, { tenant });
  const volumeDiscounts = new VolumeService(parts, { tenant });
  const differences = () => store.read((reader) => discounts.participant.differences(reader));
  return { store, clock: clock as ManualClock, discounts, volumeDiscounts, differences };
}

export type Started = Awaited<ReturnType<typeof startDiscounts>>;
