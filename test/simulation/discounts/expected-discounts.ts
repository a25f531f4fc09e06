// What every use of a discount code must come to, from docs/discounts.md: redemptions in a list, counted anew for each
// question.

import { decimalText } from "../amounts.ts";
import type { ExpectedVolumes } from "./expected-volumes.ts";

/** What a code takes off: millionths of the purchase, cents, or the volume tier's percentage. */
export type Worth = { readonly millionths: number } | { readonly cents: number } | "volume";

/** Null: no limit, or none. */
export interface Terms {
  /** As it was typed. */
  readonly code: string;
  readonly worth: Worth;
  readonly maxUses: number | null;
  readonly maxUsesPerOrganization: number | null;
  readonly minPurchase: number;
  readonly tiers: readonly string[];
  readonly organizations: readonly string[];
  readonly from: number | null;
  readonly to: number | null;
}

export interface Use {
  readonly do: "validate" | "apply" | "reserve";
  /** The workload's own name of the redemption that it makes. */
  readonly name: string;
  readonly tenant: string;
  readonly code: string;
  readonly purchase: number;
  /** What the volume discount takes off it before, on an invoice. */
  readonly volume?: number;
  readonly reference: string | null;
  readonly tier: string | null;
  readonly user: string | null;
  readonly ttlMs: number | null;
}

export interface Code extends Terms {
  readonly createdAt: number;
  isDisabled: boolean;
}

/** What a code takes off what those before it left. */
export interface Grant {
  readonly base: number;
  readonly discount: number;
  /** Null: an amount is taken off. */
  readonly percent: string | null;
}

export interface Redemption extends Grant {
  readonly name: string;
  readonly tenant: string;
  /** Null: a purchase of its own. */
  readonly reference: string | null;
  readonly code: string;
  readonly user: string | null;
  readonly purchase: number;
  readonly createdAt: number;
  readonly end: number;
  state: "reserved" | "confirmed" | "released";
  /** Whether somebody has put on record that it has ended. */
  isTidied: boolean;
}

export interface Failure {
  readonly code: string;
}

export const DEFAULT_TTL_MS = 30 * 60_000;
const WHOLE = 1_000_000;

export class ExpectedDiscounts {
  readonly codes: Code[] = [];
  readonly redemptions: Redemption[] = [];
  readonly #volumes: ExpectedVolumes;
  readonly #now: () => number;

  constructor(now: () => number, volumes: ExpectedVolumes) {
    this.#now = now;
    this.#volumes = volumes;
  }

  find(typed: string): Code | undefined {
    const name = canonical(typed);
    return this.codes.find(({ code }) => code === name);
  }

  create(terms: Terms): Code | Failure {
    const known = this.find(terms.code);
    const code = {
      ...terms,
      code: canonical(terms.code) as string,
      createdAt: this.#now(),
      isDisabled: false,
    };
    if (known !== undefined) return sayTheSame(known, code) ? known : { code: "code_exists" };
    this.codes.push(code);
    return code;
  }

  disable(typed: string): Code | Failure {
    const code = this.find(typed);
    if (code === undefined) return { code: "code_not_found" };
    code.isDisabled = true;
    return code;
  }

  /** What a use comes to now: an earlier redemption, or a new one's terms. Changes nothing. */
  look(use: Use): Redemption | Grant | Failure {
    if (canonical(use.code) === undefined) return { code: "code_invalid" };
    const code = this.find(use.code);
    if (code === undefined) return { code: "code_not_found" };
    const { tenant, purchase } = use;
    const together = this.#together(tenant, use.reference);
    const own = together.find((one) => one.code === code.code);
    if (own !== undefined) {
      if (own.purchase !== purchase) return { code: "reference_conflict" };
      return this.counts(own) ? own : { code: "redemption_ended" };
    }
    const others = together.filter((one) => this.counts(one));
    if (others.some((one) => one.purchase !== purchase)) return { code: "reference_conflict" };
    const base = purchase - (use.volume ?? 0) - sumOf(others);
    const granted = { base, ...this.#off(code, base, tenant) };
    const reason = this.#refusal(code, use, others, granted);
    return reason === null ? granted : { code: reason };
  }

  /** Uses a code for good, or until the end of its time. */
  redeem(use: Use): Redemption | Failure {
    const found = this.look(use);
    if (!("base" in found)) return found;
    if ("name" in found) return use.do === "apply" ? this.confirm(use.tenant, found.name) : found;
    const { code } = this.find(use.code) as Code;
    // What is final is not a part of what may be given back.
    const open = this.#together(use.tenant, use.reference).some((one) => this.#isOpen(one));
    if (use.do === "apply" && open) return { code: "confirm_in_order" };
    this.#tidy(code);
    const { name, tenant, purchase, user } = use;
    const isFinal = use.do === "apply";
    const redemption: Redemption = {
      ...{ ...found, name, tenant, code, purchase, user, reference: use.reference, createdAt: this.#now() },
      end: this.#now() + (isFinal ? 0 : (use.ttlMs ?? DEFAULT_TTL_MS)),
      state: isFinal ? "confirmed" : "reserved",
      isTidied: false,
    };
    this.redemptions.push(redemption);
    return redemption;
  }

  /** After its end too, where there is room. */
  confirm(tenant: string, name: string): Redemption | Failure {
    const redemption = this.#redemption(tenant, name);
    if (redemption === undefined) return { code: "redemption_not_found" };
    if (redemption.state === "released") return { code: "redemption_released" };
    if (redemption.state === "reserved") {
      const isFull = !this.counts(redemption) && this.#isFull(this.find(redemption.code) as Code, tenant);
      const refused = this.#misplaced(redemption) ?? (isFull ? "room_taken" : null);
      if (refused !== null) return { code: refused };
    }
    this.#tidy(redemption.code);
    redemption.state = "confirmed";
    return redemption;
  }

  giveBack(tenant: string, name: string): Redemption | Failure {
    const redemption = this.#redemption(tenant, name);
    if (redemption === undefined) return { code: "redemption_not_found" };
    if (redemption.state === "confirmed") return { code: "redemption_confirmed" };
    this.#tidy(redemption.code);
    if (this.counts(redemption)) redemption.state = "released";
    return redemption;
  }

  /** In the order of their use each of a purchase's codes takes off what the one before it left. */
  #misplaced(redemption: Redemption): string | null {
    const { tenant, reference, purchase, base } = redemption;
    const all = this.#together(tenant, reference).filter((one) => one === redemption || this.counts(one));
    if (all.some((one) => one.purchase !== purchase)) return "room_taken";
    const before = all.filter((one) => one.base > base);
    if (purchase - sumOf(before) !== base) return "base_moved";
    if (before.some((one) => this.#isOpen(one))) return "confirm_in_order";
    let left = purchase;
    for (const one of all) {
      if (one.base !== left) return "room_taken";
      left -= one.discount;
    }
    return null;
  }

  #isOpen(one: Redemption): boolean {
    return one.state === "reserved" && this.counts(one);
  }

  /** What counts as a use now: a reservation does up to its end. */
  counts({ state, end }: Redemption): boolean {
    return state === "confirmed" || (state === "reserved" && end > this.#now());
  }

  /** What else counts on the same purchase. */
  others(redemption: Redemption): Redemption[] {
    const { tenant, reference } = redemption;
    return this.#together(tenant, reference).filter((one) => one !== redemption && this.counts(one));
  }

  usesOf(code: string): Redemption[] {
    return this.redemptions.filter((one) => one.code === code && this.counts(one));
  }

  /** Reservations that have ended while nobody has come for their room yet. */
  due(): Redemption[] {
    return this.redemptions.filter((one) => one.state === "reserved" && !this.counts(one) && !one.isTidied);
  }

  expire(): void {
    for (const redemption of this.due()) redemption.isTidied = true;
  }

  #off({ worth }: Code, base: number, tenant: string): Pick<Grant, "discount" | "percent"> {
    if (worth !== "volume" && "cents" in worth)
      return { discount: Math.min(worth.cents, base), percent: null };
    const millionths = worth === "volume" ? this.#volumes.percent(tenant) * 10_000 : worth.millionths;
    const product = BigInt(base) * BigInt(millionths);
    const rest = product % BigInt(WHOLE);
    const discount = Number((product - rest) / BigInt(WHOLE)) + (rest * 2n >= BigInt(WHOLE) ? 1 : 0);
    return { discount, percent: percentText(millionths) };
  }

  /** The first reason that holds, in the order of the documents. */
  #refusal(code: Code, use: Use, others: readonly Redemption[], { discount }: Grant): string | null {
    const now = this.#now();
    const { tenant, tier } = use;
    const [uses, ownUses] = this.#uses(code, tenant);
    const isPercentage = code.worth === "volume" || "millionths" in code.worth;
    const reasons: readonly (readonly [string, boolean])[] = [
      ["code_disabled", code.isDisabled],
      ["code_exhausted", code.maxUses !== null && uses >= code.maxUses],
      ["code_expired", code.to !== null && now >= code.to],
      ["code_not_yet_active", code.from !== null && now < code.from],
      ["org_not_eligible", code.organizations.length > 0 && !code.organizations.includes(tenant)],
      ["tier_not_eligible", code.tiers.length > 0 && (tier === null || !code.tiers.includes(tier))],
      ["min_purchase_not_met", use.purchase < code.minPurchase],
      ["max_uses_per_org", code.maxUsesPerOrganization !== null && ownUses >= code.maxUsesPerOrganization],
      ["stacking_order", isPercentage && others.some(({ percent }) => percent === null)],
      ["stacking_order", code.worth === "volume" && (use.volume ?? 0) > 0],
      ["no_discount", discount === 0],
    ];
    return reasons.find(([, holds]) => holds)?.[0] ?? null;
  }

  #isFull(code: Code, tenant: string): boolean {
    const [uses, ownUses] = this.#uses(code, tenant);
    return uses >= (code.maxUses ?? Infinity) || ownUses >= (code.maxUsesPerOrganization ?? Infinity);
  }

  #uses({ code }: Code, tenant: string): [all: number, own: number] {
    const uses = this.usesOf(code);
    return [uses.length, uses.filter((one) => one.tenant === tenant).length];
  }

  /** All of one purchase. */
  #together(tenant: string, reference: string | null): Redemption[] {
    return this.redemptions.filter(
      (one) => reference !== null && one.tenant === tenant && one.reference === reference,
    );
  }

  #redemption(tenant: string, name: string): Redemption | undefined {
    return this.redemptions.find((one) => one.tenant === tenant && one.name === name);
  }

  /** Whoever changes a code ends what is over of it. */
  #tidy(code: string): void {
    for (const redemption of this.due()) if (redemption.code === code) redemption.isTidied = true;
  }
}

/** How a code is kept; undefined where it can be none. */
export function canonical(typed: string): string | undefined {
  const code = typed.trim();
  const isInside = [...code].every((sign) => /[0-9A-Za-z_-]/.test(sign)) && code.length <= 64;
  return isInside && /^[0-9A-Za-z]/.test(code) && /[0-9A-Za-z]$/.test(code) ? code.toUpperCase() : undefined;
}

export function percentText(millionths: number): string {
  return decimalText(BigInt(millionths), 4);
}

function sayTheSame(one: Code, other: Code): boolean {
  const terms = ({ isDisabled, createdAt, ...rest }: Code) =>
    JSON.stringify({ ...rest, tiers: [...rest.tiers].sort(), organizations: [...rest.organizations].sort() });
  return terms(one) === terms(other);
}

function sumOf(redemptions: readonly Redemption[]): number {
  return redemptions.reduce((sum, { discount }) => sum + discount, 0);
}
