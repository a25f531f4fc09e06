import { type Static, Type } from "typebox";
import {
  GROUPINGS,
  type Grouping,
  type UsageReport,
  type UsageTotals,
} from "../../domain/analytics/index.ts";
import { invalidInput } from "../../kernel/index.ts";
import type { ServerContext } from "../context.ts";
import { type Route, route } from "../route.ts";
import { Count, Instant, InstantInput, instantOf, Money, Strict } from "../schemas.ts";

const SUMS = {
  events: Count,
  quantity: Type.Number(),
  inputTokens: Count,
  cachedTokens: Count,
  cacheWriteTokens: Count,
  outputTokens: Count,
  reasoningTokens: Count,
  webSearches: Count,
  flaggedEvents: Count,
  costUsd: Money,
  chargeUsd: Money,
};
const Totals = Strict(SUMS);
const Period = {
  from: Type.Union([Instant, Type.Null()]),
  to: Type.Union([Instant, Type.Null()]),
  currency: Type.Literal("USD"),
};
const PeriodQuery = {
  from: Type.Optional(InstantInput),
  to: Type.Optional(InstantInput),
};
const Breakdown = Strict({
  ...Period,
  total: Totals,
  groups: Type.Array(
    Strict({ key: Type.Record(Type.String(), Type.Union([Type.String(), Type.Null()])), ...SUMS }),
  ),
  omittedGroups: Type.Integer({ minimum: 0, description: "Groups beyond `limit`." }),
});
const BreakdownQuery = Strict({
  ...PeriodQuery,
  by: Type.String({
    minLength: 1,
    maxLength: 200,
    description: `Groupings, separated by commas: ${GROUPINGS.join(", ")}.`,
    examples: ["model", "day,provider"],
  }),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, description: "Groups; default 1,000." })),
});
const DEFAULT_GROUPS = 1_000;

/** Sums of usage. */
export function usageRoutes({ services: { analytics } }: ServerContext): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/usage/summary",
      tag: "usage",
      summary: "Usage and cost of a period",
      access: "tenant",
      scopes: ["usage:read"],
      query: Strict(PeriodQuery),
      reply: Strict({ ...Period, total: Totals }),
      handler: async ({ query, tenant }) => {
        const report = await analytics.usage({ ...periodOf(query), tenant });
        return { ...periodJson(report), total: totalsJson(report.total) };
      },
    }),
    route({
      method: "GET",
      path: "/v1/usage/breakdown",
      tag: "usage",
      summary: "Usage and cost of a period by model, day, user …",
      access: "tenant",
      scopes: ["usage:read"],
      query: BreakdownQuery,
      reply: Breakdown,
      handler: async ({ query, tenant }) =>
        breakdownJson(
          await analytics.usage({ ...periodOf(query), by: groupingsOf(query.by), tenant }),
          query.limit,
        ),
    }),
    route({
      method: "GET",
      path: "/v1/usage/across-tenants",
      tag: "usage",
      summary: "Usage and cost of all tenants, grouped",
      access: "operator",
      scopes: ["usage:read"],
      query: BreakdownQuery,
      reply: Breakdown,
      handler: async ({ query }) =>
        breakdownJson(
          await analytics.usageAcrossTenants({ ...periodOf(query), by: groupingsOf(query.by) }),
          query.limit,
        ),
    }),
  ];
}

function periodOf({ from, to }: { from?: string; to?: string }) {
  return { from: instantOf(from, "from"), to: instantOf(to, "to") };
}

function groupingsOf(by: string): Grouping[] {
  const names = by.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !GROUPINGS.some((known) => known === name));
  if (unknown === undefined) return names as Grouping[];
  const text = `by: ${JSON.stringify(unknown.slice(0, 80))} is no grouping; use any of ${GROUPINGS.join(", ")}`;
  throw invalidInput("by", "unknown_grouping", text);
}

function periodJson({ from, to, currency }: UsageReport) {
  return { from: from?.toISOString() ?? null, to: to?.toISOString() ?? null, currency };
}

function totalsJson({ costUsd, chargeUsd, ...counts }: UsageTotals): Static<typeof Totals> {
  return { ...counts, costUsd: costUsd.toFixed(), chargeUsd: chargeUsd.toFixed() };
}

function breakdownJson(report: UsageReport, limit = DEFAULT_GROUPS): Static<typeof Breakdown> {
  return {
    ...periodJson(report),
    total: totalsJson(report.total),
    groups: report.groups.slice(0, limit).map(({ key, ...totals }) => {
      return { key: key as Record<string, string | null>, ...totalsJson(totals) };
    }),
    omittedGroups: Math.max(0, report.groups.length - limit),
  };
}
