import { type Static, Type } from "typebox";
import type {
  AmountInput as Actual,
  BudgetHold,
  HoldService,
  SpendInput,
} from "../../domain/budgets/index.ts";
import type { ServerContext } from "../context.ts";
import { type Route, route } from "../route.ts";
import { AmountInput, Instant, Money, OptionalText, Strict } from "../schemas.ts";
import { AMOUNT, decisionJson, SPEND_REQUEST, SpendView, spendJson, spendRequest } from "./budgets.ts";
import { IdParams, Line, moneyJson, NoBody, NoQuery, orUnknown } from "./common.ts";

const HoldView = Strict({
  id: Type.String(),
  tenant: Type.String(),
  state: Type.String(),
  expiresAt: Instant,
  parts: Type.Array(Strict({ budget: Type.String(), amount: Money, remaining: Money })),
  settledBy: OptionalText,
  flags: Type.Array(Type.String()),
  failOpen: Type.Boolean(),
  warnings: Type.Array(Type.String()),
});
const Key = Type.Optional(Line);
const { estimatedCostUsd: _, maxOutputTokens: __, ...SPENT } = SPEND_REQUEST;

/**
 * Taking room before it is used, settling it after, and spend without events. A request without a `key` of its own and
 * with an Idempotency-Key has that as its key: the engine knows it again for ever.
 */
export function holdRoutes({
  services: { holds },
}: ServerContext & { readonly services: { readonly holds: HoldService } }): readonly Route[] {
  return [
    route({
      method: "POST",
      path: "/v1/holds",
      tag: "holds",
      summary: "Take room in every budget that this meets, or in none: then 402 says which had none",
      access: "tenant",
      scopes: ["holds:write"],
      write: "atomic",
      audit: "hold.authorized",
      status: 201,
      body: Strict({
        ...SPEND_REQUEST,
        ttlMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400_000 })),
        key: Key,
      }),
      reply: HoldView,
      handler: async ({ body, tenant, onceId }) => {
        const { ttlMs, key = onceId, ...rest } = body;
        return holdJson(await holds.authorize({ ...spendRequest(rest, tenant), ttlMs, key }));
      },
    }),
    route({
      method: "GET",
      path: "/v1/holds/:id",
      tag: "holds",
      summary: "A hold as it is now",
      access: "tenant",
      scopes: ["holds:write"],
      params: IdParams,
      query: NoQuery,
      reply: HoldView,
      handler: async ({ params, tenant }) => holdJson(await hold(holds.hold(params.id, tenant))),
    }),
    route({
      method: "POST",
      path: "/v1/holds/:id/capture",
      tag: "holds",
      summary: "Settle a hold with what was really used; never refused",
      access: "tenant",
      scopes: ["holds:write"],
      write: "atomic",
      audit: "hold.captured",
      params: IdParams,
      body: Strict({ costUsd: Type.Optional(AmountInput), ...AMOUNT }),
      reply: HoldView,
      handler: async ({ params, body, tenant }) =>
        holdJson(await hold(holds.capture(params.id, body as Actual, tenant))),
    }),
    route({
      method: "POST",
      path: "/v1/holds/:id/release",
      tag: "holds",
      summary: "Free what a hold still keeps",
      access: "tenant",
      scopes: ["holds:write"],
      write: "atomic",
      audit: "hold.released",
      params: IdParams,
      body: NoBody,
      reply: HoldView,
      handler: async ({ params, tenant }) => holdJson(await hold(holds.release(params.id, tenant))),
    }),
    route({
      method: "POST",
      path: "/v1/spends",
      tag: "holds",
      summary:
        "Check and record spend that has no event, in one step; with enforce false whatever the limits say",
      access: "tenant",
      scopes: ["holds:write"],
      write: "atomic",
      audit: "spend.recorded",
      status: 201,
      body: Strict({
        ...SPENT,
        amountUsd: Type.Optional(AmountInput),
        eventId: Key,
        enforce: Type.Optional(Type.Boolean()),
        key: Key,
      }),
      reply: SpendView,
      handler: async ({ body, tenant, onceId }) => {
        const { enforce, key = onceId, eventId, ...rest } = body;
        const input = { ...spendRequest(rest, tenant), enforce, key, eventId };
        const spend = await holds.spend(input as SpendInput & { enforce?: boolean });
        return {
          ...spendJson(spend),
          warnings: [...spend.warnings],
          budgets: spend.budgets.map(decisionJson),
        };
      },
    }),
  ];
}

function hold<T>(work: Promise<T>): Promise<T> {
  return orUnknown("hold", work);
}

function holdJson(view: BudgetHold): Static<typeof HoldView> {
  return {
    ...view,
    expiresAt: view.expiresAt.toISOString(),
    parts: view.parts.map(({ budget, amount, remaining }) => ({
      budget,
      amount: moneyJson(amount),
      remaining: moneyJson(remaining),
    })),
    flags: [...view.flags],
    warnings: [...view.warnings],
  };
}
