import { type Static, Type } from "typebox";
import { type AlertRecord, type BudgetService, THRESHOLD_ACTIONS } from "../../domain/budgets/index.ts";
import type { ServerContext } from "../context.ts";
import { type Route, route } from "../route.ts";
import { Instant, Money, OptionalText, PageOf, Strict } from "../schemas.ts";
import {
  choiceOf,
  IdParams,
  moneyJson,
  NoBody,
  orUnknown,
  PageQuery,
  Period,
  pageJson,
  pageQuery,
} from "./common.ts";

/** A crossed threshold; amounts are in the budget's measure. */
export const AlertView = Strict({
  id: Type.String(),
  budget: Type.String(),
  name: Type.String(),
  counter: Type.Record(Type.String(), Type.String()),
  percent: Type.Number(),
  action: choiceOf(THRESHOLD_ACTIONS),
  level: choiceOf(["info", "warning", "critical", "exceeded"]),
  message: Type.String(),
  spent: Money,
  limit: Money,
  period: Period,
  raisedAt: Instant,
  acknowledgedAt: Type.Union([Instant, Type.Null()]),
  acknowledgedBy: OptionalText,
});

/** Crossed thresholds of budgets. */
export function alertRoutes({
  services: { budgets },
}: ServerContext & { readonly services: { readonly budgets: BudgetService } }): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/alerts",
      tag: "alerts",
      summary: "Crossed thresholds of all budgets, the newest first",
      access: "tenant",
      scopes: ["budgets:read"],
      query: Strict(PageQuery),
      reply: PageOf(AlertView),
      handler: async ({ query, tenant }) =>
        pageJson(await budgets.alerts({ tenant, ...pageQuery(query) }), alertJson),
    }),
    route({
      method: "POST",
      path: "/v1/alerts/:id/acknowledge",
      tag: "alerts",
      summary: "Mark an alert as seen; the first who does stays on record",
      access: "tenant",
      scopes: ["budgets:write"],
      write: "atomic",
      audit: "alert.acknowledged",
      params: IdParams,
      body: NoBody,
      reply: AlertView,
      handler: async ({ params, tenant, actor }) => {
        const by = `${actor.kind} ${actor.id}`;
        return alertJson(await orUnknown("alert", budgets.acknowledgeAlert(params.id, by, tenant)));
      },
    }),
  ];
}

export function alertJson(alert: AlertRecord): Static<typeof AlertView> {
  return {
    ...alert,
    counter: { ...alert.counter },
    spent: moneyJson(alert.spent),
    limit: moneyJson(alert.limit),
    raisedAt: alert.raisedAt.toISOString(),
    acknowledgedAt: alert.acknowledgedAt?.toISOString() ?? null,
  };
}
