import { type Static, Type } from "typebox";
import {
  type CodeCheck,
  type DiscountCodeView,
  type DiscountService,
  DiscountType,
  REFUSALS,
  type RedemptionView,
  type RefusalReason,
} from "../../domain/discounts/index.ts";
import type { Actor } from "../../domain/organizations/index.ts";
import { BillingError } from "../../kernel/index.ts";
import type { ServerContext } from "../context.ts";
import { type Route, route } from "../route.ts";
import {
  AmountInput,
  Count,
  Instant,
  InstantInput,
  instantOf,
  OptionalText,
  PageOf,
  Strict,
} from "../schemas.ts";
import { CentsInput, MAX_CENTS, OptionalInstant, optionalInstantJson } from "./cents.ts";
import { choiceOf, Line, NoBody, NoQuery, orUnknown, PageQuery, pageJson, pageQuery } from "./common.ts";
import { TierInput } from "./plans.ts";

const OptionalCount = Type.Union([Count, Type.Null()]);
const LimitInput = Type.Optional(
  Type.Union([Type.Integer({ minimum: 1, maximum: 1_000_000_000 }), Type.Literal("unlimited")]),
);
const LimitJson = Type.Union([Count, Type.Literal("unlimited")]);
const NewCode = Strict({
  code: Line,
  type: Type.Optional(choiceOf(Object.values(DiscountType))),
  discountPercent: Type.Optional(AmountInput),
  discountAmountCents: Type.Optional(CentsInput),
  maxUses: LimitInput,
  maxUsesPerOrganization: LimitInput,
  minPurchaseCents: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_CENTS })),
  eligibleTiers: Type.Optional(Type.Array(TierInput, { maxItems: 20 })),
  eligibleOrganizations: Type.Optional(Type.Array(Line, { maxItems: 1_000 })),
  validFrom: Type.Optional(InstantInput),
  expiresAt: Type.Optional(InstantInput),
  description: Type.Optional(Type.String({ maxLength: 256 })),
});
const CodeJson = Strict({
  code: Type.String(),
  type: choiceOf(Object.values(DiscountType)),
  discountPercent: OptionalText,
  discountAmountCents: OptionalCount,
  maxUses: LimitJson,
  maxUsesPerOrganization: LimitJson,
  minPurchaseCents: Count,
  eligibleTiers: Type.Array(TierInput),
  eligibleOrganizations: Type.Array(Type.String()),
  validFrom: OptionalInstant,
  expiresAt: OptionalInstant,
  description: Type.String(),
  status: choiceOf(["active", "scheduled", "expired", "exhausted", "disabled"]),
  totalUses: Count,
  totalDiscountCents: Count,
  createdAt: Instant,
});
const CodeParams = Strict({ code: Line });
const RedemptionKey = Strict({ redemptionId: Line });
/** Of a purchase; what of it a tenant could make up, its tier above all, is not asked for. */
const USE = { code: Line, purchaseAmountCents: CentsInput, reference: Type.Optional(Line) };
const REDEEM = { ...USE, userId: Type.Optional(Line) };
const CheckJson = Strict({
  valid: Type.Boolean(),
  code: Type.String(),
  reason: Type.Union([choiceOf(REFUSALS), Type.Null()]),
  message: Type.String(),
  purchaseAmountCents: Count,
  discountAmountCents: Count,
  finalAmountCents: Count,
  discountPercent: OptionalText,
});
const RedemptionJson = Strict({
  id: Type.String(),
  tenant: Type.String(),
  reference: Type.String(),
  code: Type.String(),
  userId: OptionalText,
  state: choiceOf(["reserved", "confirmed", "released", "expired"]),
  purchaseAmountCents: Count,
  discountAmountCents: Count,
  finalAmountCents: Count,
  discountPercent: OptionalText,
  createdAt: Instant,
  expiresAt: OptionalInstant,
});
/** What whoever asks is told: never a code's terms, which the engine's own sentences name. */
const TOLD: Readonly<Record<RefusalReason, string>> = {
  code_invalid: "a code is made of letters, digits, - and _",
  code_not_found: "there is no such code",
  redemption_ended: "the reservation of this code under this reference is over: use a new reference",
  code_disabled: "this code was disabled",
  code_exhausted: "this code is used up",
  code_expired: "this code has ended",
  code_not_yet_active: "this code has not begun yet",
  org_not_eligible: "this code is for other organizations",
  tier_not_eligible: "this code is for other tiers than the organization's",
  min_purchase_not_met: "the purchase is too small for this code",
  max_uses_per_org: "this organization has used this code as often as it may",
  stacking_order:
    "a code with an amount is on this purchase already: use percentages first, on a new reference",
  no_discount: "this code would take nothing off this purchase, so it is not used up",
};

/**
 * Discount codes. Operators make and see them; a tenant uses one that it was given, and learns of others only why not. A
 * use without a `reference` and with an Idempotency-Key has that as its reference: one purchase for ever.
 */
export function discountRoutes({
  services: { discounts },
}: ServerContext & { readonly services: { readonly discounts: DiscountService } }): readonly Route[] {
  const base = { tag: "discounts" } as const;
  const ofOperators = { ...base, access: "operator" } as const;
  const used = { ...base, access: "tenant", scopes: ["budgets:write"], write: "atomic" } as const;
  const settled = (step: "confirm" | "release", audit: string, summary: string): Route =>
    route({
      ...used,
      method: "POST",
      path: `/v1/discount-codes/${step}`,
      summary,
      audit,
      body: RedemptionKey,
      reply: RedemptionJson,
      handler: async ({ body, tenant }) =>
        redemptionJson(await orUnknown("redemption", discounts[step]({ ...body, tenant }))),
    });
  return [
    route({
      ...ofOperators,
      method: "GET",
      path: "/v1/discount-codes",
      summary: "All codes, by name",
      scopes: ["budgets:read"],
      query: Strict(PageQuery),
      reply: PageOf(CodeJson),
      handler: async ({ query }) => pageJson(await discounts.listCodes(pageQuery(query)), codeJson),
    }),
    route({
      ...ofOperators,
      method: "POST",
      path: "/v1/discount-codes",
      summary: "Make a code; its terms never change",
      scopes: ["budgets:write"],
      write: "atomic",
      audit: "discount_code.created",
      status: 201,
      body: NewCode,
      reply: CodeJson,
      handler: async ({ body }) => {
        const validFrom = instantOf(body.validFrom, "validFrom");
        const expiresAt = instantOf(body.expiresAt, "expiresAt");
        return codeJson(await discounts.createCode({ ...body, validFrom, expiresAt }));
      },
    }),
    route({
      ...ofOperators,
      method: "GET",
      path: "/v1/discount-codes/:code",
      summary: "A code, and how often it was used",
      scopes: ["budgets:read"],
      params: CodeParams,
      query: NoQuery,
      reply: CodeJson,
      handler: async ({ params }) =>
        codeJson(await orUnknown("discount code", discounts.getCode(params.code))),
    }),
    route({
      ...ofOperators,
      method: "POST",
      path: "/v1/discount-codes/:code/disable",
      summary: "End a code for good; reservations made before can still be confirmed",
      scopes: ["budgets:write"],
      write: "atomic",
      audit: "discount_code.disabled",
      params: CodeParams,
      body: NoBody,
      reply: CodeJson,
      handler: async ({ params }) =>
        codeJson(await orUnknown("discount code", discounts.disableCode(params.code))),
    }),
    route({
      ...used,
      method: "POST",
      path: "/v1/discount-codes/validate",
      summary: "What a code would take off a purchase now; takes no use",
      scopes: ["budgets:read"],
      body: Strict(USE),
      reply: CheckJson,
      handler: async ({ body, tenant }) => checkJson(await discounts.validate({ ...body, tenant })),
    }),
    route({
      ...used,
      method: "POST",
      path: "/v1/discount-codes/apply",
      summary: "Use a code for a purchase that is paid, once per code and reference",
      audit: "discount_code.applied",
      status: 201,
      body: Strict(REDEEM),
      reply: RedemptionJson,
      handler: async ({ body, tenant, actor, onceId }) => {
        const input = { reference: onceId, ...body, ...userOf(actor), tenant };
        return redemptionJson(await told(discounts.apply(input)));
      },
    }),
    route({
      ...used,
      method: "POST",
      path: "/v1/discount-codes/reserve",
      summary: "Take a use of a code at checkout, until it is confirmed, released or its time is over",
      audit: "discount_code.reserved",
      status: 201,
      body: Strict({ ...REDEEM, ttlMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 604_800_000 })) }),
      reply: RedemptionJson,
      handler: async ({ body, tenant, actor, onceId }) => {
        const input = { reference: onceId, ...body, ...userOf(actor), tenant };
        return redemptionJson(await told(discounts.reserve(input)));
      },
    }),
    settled("confirm", "discount_code.confirmed", "Make a reservation final: the purchase was paid"),
    settled("release", "discount_code.released", "Give a reservation back: the checkout failed"),
  ];
}

/** Whoever signed in uses a code themselves, whatever a body says. */
function userOf({ kind, id }: Actor) {
  return kind === "user" ? { userId: id } : {};
}

/** A refusal without a code's terms. */
async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof BillingError) || !isRefusal(error.code)) throw error;
    throw new BillingError(error.kind, error.code, TOLD[error.code], { details: { field: "code" } });
  }
}

function isRefusal(code: string): code is RefusalReason {
  return Object.hasOwn(TOLD, code);
}

function checkJson(check: CodeCheck): Static<typeof CheckJson> {
  return { ...check, message: check.reason === null ? check.message : TOLD[check.reason] };
}

function codeJson(view: DiscountCodeView): Static<typeof CodeJson> {
  return {
    ...view,
    eligibleTiers: [...view.eligibleTiers],
    eligibleOrganizations: [...view.eligibleOrganizations],
    validFrom: optionalInstantJson(view.validFrom),
    expiresAt: optionalInstantJson(view.expiresAt),
    createdAt: view.createdAt.toISOString(),
  };
}

function redemptionJson(view: RedemptionView): Static<typeof RedemptionJson> {
  return {
    ...view,
    createdAt: view.createdAt.toISOString(),
    expiresAt: optionalInstantJson(view.expiresAt),
  };
}
