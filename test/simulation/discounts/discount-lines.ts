// Codes and redemptions as the engine is asked for them, and its answers as lines.

import type {
  CodeCheck,
  DiscountCodeView,
  NewCode,
  RedemptionView,
} from "../../../src/domain/discounts/index.ts";
import type { SubscriptionTier } from "../../../src/domain/plans/index.ts";
import { type Code, percentText, type Terms, type Use } from "./expected-discounts.ts";

export function codeLine(view: DiscountCodeView): string {
  const { code, status, totalUses, totalDiscountCents, discountPercent, discountAmountCents } = view;
  return `${code} ${status} ${totalUses} ${totalDiscountCents} ${discountPercent ?? discountAmountCents ?? "volume"}`;
}

export function worthText({ worth }: Code): string {
  if (worth === "volume") return worth;
  return "cents" in worth ? String(worth.cents) : percentText(worth.millionths);
}

export function checkLine(check: CodeCheck): string {
  const { valid, code, reason, purchaseAmountCents, discountAmountCents, finalAmountCents, discountPercent } =
    check;
  const amounts = [purchaseAmountCents, discountAmountCents, finalAmountCents];
  return [valid, code, reason ?? "-", ...amounts, discountPercent ?? "-"].join(" ");
}

export function redemptionLine(view: RedemptionView): string {
  const { tenant, reference, code, userId, state, createdAt, expiresAt } = view;
  return [
    ...[tenant, reference, code, userId ?? "-", state, view.purchaseAmountCents, view.discountAmountCents],
    ...[view.finalAmountCents, view.discountPercent ?? "-", createdAt.toISOString()],
    expiresAt?.toISOString() ?? "-",
  ].join(" ");
}

export function termsInput(terms: Terms): NewCode {
  const { code, worth, maxUses, maxUsesPerOrganization, minPurchase, tiers, organizations, from, to } = terms;
  return {
    ...{ code, maxUsesPerOrganization: maxUsesPerOrganization ?? "unlimited", minPurchaseCents: minPurchase },
    ...(worth === "volume"
      ? { type: "volume" }
      : "cents" in worth
        ? { discountAmountCents: worth.cents }
        : { discountPercent: percentText(worth.millionths) }),
    ...(maxUses !== null && { maxUses }),
    ...{ eligibleTiers: tiers as readonly SubscriptionTier[], eligibleOrganizations: organizations },
    ...(from !== null && { validFrom: new Date(from) }),
    ...(to !== null && { expiresAt: new Date(to) }),
  };
}

export function useInput({ tenant, code, purchase, reference, tier }: Use) {
  return {
    ...{ tenant, code, purchaseAmountCents: purchase },
    ...(reference !== null && { reference }),
    ...(tier !== null && { tier: tier as SubscriptionTier }),
  };
}

export function redeemInput(use: Use) {
  return { ...useInput(use), ...(use.user !== null && { userId: use.user }) };
}
