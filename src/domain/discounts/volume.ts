// Volume discounts: the more an organization has bought, the more its next purchase is worth.

/** From a sum of purchases on, so many percent. */
export interface VolumeTier {
  /** Cents. The tier is reached at this sum. */
  readonly thresholdCents: number;
  readonly discountPercent: string;
}

/** The specification's tiers, the smallest first. */
export const VOLUME_TIERS: readonly VolumeTier[] = Object.freeze(
  [
    { thresholdCents: 1_000_000, discountPercent: "5" },
    { thresholdCents: 5_000_000, discountPercent: "10" },
    { thresholdCents: 10_000_000, discountPercent: "15" },
    { thresholdCents: 50_000_000, discountPercent: "20" },
  ].map((tier) => Object.freeze(tier)),
);

/** The largest tier that a sum of purchases has reached; undefined below the first. */
export function tierReached(spent: bigint): VolumeTier | undefined {
  return VOLUME_TIERS.findLast(({ thresholdCents }) => spent >= BigInt(thresholdCents));
}

/** The tier that comes next; undefined at the last. */
export function tierAfter(spent: bigint): VolumeTier | undefined {
  return VOLUME_TIERS.find(({ thresholdCents }) => spent < BigInt(thresholdCents));
}

/** The percentage at which a purchase is priced that is made now: the purchase itself is not in the sum yet. */
export function volumePercent(spent: bigint): string {
  return tierReached(spent)?.discountPercent ?? "0";
}
