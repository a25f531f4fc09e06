// Credits as one would explain them, cent by cent: an independent model that the engine is compared with, and random
// histories for both.

import fc from "fast-check";
import { DAY_MS } from "../../src/kernel/index.ts";

/** Numbers of lots and deductions count from the first, modulo how many there are. */
export type Step =
  | { readonly kind: "wait"; readonly days: number }
  | { readonly kind: "sweep" }
  | { readonly kind: "issue"; readonly cents: number; readonly days: number | null }
  | { readonly kind: "adjust"; readonly cents: number }
  | {
      readonly kind: "deduct";
      readonly cents: number;
      readonly allowPartial: boolean;
      readonly reference: string | null;
    }
  | { readonly kind: "void"; readonly lot: number }
  | { readonly kind: "reverse"; readonly deduction: number; readonly cents: number | null };

const days = fc.option(fc.integer({ min: 1, max: 6 }), { nil: null });
const reference = fc.option(fc.constantFrom("r1", "r2", "r3"), { nil: null });

const issue = fc.record({
  kind: fc.constant("issue" as const),
  cents: fc.integer({ min: 1, max: 50 }),
  days,
});
const deduct = fc.record({
  kind: fc.constant("deduct" as const),
  cents: fc.integer({ min: 1, max: 80 }),
  allowPartial: fc.boolean(),
  reference,
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: issue },
  { weight: 5, arbitrary: deduct },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), days: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "sweep" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("adjust" as const),
      cents: fc.integer({ min: -30, max: 20 }).filter((cents) => cents !== 0),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("void" as const), lot: fc.nat(9) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("reverse" as const),
      deduction: fc.nat(9),
      cents: fc.option(fc.integer({ min: 1, max: 40 }), { nil: null }),
    }),
  },
);

export const histories = fc.array(step, { minLength: 1, maxLength: 30 });

interface PlainLot {
  left: number;
  readonly end: number;
  isVoided: boolean;
}

interface PlainDeduction {
  /** The lot of each cent that is still taken, in the order of taking. */
  readonly cents: PlainLot[];
  readonly taken: number;
}

export class PlainCredits {
  readonly lots: PlainLot[] = [];
  readonly deductions: PlainDeduction[] = [];
  readonly sums = { issued: 0, used: 0, expired: 0, voided: 0, adjusted: 0 };
  readonly #byReference = new Map<string, { asked: number; taken: number }>();
  now: number;

  constructor(now: number) {
    this.now = now;
  }

  get balance(): number {
    return this.lots.reduce((sum, { left, end }) => sum + (end > this.now ? left : 0), 0);
  }

  /** What is left per lot: nothing of those that have ended. */
  get left(): number[] {
    return this.lots.map(({ left, end }) => (end > this.now ? left : 0));
  }

  /** What has expired, posted or not. */
  get expired(): number {
    return this.sums.expired + this.lots.reduce((sum, { left, end }) => sum + (end > this.now ? 0 : left), 0);
  }

  /** Does a step; answers with how much the balance moved, or why it did not. */
  take(step: Step): number | string {
    switch (step.kind) {
      case "wait":
        this.now += step.days * DAY_MS;
        return 0;
      case "sweep":
        return 0;
      case "issue":
        this.sums.issued += step.cents;
        this.#add(step.cents, step.days === null ? Number.POSITIVE_INFINITY : this.now + step.days * DAY_MS);
        return step.cents;
      case "adjust":
        if (-step.cents > this.balance) return "insufficient_credits";
        this.sums.adjusted += step.cents;
        if (step.cents > 0) this.#add(step.cents, Number.POSITIVE_INFINITY);
        else this.#draw(-step.cents);
        return step.cents;
      case "deduct":
        return this.#deduct(step);
      case "void":
        return this.#void(step.lot);
      case "reverse":
        return this.#reverse(step.deduction, step.cents);
    }
  }

  #add(left: number, end: number): void {
    this.lots.push({ left, end, isVoided: false });
  }

  #draw(cents: number): PlainLot[] {
    const taken: PlainLot[] = [];
    while (taken.length < cents) {
      let next: PlainLot | undefined;
      for (const lot of this.lots) {
        if (lot.left === 0 || lot.end <= this.now) continue;
        if (next === undefined || lot.end < next.end) next = lot;
      }
      if (next === undefined) break;
      next.left -= 1;
      taken.push(next);
    }
    return taken;
  }

  #deduct({ cents, allowPartial, reference }: Step & { kind: "deduct" }): number | string {
    const known = reference === null ? undefined : this.#byReference.get(reference);
    if (known !== undefined) {
      const isPart = !allowPartial && known.taken < cents;
      return known.asked === cents && !isPart ? 0 - known.taken : "reference_conflict";
    }
    if (!allowPartial && cents > this.balance) return "insufficient_credits";
    const taken = this.#draw(cents);
    this.sums.used += taken.length;
    this.deductions.push({ cents: taken, taken: taken.length });
    if (reference !== null) this.#byReference.set(reference, { asked: cents, taken: taken.length });
    return 0 - taken.length;
  }

  #void(number: number): number | string {
    const lot = this.lots[number % Math.max(1, this.lots.length)];
    if (lot === undefined) return "lot_not_found";
    if (lot.isVoided) return "again";
    lot.isVoided = true;
    if (lot.end <= this.now) return 0;
    const gone = lot.left;
    this.sums.voided += gone;
    lot.left = 0;
    return 0 - gone;
  }

  #reverse(number: number, cents: number | null): number | string {
    const deduction = this.deductions[number % Math.max(1, this.deductions.length)];
    if (deduction === undefined) return "transaction_not_found";
    if (cents !== null && cents > deduction.cents.length) return "reversal_too_large";
    if (cents === null && deduction.cents.length === 0 && deduction.taken > 0) return "again";
    const back = deduction.cents.splice(deduction.cents.length - (cents ?? deduction.cents.length));
    for (const lot of back) {
      this.sums.used -= 1;
      if (lot.isVoided && lot.end > this.now) this.sums.voided += 1;
      else lot.left += 1;
    }
    return back.length;
  }
}
