import { type Static, Type } from "typebox";
import type {
  LineView,
  SubscriptionChange,
  SubscriptionChangeView,
  SubscriptionLineView,
  SubscriptionService,
  SubscriptionView,
} from "../../domain/subscriptions/index.ts";
import type { ServerContext } from "../context.ts";
import { type Route, route } from "../route.ts";
import { Count, Instant, PageOf, Strict } from "../schemas.ts";
import { choiceOf, NoBody, NoQuery, PageQuery, pageJson, pageQuery, requireTenant } from "./common.ts";
import { TierInput } from "./plans.ts";

const Cents = Type.Integer();
const Tier = Type.Optional(TierInput);
const When = Type.Optional(choiceOf(["now", "period_end"]));
const Expected = Type.Optional(
  Type.Integer({ description: "Cents: `totalCents` of a preview. Refused when it is another sum by now." }),
);
const SubscriptionJson = Strict({
  tenant: Type.String(),
  status: choiceOf(["trialing", "active", "past_due", "paused", "canceled"]),
  tier: TierInput,
  planVersion: Count,
  priceMonthlyCents: Count,
  periodStart: Instant,
  periodEnd: Instant,
  scheduled: Type.Union([Strict({ tier: TierInput, at: Instant }), Type.Null()]),
  trial: Type.Union([Strict({ start: Instant, end: Instant, isExtended: Type.Boolean() }), Type.Null()]),
});
const LINE = {
  kind: choiceOf(["charge", "credit"]),
  tier: TierInput,
  planVersion: Count,
  from: Instant,
  to: Instant,
  periodStart: Instant,
  periodEnd: Instant,
  amountCents: Cents,
  currency: Type.String(),
  description: Type.String(),
};
const LineJson = Strict({ id: Type.String(), tenant: Type.String(), number: Count, ...LINE, at: Instant });
const ChangeJson = Strict({
  subscription: SubscriptionJson,
  lines: Type.Array(Strict(LINE)),
  totalCents: Cents,
  effectiveAt: Instant,
});
/** What can be previewed: the changes that have lines or wait for the period's end. */
const Preview = Strict({
  kind: choiceOf(["start_trial", "convert_trial", "change_plan", "cancel", "resume", "pause", "unpause"]),
  tier: Tier,
  when: When,
});

/**
 * What an organization has bought. Everybody in it looks; who sees its billing changes it, and operators do. No key of a
 * tenant changes it: the service asks for a role that keys do not have.
 */
export function subscriptionRoutes({
  services: { subscriptions },
}: ServerContext & { readonly services: { readonly subscriptions: SubscriptionService } }): readonly Route[] {
  const base = { tag: "subscription", access: "operator", scopes: ["organizations:write"] } as const;
  const written = { ...base, method: "POST", write: "atomic", reply: ChangeJson } as const;
  const byPeople = { ...written, users: true } as const;
  const plain = (step: string, kind: "resume" | OperatorsKind, summary: string, forUsers: object): Route =>
    route({
      ...written,
      ...forUsers,
      path: `/v1/subscription/${step}`,
      summary,
      body: NoBody,
      handler: async ({ tenant, actor }) =>
        changeJson(await subscriptions.change(actor, requireTenant(tenant), { kind })),
    });
  return [
    route({
      method: "GET",
      path: "/v1/subscription",
      tag: "subscription",
      summary: "The subscription as of now",
      access: "tenant",
      scopes: ["organizations:read"],
      query: NoQuery,
      reply: SubscriptionJson,
      handler: async ({ tenant, actor }) => subscriptionJson(await subscriptions.get(actor, tenant)),
    }),
    route({
      ...base,
      method: "GET",
      path: "/v1/subscription/lines",
      summary: "What the subscription charged and gave back, the latest first",
      users: true,
      scopes: ["organizations:read"],
      query: Strict(PageQuery),
      reply: PageOf(LineJson),
      handler: async ({ query, tenant, actor }) =>
        pageJson(await subscriptions.lines(actor, requireTenant(tenant), pageQuery(query)), recordedLineJson),
    }),
    route({
      ...byPeople,
      path: "/v1/subscription/preview",
      summary: "What a change would charge, give back and make of the subscription; changes nothing",
      body: Preview,
      handler: async ({ body, tenant, actor }) =>
        changeJson(await subscriptions.preview(actor, requireTenant(tenant), body as SubscriptionChange)),
    }),
    route({
      ...byPeople,
      path: "/v1/subscription/change",
      summary: "Take another paid tier: up now, down at the period's end",
      body: Strict({ tier: TierInput, when: When, expectedTotalCents: Expected }),
      handler: async ({ body: { expectedTotalCents, ...asked }, tenant, actor }) => {
        const change = { kind: "change_plan", ...asked } as const;
        return changeJson(
          await subscriptions.change(actor, requireTenant(tenant), change, { expectedTotalCents }),
        );
      },
    }),
    route({
      ...byPeople,
      path: "/v1/subscription/trial",
      summary: "Try a paid tier for 7 days, once per organization",
      body: Strict({ tier: Tier }),
      handler: async ({ body, tenant, actor }) =>
        changeJson(
          await subscriptions.change(actor, requireTenant(tenant), { kind: "start_trial", ...body }),
        ),
    }),
    route({
      ...byPeople,
      path: "/v1/subscription/convert-trial",
      summary: "Begin the first paid period now, of the tier that is tried or another",
      body: Strict({ tier: Tier, expectedTotalCents: Expected }),
      handler: async ({ body: { expectedTotalCents, ...asked }, tenant, actor }) => {
        const change = { kind: "convert_trial", ...asked } as const;
        return changeJson(
          await subscriptions.change(actor, requireTenant(tenant), change, { expectedTotalCents }),
        );
      },
    }),
    route({
      ...byPeople,
      path: "/v1/subscription/cancel",
      summary: "End the paid tier at the period's end, or now without a refund",
      body: Strict({ when: When }),
      handler: async ({ body, tenant, actor }) =>
        changeJson(await subscriptions.change(actor, requireTenant(tenant), { kind: "cancel", ...body })),
    }),
    plain("resume", "resume", "Withdraw what is scheduled for the period's end", { users: true }),
    ...OPERATORS.map(([step, kind, summary]) => plain(step, kind, summary, {})),
  ];
}

type OperatorsKind = "pause" | "unpause" | "mark_past_due" | "mark_paid" | "extend_trial";
const OPERATORS: readonly (readonly [step: string, kind: OperatorsKind, summary: string])[] = [
  ["pause", "pause", "Give the rest of the period back and charge nothing until it is unpaused"],
  ["unpause", "unpause", "Begin a paid period now, at the terms of before"],
  ["mark-past-due", "mark_past_due", "Note that a payment did not come"],
  ["mark-paid", "mark_paid", "Note that the payment came after all"],
  ["extend-trial", "extend_trial", "Give a trial 7 days more, once"],
];

function subscriptionJson(view: SubscriptionView): Static<typeof SubscriptionJson> {
  const { scheduled, trial } = view;
  return {
    ...view,
    ...{ periodStart: view.periodStart.toISOString(), periodEnd: view.periodEnd.toISOString() },
    scheduled: scheduled && { ...scheduled, at: scheduled.at.toISOString() },
    trial: trial && { ...trial, start: trial.start.toISOString(), end: trial.end.toISOString() },
  };
}

function lineJson(line: LineView) {
  return {
    ...line,
    ...{ from: line.from.toISOString(), to: line.to.toISOString() },
    ...{ periodStart: line.periodStart.toISOString(), periodEnd: line.periodEnd.toISOString() },
  };
}

function recordedLineJson(line: SubscriptionLineView): Static<typeof LineJson> {
  const { id, tenant, number, at } = line;
  return { ...lineJson(line), id, tenant, number, at: at.toISOString() };
}

function changeJson(view: SubscriptionChangeView): Static<typeof ChangeJson> {
  return {
    subscription: subscriptionJson(view.subscription),
    lines: view.lines.map(lineJson),
    totalCents: view.totalCents,
    effectiveAt: view.effectiveAt.toISOString(),
  };
}
