// What happens next to codes and volume sums: follows from the seed and the models, never from the engine.

import { TENANTS } from "../choices.ts";
import type { World } from "../part.ts";
import type { ExpectedDiscounts, Terms, Use, Worth } from "./expected-discounts.ts";
import { type ExpectedVolumes, THRESHOLDS, type VolumeChange } from "./expected-volumes.ts";

export type DiscountOperation =
  | Use
  | VolumeChange
  | { readonly do: "createCode"; readonly terms: Terms }
  | { readonly do: "disableCode"; readonly code: string }
  | { readonly do: "confirm" | "giveBack"; readonly tenant: string; readonly redemption: string };

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MOST_CODES = 20;
const ORDERS = ["order-1", "order-2"];
const PURCHASES = [100, 999, 1_001, 4_999, 5_000, 29_900];
const TIERS = ["free", "starter", "professional", "enterprise"];
const NOT_CODES = ["", "  ", "-SAVE-1", "SAVE 1", "SAVE\u00df1", "nobody"];
const WEIGHTS = {
  ...{ createCode: 4, disableCode: 0.2, validate: 4, apply: 8, reserve: 8, retry: 6 },
  ...{ confirm: 5, giveBack: 3, purchase: 4, refund: 2, retryVolume: 1.5 },
};

export class DiscountChoices {
  readonly #world: World;
  readonly #discounts: ExpectedDiscounts;
  readonly #volumes: ExpectedVolumes;
  readonly #uses: Use[] = [];
  #names = 0;

  constructor(world: World, discounts: ExpectedDiscounts, volumes: ExpectedVolumes) {
    this.#world = world;
    this.#discounts = discounts;
    this.#volumes = volumes;
  }

  next(): DiscountOperation {
    const { random } = this.#world;
    const { codes } = this.#discounts;
    if (codes.length < 4) return this.#create();
    const tenant = random.pick(TENANTS);
    const kind = random.weighted(WEIGHTS);
    switch (kind) {
      case "createCode":
        return codes.length < MOST_CODES ? this.#create() : this.#use("apply", tenant);
      case "disableCode":
        return { do: kind, code: this.#typed() };
      case "validate":
      case "apply":
      case "reserve":
        return this.#use(kind, tenant);
      case "retry":
        return this.#retry(tenant);
      case "confirm":
      case "giveBack": {
        const redemption = this.#redemption(tenant);
        return redemption === null ? this.#use("reserve", tenant) : { do: kind, tenant, redemption };
      }
      case "purchase":
      case "refund":
        return this.#volume(kind, tenant);
      case "retryVolume":
        return this.#retryVolume(tenant);
    }
  }

  /** Of a reservation or a code; null: nothing ends. */
  nextEnd(): number | null {
    const { random, now } = this.#world;
    const reserved = this.#discounts.redemptions.filter(({ state }) => state === "reserved");
    const ends = [
      ...reserved.map(({ end }) => end),
      ...this.#discounts.codes.flatMap(({ from, to }) => [from ?? 0, to ?? 0]),
    ].filter((end) => end > now());
    return ends.length === 0 ? null : random.pick(ends);
  }

  // Codes

  #create(): DiscountOperation {
    const { random } = this.#world;
    const { codes } = this.#discounts;
    if (codes.length > 0 && random.chance(0.1)) {
      const { isDisabled, createdAt, ...terms } = random.pick(codes);
      const same = { ...terms, code: this.#asTyped(terms.code) };
      return {
        do: "createCode",
        terms: random.chance(0.5) ? same : { ...same, minPurchase: same.minPurchase + 1 },
      };
    }
    return { do: "createCode", terms: this.#terms(this.#asTyped(`SAVE-${codes.length + 1}`)) };
  }

  #terms(code: string): Terms {
    const { random, now } = this.#world;
    const from = random.chance(0.15) ? now() + random.int(-48, 120) * HOUR : null;
    return {
      ...{ code, worth: this.#worth(), from },
      maxUses: random.chance(0.6) ? random.int(1, 7) : null,
      maxUsesPerOrganization: random.pick([1, 2, 3, 4, null, null]),
      minPurchase: random.chance(0.15) ? random.pick(PURCHASES) + random.int(0, 1) : 0,
      tiers: random.chance(0.12) ? [random.pick(TIERS), random.pick(TIERS)].filter(once) : [],
      organizations: random.chance(0.1) ? [random.pick(TENANTS), random.pick(TENANTS)].filter(once) : [],
      to: random.chance(0.15) ? Math.max(from ?? 0, now()) + random.int(1, 600) * HOUR : null,
    };
  }

  #worth(): Worth {
    const { random } = this.#world;
    switch (random.weighted({ round: 4, odd: 3, cents: 3, volume: 3 })) {
      case "round":
        return { millionths: random.pick([50_000, 125_000, 500_000, 1_000_000]) };
      case "odd":
        return { millionths: random.int(1, 999_999) };
      case "cents":
        return { cents: random.int(1, 3_000) };
      case "volume":
        return "volume";
    }
  }

  /** A code as somebody types it. */
  #typed(): string {
    const { random } = this.#world;
    if (random.chance(0.04)) return random.pick(NOT_CODES);
    return this.#asTyped(random.pick(this.#discounts.codes.slice(-6)).code);
  }

  #asTyped(code: string): string {
    const { random } = this.#world;
    const text = random.chance(0.3) ? code.toLowerCase() : code;
    return random.chance(0.1) ? ` ${text} ` : text;
  }

  // Uses

  #use(kind: Use["do"], tenant: string): Use {
    const { random } = this.#world;
    const { name, reference, purchase } = this.#purchase(tenant);
    const use: Use = {
      ...{ do: kind, name, tenant, code: this.#typed(), purchase, reference },
      tier: random.chance(0.6) ? random.pick(TIERS) : null,
      user: kind !== "validate" && random.chance(0.3) ? "ann" : null,
      ttlMs: kind === "reserve" ? this.#ttl() : null,
    };
    this.#uses.push(use);
    return use;
  }

  /** One of its own, or an order that other codes are used on too: then mostly of the amount that they are used on. */
  #purchase(tenant: string) {
    const { random } = this.#world;
    this.#names += 1;
    const name = `redemption-${this.#names}`;
    const amount = random.chance(0.5) ? random.pick(PURCHASES) : random.int(1, 60_000);
    if (random.chance(0.25)) return { name, reference: null, purchase: amount };
    const reference = random.chance(0.4) ? `cart-${this.#names}` : random.pick(ORDERS);
    const known = this.#discounts.redemptions.find(
      (one) => one.tenant === tenant && one.reference === reference && this.#discounts.counts(one),
    );
    const isSame = known !== undefined && random.chance(0.9);
    return { name, reference, purchase: isSame ? known.purchase : amount };
  }

  #ttl(): number | null {
    const { random } = this.#world;
    return random.chance(0.25) ? null : random.chance(0.2) ? 7 * DAY : random.int(1, 30 * HOUR);
  }

  /** The same once more, or under its reference in another way. */
  #retry(tenant: string): Use {
    const { random } = this.#world;
    // Mostly one that was granted.
    const isGranted = (use: Use) => this.#discounts.redemptions.some(({ name }) => name === use.name);
    const known = this.#uses
      .filter((use) => use.reference !== null && (isGranted(use) || random.chance(0.2)))
      .slice(-15);
    if (known.length === 0) return this.#use("apply", tenant);
    this.#names += 1;
    const use = { ...random.pick(known), name: `redemption-${this.#names}` };
    switch (random.weighted({ same: 6, apply: 2, validate: 1, amount: 1, tenant: 1 })) {
      case "same":
        return use;
      case "apply":
        return { ...use, do: "apply", ttlMs: null };
      case "validate":
        return { ...use, do: "validate", user: null, ttlMs: null };
      case "amount":
        return { ...use, purchase: use.purchase + 1 };
      case "tenant":
        return { ...use, tenant };
    }
  }

  /** Mostly a reservation of the tenant; at times another's, or none that was made. Null: there are none. */
  #redemption(tenant: string): string | null {
    const { random } = this.#world;
    if (random.chance(0.02)) return "redemption-none";
    const mine = this.#discounts.redemptions
      .filter((one) => one.tenant === tenant || random.chance(0.01))
      .filter(({ name }) => name.startsWith("redemption-"));
    const reserved = mine.filter(({ state }) => state === "reserved");
    // Room that it gave up may be another code's by now.
    const late = reserved.filter(
      (one) => !this.#discounts.counts(one) && this.#discounts.others(one).length > 0,
    );
    if (late.length > 0 && random.chance(0.3)) return random.pick(late).name;
    const from = random.chance(0.8) && reserved.length > 0 ? reserved : mine;
    return from.length === 0 ? null : random.pick(from.slice(-6)).name;
  }

  // Volumes

  #volume(kind: VolumeChange["do"], tenant: string): VolumeChange {
    const { random } = this.#world;
    this.#names += 1;
    const reference = random.chance(0.5) ? `invoice-${this.#names}` : null;
    return { do: kind, tenant, reference, cents: Math.max(1, this.#volumeCents(kind, tenant)) };
  }

  /** Often to a threshold, or a cent beside it. */
  #volumeCents(kind: VolumeChange["do"], tenant: string): number {
    const { random } = this.#world;
    const spent = this.#volumes.spent(tenant);
    if (random.chance(0.5)) {
      const threshold =
        kind === "purchase"
          ? THRESHOLDS.find((cents) => cents > spent)
          : THRESHOLDS.findLast((cents) => cents <= spent);
      if (threshold !== undefined) return Math.abs(threshold - spent) + random.pick([-1, 0, 0, 0, 1]);
    }
    if (kind === "purchase") return random.int(1, random.chance(0.2) ? 8_000_000 : 900_000);
    return random.chance(0.2) ? spent + random.int(0, 1) : random.int(1, Math.max(1, spent));
  }

  #retryVolume(tenant: string): VolumeChange {
    const { random } = this.#world;
    // The engine knows those of invoices under ids of its own.
    const known = this.#volumes.entries
      .filter(({ reference }) => reference !== null && !reference.includes("bill-"))
      .slice(-12);
    if (known.length === 0) return this.#volume("purchase", tenant);
    const { do: kind, tenant: whose, cents, reference } = random.pick(known);
    const again = { do: kind, tenant: whose, cents, reference };
    switch (random.weighted({ same: 6, amount: 1, kind: 1 })) {
      case "same":
        return again;
      case "amount":
        return { ...again, cents: cents + 1 };
      case "kind":
        return { ...again, do: kind === "purchase" ? "refund" : "purchase" };
    }
  }
}

function once<Item>(item: Item, index: number, all: readonly Item[]): boolean {
  return all.indexOf(item) === index;
}
