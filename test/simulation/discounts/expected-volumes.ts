// What organizations have bought, and the tier that they have reached by it: entries in a list, summed anew.

export interface VolumeChange {
  readonly do: "purchase" | "refund";
  readonly tenant: string;
  readonly cents: number;
  readonly reference: string | null;
}

export interface Entry extends VolumeChange {
  readonly at: number;
  /** What was bought less refunds, before it and with it. */
  readonly before: number;
  readonly after: number;
}

/** From so many cents on, so many percent. */
const TIERS = [
  [1_000_000, 5],
  [5_000_000, 10],
  [10_000_000, 15],
  [50_000_000, 20],
] as const;
export const THRESHOLDS = TIERS.map(([cents]) => cents);

export class ExpectedVolumes {
  readonly entries: Entry[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Its entry, or the earlier one that it repeats. */
  record(change: VolumeChange): Entry | { readonly code: string } {
    const { tenant, cents, reference } = change;
    const known = this.entries.find(
      (one) =>
        reference !== null && one.tenant === tenant && one.do === change.do && one.reference === reference,
    );
    if (known !== undefined) return known.cents === cents ? known : { code: "reference_conflict" };
    const before = this.spent(tenant);
    const after = before + (change.do === "purchase" ? cents : -cents);
    if (after < 0) return { code: "refund_too_large" };
    const entry = { ...change, at: this.#now(), before, after };
    this.entries.push(entry);
    return entry;
  }

  /** What is taken back lowers the sum by no more than is left of it. */
  takeBack(tenant: string, cents: number, reference: string): void {
    const left = Math.min(cents, this.spent(tenant));
    if (left > 0) this.record({ do: "refund", tenant, cents: left, reference });
  }

  spent(tenant: string): number {
    return this.entries
      .filter((one) => one.tenant === tenant)
      .reduce((sum, one) => sum + (one.do === "purchase" ? one.cents : -one.cents), 0);
  }

  percent(tenant: string): number {
    return percentAt(this.spent(tenant));
  }
}

/** A tier is reached at its threshold. */
export function percentAt(spent: number): number {
  let reached = 0;
  for (const [threshold, percent] of TIERS) if (spent >= threshold) reached = percent;
  return reached;
}

/** What is missing to the next tier; null: there is none. */
export function missingAt(spent: number): number | null {
  const next = THRESHOLDS.find((threshold) => threshold > spent);
  return next === undefined ? null : next - spent;
}
