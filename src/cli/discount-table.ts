// Discounts for people.

import type { DiscountCodeView, VolumeView } from "../domain/discounts/index.ts";
import { centsText, instantText } from "./credits-flags.ts";
import { grouped, printable } from "./output.ts";
import { type TableColumn, tableLines } from "./table.ts";

const CODES: readonly TableColumn[] = [
  { title: "code", align: "left" },
  { title: "takes off", align: "right" },
  { title: "status", align: "left" },
  { title: "used", align: "right" },
  { title: "of", align: "right" },
  { title: "saved", align: "right" },
  { title: "until", align: "left" },
];

export function codeLines(codes: readonly DiscountCodeView[]): string[] {
  return tableLines(
    CODES,
    codes.map((code) => [
      ...[printable(code.code), worthText(code), code.status, grouped(code.totalUses)],
      ...[limitText(code.maxUses), centsText(code.totalDiscountCents), instantText(code.expiresAt, "open")],
    ]),
  );
}

/** The terms that the table has no room for, `name  text` each. */
export function termLines(code: DiscountCodeView): string[] {
  const { maxUsesPerOrganization, minPurchaseCents, eligibleTiers, eligibleOrganizations } = code;
  const fields = {
    "per organization": limitText(maxUsesPerOrganization),
    "from a purchase of": minPurchaseCents === 0 ? "" : centsText(minPurchaseCents),
    tiers: eligibleTiers.join(", "),
    organizations: eligibleOrganizations.map(printable).join(", "),
    "valid from": instantText(code.validFrom, ""),
    description: printable(code.description),
    made: instantText(code.createdAt, ""),
  };
  return Object.entries(fields)
    .filter(([, text]) => text !== "")
    .map(([name, text]) => `${name.padEnd(18)} ${text}`);
}

export function volumeLines({ cumulativeSpendCents, currentDiscountPercent, ...view }: VolumeView): string[] {
  const { nextTier, untilNextTierCents } = view;
  const next =
    nextTier === null || untilNextTierCents === null
      ? "the highest tier is reached"
      : `${nextTier.discountPercent} % after ${centsText(untilNextTierCents)} more`;
  return [`bought ${centsText(cumulativeSpendCents)}: ${currentDiscountPercent} %`, next];
}

function worthText({ type, discountPercent, discountAmountCents }: DiscountCodeView): string {
  if (discountPercent !== null) return `${discountPercent} %`;
  return discountAmountCents === null ? type : centsText(discountAmountCents);
}

function limitText(limit: number | "unlimited"): string {
  return limit === "unlimited" ? limit : grouped(limit);
}
