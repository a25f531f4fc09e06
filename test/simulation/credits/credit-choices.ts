// What happens next to credits: follows from the seed and the model, never from the engine.

import { TENANTS } from "../choices.ts";
import type { World } from "../part.ts";
import type { CreditChange, End, ExpectedCredits, LotType } from "./expected-credits.ts";
import { NOTICE_MS } from "./expected-expiry-notices.ts";

const TYPES: readonly LotType[] = ["promotional", "referral", "refund", "purchase"];
const HOUR = 3_600_000;
const WEIGHTS = { issue: 7, deduct: 9, retry: 4, reverse: 5, adjust: 3, void: 2 };

export class CreditChoices {
  readonly #world: World;
  readonly #credits: ExpectedCredits;
  /** Changes that were asked for with a reference, whatever came of them. */
  readonly #referenced: CreditChange[] = [];
  #names = 0;

  constructor(world: World, credits: ExpectedCredits) {
    this.#world = world;
    this.#credits = credits;
  }

  next(): CreditChange {
    const { random } = this.#world;
    const tenant = random.pick(TENANTS);
    const kind = random.weighted(WEIGHTS);
    if (kind === "retry" && this.#referenced.length > 0) return this.#retry();
    const change = this.#change(tenant, kind === "retry" ? "issue" : kind);
    if (change.reference !== null) this.#referenced.push(change);
    return change;
  }

  #change(tenant: string, kind: "issue" | "deduct" | "reverse" | "adjust" | "void"): CreditChange {
    const { random } = this.#world;
    const by = this.#by(tenant);
    switch (kind) {
      case "issue":
        return { do: "issue", ...by, type: random.pick(TYPES), cents: this.#cents(3_000), end: this.#end() };
      case "adjust": {
        const isTaken = random.chance(0.5);
        const cents = this.#cents(800) * (isTaken ? -1 : 1);
        return { do: "adjust", ...by, cents, end: isTaken ? null : this.#end() };
      }
      case "deduct": {
        const allowPartial = random.pick([null, null, true, false]);
        return { do: "deduct", ...by, cents: this.#toTake(tenant), allowPartial };
      }
      case "void":
        return { do: "void", ...by, lot: this.#lot(tenant) };
      case "reverse": {
        const deduction = this.#deduction(tenant);
        if (deduction === null) return this.#change(tenant, "deduct");
        const { name, cents } = deduction;
        const part = random.chance(0.5) ? null : random.int(1, cents + 2);
        return { do: "reverse", ...by, deduction: name, cents: part };
      }
    }
  }

  #by(tenant: string) {
    const { random } = this.#world;
    this.#names += 1;
    const reference = random.chance(0.35)
      ? // What another tenant has used is free; what another change has used is not.
        this.#referenced.length > 0 && random.chance(0.15)
        ? random.pick(this.#referenced).reference
        : `ref-${this.#names}`
      : null;
    return { name: `credit-${this.#names}`, tenant, reference, actor: random.pick([null, "ann"]) };
  }

  /** The same once more, or something else under its reference. */
  #retry(): CreditChange {
    const { random } = this.#world;
    this.#names += 1;
    const again = { ...random.pick(this.#referenced.slice(-30)), name: `credit-${this.#names}` };
    return "cents" in again && again.cents !== null && random.chance(0.25)
      ? { ...again, cents: again.cents + (again.cents < 0 ? -1 : 1) }
      : again;
  }

  #cents(most: number): number {
    const { random } = this.#world;
    return random.chance(0.1) ? 1 : random.int(1, most);
  }

  /** Some of what is there, all of it, or more; at times just the first lot. */
  #toTake(tenant: string): number {
    const { random } = this.#world;
    const lots = this.#credits.open(tenant);
    const { balance } = this.#credits.account(tenant);
    switch (random.weighted({ any: 5, part: 4, first: 1, all: 1, more: 1 })) {
      case "any":
        return this.#cents(1_500);
      case "part":
        return Math.max(1, Math.floor((balance * random.int(1, 10)) / 10));
      case "first":
        return lots[0]?.left ?? 1;
      case "all":
        return Math.max(1, balance);
      case "more":
        return balance + random.int(1, 3);
    }
  }

  #end(): End {
    const { random, now } = this.#world;
    switch (random.weighted({ never: 3, days: 4, at: 3, same: 2, past: 0.4 })) {
      case "never":
        return null;
      case "days":
        return { days: random.int(1, 12) };
      case "at":
        return { at: now() + random.int(1, 240) * HOUR };
      case "same": {
        // Of two lots that end together the older one goes first.
        const coming = this.#ends();
        return coming.length === 0 ? null : { at: random.pick(coming) };
      }
      case "past":
        return { at: now() - random.int(0, 1) };
    }
  }

  #ends(): number[] {
    return this.#credits.lots
      .map(({ end }) => end)
      .filter((end) => end > this.#world.now() && Number.isFinite(end));
  }

  /** An end to come, or when it is to be told of, if there is one. */
  nextEnd(): number | null {
    const { random, now } = this.#world;
    const ends = this.#ends();
    const moments = [...ends, ...ends.map((end) => end - NOTICE_MS).filter((at) => at > now())];
    return moments.length === 0 ? null : random.pick(moments);
  }

  /** A lot of the tenant, at times another's, or none. */
  #lot(tenant: string): string {
    const { random } = this.#world;
    const mine = this.#credits.lots.filter((lot) => lot.tenant === tenant || random.chance(0.03));
    return mine.length === 0 || random.chance(0.04) ? "credit-none" : random.pick(mine.slice(-12)).name;
  }

  /** A deduction of the tenant; at times another's, another change, or none that was made. Null: there are none. */
  #deduction(tenant: string): { name: string; cents: number } | null {
    const { random } = this.#world;
    const named = this.#credits.transactions.filter(({ name }) => name !== "");
    const mine = named
      .filter((one) => one.tenant === tenant || random.chance(0.01))
      .filter(({ kind }) => kind === "deduct" || random.chance(0.03));
    if (random.chance(0.03)) return { name: "credit-none", cents: 5 };
    if (mine.length === 0) return null;
    const { name, cents } = random.pick(mine.slice(-8));
    return { name, cents: Math.abs(cents) };
  }
}
