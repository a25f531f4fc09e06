import { type Static, Type } from "typebox";
import { planOf, SubscriptionTier } from "../../domain/plans/index.ts";
import { formatMinor } from "../../kernel/index.ts";
import { type Route, route } from "../route.ts";
import { Count, Money, Strict } from "../schemas.ts";
import { choiceOf, NoQuery } from "./common.ts";

const LimitView = Type.Union([Count, Type.Literal("unlimited")]);

/** A tier by name. */
export const TierInput = choiceOf(Object.values(SubscriptionTier));

const PlanView = Strict({
  tier: TierInput,
  version: Count,
  priceMonthlyUsd: Money,
  debatesPerMonth: LimitView,
  usersPerOrg: LimitView,
  features: Type.Record(Type.String(), Type.Boolean()),
});

/** The tiers as they are sold today. */
export function planRoutes(): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/plans",
      tag: "plans",
      summary: "The tiers, the smallest first: what each costs and gives",
      access: "either",
      scopes: ["organizations:read"],
      query: NoQuery,
      reply: Strict({ items: Type.Array(PlanView) }),
      handler: async () => ({ items: Object.values(SubscriptionTier).map(planJson) }),
    }),
  ];
}

function planJson(tier: SubscriptionTier): Static<typeof PlanView> {
  const { version, limits } = planOf(tier);
  const { priceMonthlyCents, debatesPerMonth, usersPerOrg, ...features } = limits;
  return {
    ...{ tier, version, debatesPerMonth, usersPerOrg, features },
    priceMonthlyUsd: formatMinor(BigInt(priceMonthlyCents), "USD"),
  };
}
