import { type Static, Type } from "typebox";
import type { VolumeService, VolumeView } from "../../domain/discounts/index.ts";
import type { ServerContext } from "../context.ts";
import { type Route, route } from "../route.ts";
import { Count, Instant, Strict } from "../schemas.ts";
import { CentsInput } from "./cents.ts";
import { choiceOf, Line, NoQuery, requireTenant } from "./common.ts";

const Tier = Type.Union([Strict({ thresholdCents: Count, discountPercent: Type.String() }), Type.Null()]);
const Kind = choiceOf(["purchase", "refund"]);
const VOLUME = {
  tenant: Type.String(),
  cumulativeSpendCents: Count,
  currentDiscountPercent: Type.String(),
  currentTier: Tier,
  nextTier: Tier,
  untilNextTierCents: Type.Union([Count, Type.Null()]),
};
const VolumeJson = Strict(VOLUME);
const ChangeJson = Strict({
  ...VOLUME,
  kind: Kind,
  reference: Type.String(),
  amountCents: Count,
  percentBefore: Type.String(),
  at: Instant,
});

/** Volume discounts: a tenant sees where it stands; operators count what was paid and refunded. */
export function volumeRoutes({
  services: { volumeDiscounts },
}: ServerContext & { readonly services: { readonly volumeDiscounts: VolumeService } }): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/volume-discount",
      tag: "discounts",
      summary: "What was bought so far, the tier reached by it and the next one",
      access: "tenant",
      scopes: ["budgets:read"],
      query: NoQuery,
      reply: VolumeJson,
      handler: async ({ tenant }) => volumeJson(await volumeDiscounts.get(tenant)),
    }),
    route({
      method: "POST",
      path: "/v1/volume-discount/spend",
      tag: "discounts",
      summary: "Count a purchase that was paid, or take a refund off, once per reference",
      access: "operator",
      scopes: ["budgets:write"],
      write: "atomic",
      audit: "volume_spend.recorded",
      status: 201,
      body: Strict({
        amountCents: CentsInput,
        kind: Type.Optional(Kind),
        reference: Type.Optional(Line),
      }),
      reply: ChangeJson,
      handler: async ({ body, tenant, onceId }) => {
        const { kind, ...rest } = body;
        const input = { reference: onceId, ...rest, tenant: requireTenant(tenant) };
        const change = await (kind === "refund"
          ? volumeDiscounts.recordRefund(input)
          : volumeDiscounts.recordPurchase(input));
        const { reference, amountCents, percentBefore, at } = change;
        return {
          ...volumeJson(change),
          ...{ kind: change.kind, reference, amountCents, percentBefore, at: at.toISOString() },
        };
      },
    }),
  ];
}

function volumeJson(view: VolumeView): Static<typeof VolumeJson> {
  const { tenant, cumulativeSpendCents, currentDiscountPercent, untilNextTierCents } = view;
  const { currentTier, nextTier } = view;
  return {
    ...{ tenant, cumulativeSpendCents, currentDiscountPercent, untilNextTierCents },
    currentTier: currentTier && { ...currentTier },
    nextTier: nextTier && { ...nextTier },
  };
}
