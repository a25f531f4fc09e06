import { type Static, Type } from "typebox";
import {
  NotificationKind,
  type NotificationService,
  type NotificationView,
} from "../../domain/notifications/index.ts";
import { BillingError } from "../../kernel/index.ts";
import type { ServerContext } from "../context.ts";
import { type Route, route } from "../route.ts";
import { Count, Cursor, Instant, OptionalText, PageOf, Strict } from "../schemas.ts";
import { choiceOf, IdParams, NoBody, orUnknown, pageJson, pageQuery } from "./common.ts";

const State = choiceOf(["pending", "delivered", "dead"]);
const NotificationJson = Strict({
  id: Type.String(),
  tenant: Type.String(),
  kind: choiceOf([...Object.values(NotificationKind), "account"] as const),
  recipient: OptionalText,
  state: State,
  attempts: Count,
  method: Type.Union([choiceOf(["email", "webhook", "log"]), Type.Null()]),
  lastError: OptionalText,
  payload: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
  createdAt: Instant,
  deliveredAt: Type.Union([Instant, Type.Null()]),
  deadAfter: Instant,
});

/** What people were told, or are to be told. */
export function notificationRoutes({
  services: { notifications },
}: ServerContext & { readonly services: { readonly notifications: NotificationService } }): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/notifications",
      tag: "notifications",
      summary: "Notifications of a tenant, the newest first; for operators that name none: everybody's",
      access: "either",
      scopes: ["organizations:read"],
      query: Strict({
        state: Type.Optional(State),
        cursor: Type.Optional(Cursor),
        limit: Type.Optional(
          Type.Integer({ minimum: 1, maximum: 200, description: "Items of a page; default 100." }),
        ),
      }),
      reply: PageOf(NotificationJson),
      handler: async ({ query, tenant }) => {
        const asked = { ...pageQuery(query), state: query.state };
        const page =
          tenant === null
            ? await notifications.listAcrossTenants(asked)
            : await notifications.list({ ...asked, tenant });
        return pageJson(page, notificationJson);
      },
    }),
    route({
      method: "POST",
      path: "/v1/notifications/:id/retry",
      tag: "notifications",
      summary: "Make a notification that was given up due again, under the same id",
      access: "operator",
      scopes: ["organizations:write"],
      write: "atomic",
      audit: "notification.retried",
      params: IdParams,
      body: NoBody,
      reply: NotificationJson,
      handler: async ({ params, tenant }) => {
        const view = await orUnknown("notification", notifications.retry(params.id));
        // Throwing takes it back, as the operator's audit entry joins both.
        if (tenant === null || view.tenant === tenant) return notificationJson(view);
        throw new BillingError("not_found", "notification_not_found", "there is no such notification");
      },
    }),
  ];
}

function notificationJson(view: NotificationView): Static<typeof NotificationJson> {
  return { ...view, payload: { ...view.payload } };
}
