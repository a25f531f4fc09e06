import { type Static, Type } from "typebox";
import { PLAN_FEATURES } from "../../domain/plans/index.ts";
import type {
  EntitlementDecision,
  EntitlementRefusal,
  EntitlementService,
} from "../../domain/subscriptions/index.ts";
import type { ServerContext } from "../context.ts";
import { type Route, route } from "../route.ts";
import { Count, Instant, OptionalText, Strict } from "../schemas.ts";
import { SPEND_REQUEST } from "./budgets.ts";
import { OptionalInstant, optionalInstantJson } from "./cents.ts";
import { choiceOf, Line } from "./common.ts";
import { TierInput } from "./plans.ts";

const REASONS: readonly EntitlementRefusal[] = [
  ...(["tier_insufficient", "trial_expired", "subscription_canceled", "subscription_paused"] as const),
  ...(["organization_suspended", "debate_limit_reached", "seat_limit_reached"] as const),
];
const OptionalLimit = Type.Union([Count, Type.Literal("unlimited"), Type.Null()]);
const DecisionJson = Strict({
  allowed: Type.Boolean(),
  reason: Type.Union([choiceOf(REASONS), Type.Null()]),
  message: Type.String(),
  tier: TierInput,
  limit: OptionalLimit,
  used: Type.Union([Count, Type.Null()]),
  remaining: OptionalLimit,
  resetsAt: OptionalInstant,
  upgradeTo: Type.Union([TierInput, Type.Null()]),
});

/** What a tenant may do by what it has bought. */
export function entitlementRoutes({
  services: { entitlements },
}: ServerContext & { readonly services: { readonly entitlements: EntitlementService } }): readonly Route[] {
  return [
    route({
      method: "POST",
      path: "/v1/entitlements/check",
      tag: "entitlements",
      summary: "Whether a feature may be used, or one more debate or member is in the plan; takes nothing",
      access: "tenant",
      scopes: ["budgets:read"],
      write: "atomic",
      body: Strict({ feature: choiceOf([...PLAN_FEATURES, "debates", "seats"]) }),
      reply: DecisionJson,
      handler: async ({ body, tenant }) => decisionJson(await entitlements.may(tenant, body.feature)),
    }),
    route({
      method: "POST",
      path: "/v1/debates",
      tag: "entitlements",
      summary: "Take a debate of the plan, once per id and period; 402 where none is left",
      access: "tenant",
      scopes: ["holds:write"],
      write: "atomic",
      audit: "debate.started",
      status: 201,
      body: Strict({
        debate: Line,
        dimensions: SPEND_REQUEST.dimensions,
        eventId: Type.Optional(Line),
      }),
      reply: Strict({ id: Type.String(), debate: Type.String(), startedAt: Instant, eventId: OptionalText }),
      handler: async ({ body, tenant }) => {
        const { startedAt, ...rest } = await entitlements.startDebate(tenant, body);
        return { ...rest, startedAt: startedAt.toISOString() };
      },
    }),
  ];
}

function decisionJson(decision: EntitlementDecision): Static<typeof DecisionJson> {
  return { ...decision, resetsAt: optionalInstantJson(decision.resetsAt) };
}
