// Discounts as one would explain them, use by use: an independent model that the engine is compared with, and random
// histories for both.

import fc from "fast-check";

/** Codes and tenants count from the first; uses from the first, modulo how many there are. */
export type Step =
  | { readonly kind: "wait"; readonly hours: number }
  | { readonly kind: "sweep" }
  | { readonly kind: "disable"; readonly code: number }
  | ({ readonly kind: "reserve" | "apply"; readonly hours: number } & PlainAsk)
  | { readonly kind: "confirm" | "release"; readonly use: number }
  | {
      readonly kind: "purchase" | "refund";
      readonly tenant: number;
      readonly cents: number;
      readonly reference: string;
    };

export interface PlainAsk {
  readonly code: number;
  readonly tenant: number;
  readonly cents: number;
  readonly reference: string;
}

export interface PlainCode {
  /** Ten-thousandths of a percent; null: an amount; "volume": that of the tier. */
  readonly percent: number | "volume" | null;
  readonly cents: number;
  readonly max: number;
  readonly own: number;
  readonly least: number;
  /** In hours from the start. */
  readonly from: number;
  readonly until: number;
}

const NEVER = Number.POSITIVE_INFINITY;

export const CODES: readonly PlainCode[] = [
  { percent: 500_000, cents: 0, max: 2, own: 2, least: 0, from: 0, until: NEVER },
  { percent: null, cents: 700, max: NEVER, own: NEVER, least: 0, from: 0, until: 5 },
  { percent: "volume", cents: 0, max: 4, own: 3, least: 0, from: 0, until: NEVER },
  { percent: 333_333, cents: 0, max: 5, own: 1, least: 1_000, from: 1, until: NEVER },
];
export const TENANTS = 2;

// The first two more often: so that their room is fought for, and reservations end beside other codes of a purchase.
const code = fc.constantFrom(0, 0, 0, 1, 1, 2, 3);
const tenant = fc.nat(TENANTS - 1);
const reference = fc.constantFrom("r1", "r2", "r3");
const ask = {
  ...{ code, tenant, reference, hours: fc.integer({ min: 1, max: 2 }) },
  cents: fc.constantFrom(999, 1_000, 1_000, 1_000, 1_000, 65_431),
};
const use = fc.nat(9);
const kindOf = <Kind extends string>(kind: Kind) => fc.constant(kind);
const volume = { tenant, reference, cents: fc.constantFrom(1_000_000, 4_000_000, 999_999, 1) };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: kindOf("reserve"), ...ask }) },
  { weight: 5, arbitrary: fc.record({ kind: kindOf("apply"), ...ask }) },
  { weight: 3, arbitrary: fc.record({ kind: kindOf("confirm"), use }) },
  { weight: 3, arbitrary: fc.record({ kind: kindOf("release"), use }) },
  { weight: 3, arbitrary: fc.record({ kind: kindOf("wait"), hours: fc.integer({ min: 1, max: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: kindOf("sweep") }) },
  { weight: 1, arbitrary: fc.record({ kind: kindOf("disable"), code }) },
  { weight: 2, arbitrary: fc.record({ kind: kindOf("purchase"), ...volume }) },
  { weight: 1, arbitrary: fc.record({ kind: kindOf("refund"), ...volume }) },
);

export const histories = fc.array(step, { minLength: 4, maxLength: 18 });

interface PlainUse extends PlainAsk {
  /** What the uses before it left of the purchase. */
  readonly left: number;
  readonly off: number;
  readonly percentOff: boolean;
  state: "reserved" | "confirmed" | "released";
  readonly end: number;
}

export class PlainDiscounts {
  readonly uses: PlainUse[] = [];
  readonly spent: number[] = new Array(TENANTS).fill(0);
  readonly #disabled = new Set<number>();
  readonly #entries = new Map<string, { cents: number; after: number }>();
  #hour = 0;

  /** How often a code is used now, and what that takes off. */
  totals(code: number): { uses: number; off: number } {
    const counting = this.uses.filter((one) => one.code === code && this.#counts(one));
    return { uses: counting.length, off: sum(counting) };
  }

  /** Does a step; answers with what came of it, in a few words. */
  take(step: Step): string {
    switch (step.kind) {
      case "wait":
        this.#hour += step.hours;
        return "";
      case "sweep":
        return "";
      case "disable":
        this.#disabled.add(step.code);
        return "";
      case "reserve":
      case "apply":
        return this.#redeem(step);
      case "confirm":
        return this.#confirm(this.uses[step.use % Math.max(1, this.uses.length)]);
      case "release":
        return this.#release(this.uses[step.use % Math.max(1, this.uses.length)]);
      case "purchase":
      case "refund":
        return this.#buy(step);
    }
  }

  /** Cents that a code takes off now, or why none. */
  look({ code, tenant, cents, reference }: PlainAsk): number | string {
    const terms = CODES[code] as PlainCode;
    const present = this.#find({ code, tenant, cents, reference });
    if (present !== undefined) {
      if (present.cents !== cents) return "reference_conflict";
      return this.#counts(present) ? present.off : "redemption_ended";
    }
    const others = this.#others(tenant, reference, code);
    if (others.some((one) => one.cents !== cents)) return "reference_conflict";
    const left = cents - sum(others);
    const live = this.uses.filter((one) => one.code === code && this.#counts(one));
    const off = this.#off(terms, left, tenant);
    if (this.#disabled.has(code)) return "code_disabled";
    if (live.length >= terms.max) return "code_exhausted";
    if (this.#hour >= terms.until) return "code_expired";
    if (this.#hour < terms.from) return "code_not_yet_active";
    if (cents < terms.least) return "min_purchase_not_met";
    if (live.filter((one) => one.tenant === tenant).length >= terms.own) return "max_uses_per_org";
    if (terms.percent !== null && others.some(({ percentOff }) => !percentOff)) return "stacking_order";
    return off === 0 ? "no_discount" : off;
  }

  #redeem(step: Step & { kind: "reserve" | "apply" }): string {
    const { kind, hours, code, tenant, cents, reference } = step;
    const off = this.look(step);
    if (typeof off === "string") return off;
    const wanted = kind === "apply" ? "confirmed" : "reserved";
    const present = this.#find(step);
    if (present !== undefined)
      return wanted === "confirmed" ? this.#confirm(present) : `${present.state} ${off}`;
    const others = this.#others(tenant, reference, code);
    if (wanted === "confirmed" && others.some(({ state }) => state === "reserved")) return "confirm_in_order";
    const percentOff = CODES[code]?.percent !== null;
    const [left, end] = [cents - sum(others), this.#hour + hours];
    this.uses.push({ code, tenant, cents, reference, left, off, percentOff, state: wanted, end });
    return `${wanted} ${off}`;
  }

  #confirm(use: PlainUse | undefined): string {
    if (use === undefined) return "redemption_not_found";
    if (use.state === "released") return "redemption_released";
    if (use.state === "reserved") {
      const others = this.#others(use.tenant, use.reference, use.code);
      if (others.some(({ cents }) => cents !== use.cents)) return "room_taken";
      const before = others.filter(({ left }) => left > use.left);
      if (use.left !== use.cents - sum(before)) return "base_moved";
      if (before.some(({ state }) => state === "reserved")) return "confirm_in_order";
      // Those after it began where it ends.
      const after = others.filter((one) => !before.includes(one));
      const ends = [use, ...after].map(({ left, off }) => left - off);
      if (after.some(({ left }) => !ends.includes(left))) return "room_taken";
      if (!this.#counts(use)) {
        const { max, own } = CODES[use.code] as PlainCode;
        const live = this.uses.filter((one) => one.code === use.code && this.#counts(one));
        if (live.length >= max || live.filter(({ tenant }) => tenant === use.tenant).length >= own)
          return "room_taken";
      }
      use.state = "confirmed";
    }
    return `confirmed ${use.off}`;
  }

  #release(use: PlainUse | undefined): string {
    if (use === undefined) return "redemption_not_found";
    if (use.state === "confirmed") return "redemption_confirmed";
    if (use.state === "reserved" && !this.#counts(use)) return `expired ${use.off}`;
    use.state = "released";
    return `released ${use.off}`;
  }

  #buy({ kind, tenant, cents, reference }: Step & { kind: "purchase" | "refund" }): string {
    const key = `${kind} ${tenant} ${reference}`;
    const known = this.#entries.get(key);
    if (known !== undefined) return known.cents === cents ? String(known.after) : "reference_conflict";
    const after = (this.spent[tenant] as number) + (kind === "purchase" ? cents : -cents);
    if (after < 0) return "refund_too_large";
    this.spent[tenant] = after;
    this.#entries.set(key, { cents, after });
    return String(after);
  }

  #off({ percent, cents }: PlainCode, left: number, tenant: number): number {
    if (percent === null) return Math.min(cents, left);
    const units = percent === "volume" ? tierOf(this.spent[tenant] as number) * 10_000 : percent;
    return Math.floor((2 * left * units + 1_000_000) / 2_000_000);
  }

  #find({ code, tenant, reference }: PlainAsk): PlainUse | undefined {
    return this.uses.find((one) => one.code === code && one.tenant === tenant && one.reference === reference);
  }

  #others(tenant: number, reference: string, code: number): PlainUse[] {
    return this.uses.filter(
      (one) => one.tenant === tenant && one.reference === reference && one.code !== code && this.#counts(one),
    );
  }

  #counts({ state, end }: PlainUse): boolean {
    return state === "confirmed" || (state === "reserved" && this.#hour < end);
  }
}

function tierOf(spent: number): number {
  if (spent >= 50_000_000) return 20;
  if (spent >= 10_000_000) return 15;
  if (spent >= 5_000_000) return 10;
  return spent >= 1_000_000 ? 5 : 0;
}

function sum(uses: readonly PlainUse[]): number {
  return uses.reduce((total, { off }) => total + off, 0);
}
