import type { Billing } from "../billing.ts";
import {
  type CodeCheck,
  type DiscountCodeView,
  type DiscountService,
  type NewCode,
  REFUSALS,
  type VolumeService,
  type VolumeView,
} from "../domain/discounts/index.ts";
import type { Limit, SubscriptionTier } from "../domain/plans/index.ts";
import { BillingError, type Page } from "../kernel/index.ts";
import { checkFields, named } from "./checked-call.ts";
import { defaultBilling } from "./default-billing.ts";

/** What the manager needs of a `Billing`. */
export interface DiscountingBilling {
  readonly discounts: DiscountService;
  readonly volumeDiscounts: VolumeService;
}

/** The manager has no settings: what it needs is the engine's. */
export type DiscountManagerOptions = Readonly<Record<string, never>>;

/** A code: what it takes off, for whom, how often, and how often it was used. */
export type DiscountCode = Omit<DiscountCodeView, "maxUsesPerOrganization" | "eligibleOrganizations"> & {
  readonly maxUsesPerOrg: Limit;
  /** Empty: all. */
  readonly eligibleOrgs: readonly string[];
};

/** Of `discountPercent`, `discountAmountCents` and `type: DiscountType.VOLUME` give exactly one. */
export interface NewDiscountCode extends Omit<NewCode, "maxUsesPerOrganization" | "eligibleOrganizations"> {
  /** Default 1. */
  readonly maxUsesPerOrg?: Limit | undefined;
  /** Default: all. */
  readonly eligibleOrgs?: readonly string[] | undefined;
}

/** A purchase on which a code is to be used. */
export interface DiscountedPurchase {
  readonly code: string;
  /** Absent: the tenant of `withTenant`, else the instance's. */
  readonly orgId?: string | undefined;
  /** Whole cents before any discount, from 1. */
  readonly purchaseAmountCents: number;
  /** Of an organization that is not on record; of one that is, its own tier counts. */
  readonly tier?: SubscriptionTier | undefined;
  /** The purchase, unique per organization: with it a retry uses a code once, and several codes stack on one purchase. */
  readonly reference?: string | undefined;
}

/** What a code takes off a purchase, or why it takes nothing. A value: a code that is no good is no exception. */
export interface ApplyCodeResult {
  readonly valid: boolean;
  readonly code: string;
  readonly message: string;
  /** `CODE_EXPIRED` and the like; null: it is valid. */
  readonly errorCode: string | null;
  readonly originalAmountCents: number;
  /** 0 where it is not valid. */
  readonly discountAmountCents: number;
  readonly finalAmountCents: number;
  /** Of the use that was recorded; null where none was. */
  readonly redemptionId: string | null;
}

/** What an organization has bought over its lifetime, and what its next purchase gets for it. */
export type VolumeDiscount = Omit<VolumeView, "tenant"> & { readonly orgId: string };

export interface VolumeSpend {
  readonly orgId?: string | undefined;
  /** Whole cents, from 1. */
  readonly spendCents: number;
  /** Of the purchase (or refund): with it a retry is counted once. */
  readonly reference?: string | undefined;
}

const NEW_CODE = [
  ...["code", "type", "discountPercent", "discountAmountCents", "maxUses", "maxUsesPerOrg"],
  ...["minPurchaseCents", "eligibleTiers", "eligibleOrgs", "validFrom", "expiresAt", "description"],
];
const PURCHASE = ["code", "orgId", "purchaseAmountCents", "tier", "reference"] as const;
const SPEND = ["orgId", "spendCents", "reference"] as const;
const NAMES = {
  ...{ tenant: "orgId", amountCents: "spendCents" },
  ...{ maxUsesPerOrganization: "maxUsesPerOrg", eligibleOrganizations: "eligibleOrgs" },
};

/**
 * Discount codes and volume discounts of organizations: a preset of the engine in which an organization is a tenant.
 * Amounts are whole cents, percentages exact decimals. Every method throws BillingError invalid_input naming a field that
 * is wrong or unknown.
 *
 * @example
 * const manager = getDiscountManager();
 * await manager.createCode({ code: "WELCOME50", discountPercent: 50, maxUses: 1000, maxUsesPerOrg: 1 });
 * const result = await manager.applyCode({ code: "WELCOME50", orgId: "org_123", purchaseAmountCents: 29900 });
 * console.log(result.valid ? `Discount: $${result.discountAmountCents / 100}` : `Invalid: ${result.message}`);
 */
export class DiscountManager {
  readonly #discounts: DiscountService;
  readonly #volume: VolumeService;

  constructor(_options: DiscountManagerOptions = {}, billing: DiscountingBilling = defaultBilling()) {
    this.#discounts = billing.discounts;
    this.#volume = billing.volumeDiscounts;
  }

  /**
   * Makes a code. Its terms never change: to change them, disable it and make another. The same call again is answered
   * with the code that there is.
   *
   * @throws BillingError conflict `code_exists` for a code of this name with other terms.
   */
  async createCode(code: NewDiscountCode): Promise<DiscountCode> {
    checkFields(code, NEW_CODE, "code");
    const { maxUsesPerOrg: maxUsesPerOrganization, eligibleOrgs: eligibleOrganizations, ...rest } = code;
    return named(NAMES, async () =>
      codeOf(await this.#discounts.createCode({ ...rest, maxUsesPerOrganization, eligibleOrganizations })),
    );
  }

  /** What a code would take off a purchase now, by the very rules of {@link applyCode}; takes no use. */
  async validateCode(purchase: DiscountedPurchase): Promise<ApplyCodeResult> {
    checkFields(purchase, PURCHASE, "purchase");
    const check = await named(NAMES, () => this.#discounts.validate(useOf(purchase)));
    return { ...resultOf(check), redemptionId: null };
  }

  /**
   * Uses a code for a purchase, for good. With a `reference` a retry has the first result and takes nothing. To take a use
   * at checkout and give it back when that fails, call `billing.discounts.reserve`, `confirm` and `release`.
   *
   * @throws BillingError conflict `reference_conflict` for another amount under the reference.
   */
  async applyCode(
    purchase: DiscountedPurchase & { readonly userId?: string | undefined },
  ): Promise<ApplyCodeResult> {
    checkFields(purchase, [...PURCHASE, "userId"], "purchase");
    try {
      const { id, code, purchaseAmountCents, discountAmountCents, finalAmountCents } = await named(
        NAMES,
        () => this.#discounts.apply({ ...useOf(purchase), userId: purchase.userId }),
      );
      return {
        ...{ valid: true, code, message: "this code was applied", errorCode: null, redemptionId: id },
        ...{ originalAmountCents: purchaseAmountCents, discountAmountCents, finalAmountCents },
      };
    } catch (error) {
      const reason = REFUSALS.find((one) => error instanceof BillingError && error.code === one);
      if (reason === undefined) throw error;
      const { code, purchaseAmountCents } = purchase;
      const { message } = error as BillingError;
      return {
        ...{ valid: false, code, message, errorCode: reason.toUpperCase(), redemptionId: null },
        ...{ originalAmountCents: purchaseAmountCents, discountAmountCents: 0 },
        finalAmountCents: purchaseAmountCents,
      };
    }
  }

  /** A page of all codes, by name: 100, or `limit` up to 500. */
  async listCodes(
    query: { readonly limit?: number | undefined; readonly cursor?: string | undefined } = {},
  ): Promise<Page<DiscountCode>> {
    const { items, nextCursor } = await this.#discounts.listCodes(query);
    return { items: items.map(codeOf), nextCursor };
  }

  /**
   * Ends a code for good. Idempotent.
   *
   * @throws BillingError not_found `code_not_found`.
   */
  async disableCode(code: string): Promise<DiscountCode> {
    return codeOf(await this.#discounts.disableCode(code));
  }

  /** Where an organization stands: its percentage is that of a purchase made now. */
  async getVolumeDiscount(query: { readonly orgId?: string | undefined } = {}): Promise<VolumeDiscount> {
    checkFields(query, ["orgId"], "query");
    return named(NAMES, async () => volumeOf(await this.#volume.get(query.orgId)));
  }

  /**
   * Counts a purchase, and answers with where the organization stands after it: the tier of the next purchase. With a
   * `reference` a retry has the first result.
   *
   * @throws BillingError conflict `reference_conflict` for another amount under the reference.
   */
  async updateVolumeSpend(spend: VolumeSpend): Promise<VolumeDiscount> {
    return this.#record("recordPurchase", spend);
  }

  /**
   * Takes a refund off the sum.
   *
   * @throws BillingError failed_precondition `refund_too_large` for more than the sum; as {@link updateVolumeSpend}.
   */
  async refundVolumeSpend(refund: VolumeSpend): Promise<VolumeDiscount> {
    return this.#record("recordRefund", refund);
  }

  async #record(what: "recordPurchase" | "recordRefund", spend: VolumeSpend): Promise<VolumeDiscount> {
    checkFields(spend, SPEND, "spend");
    const { orgId: tenant, spendCents: amountCents, reference } = spend;
    return named(NAMES, async () => volumeOf(await this.#volume[what]({ tenant, amountCents, reference })));
  }
}

const managers = new WeakMap<Billing, DiscountManager>();

/** The manager of `defaultBilling()`: the same one at every call while that stays the default. */
export function getDiscountManager(): DiscountManager {
  const billing = defaultBilling();
  const present = managers.get(billing) ?? new DiscountManager({}, billing);
  managers.set(billing, present);
  return present;
}

function useOf({ orgId: tenant, code, purchaseAmountCents, tier, reference }: DiscountedPurchase) {
  return { tenant, code, purchaseAmountCents, tier, reference };
}

function codeOf(view: DiscountCodeView): DiscountCode {
  const { maxUsesPerOrganization: maxUsesPerOrg, eligibleOrganizations: eligibleOrgs, ...rest } = view;
  return { ...rest, maxUsesPerOrg, eligibleOrgs };
}

function resultOf(check: CodeCheck): Omit<ApplyCodeResult, "redemptionId"> {
  const { valid, code, message, reason, purchaseAmountCents, discountAmountCents, finalAmountCents } = check;
  return {
    ...{ valid, code, message, errorCode: reason === null ? null : reason.toUpperCase() },
    ...{ originalAmountCents: purchaseAmountCents, discountAmountCents, finalAmountCents },
  };
}

function volumeOf({ tenant: orgId, ...view }: VolumeView): VolumeDiscount {
  const { cumulativeSpendCents, currentDiscountPercent, currentTier, nextTier, untilNextTierCents } = view;
  return { orgId, cumulativeSpendCents, currentDiscountPercent, currentTier, nextTier, untilNextTierCents };
}
