import { type Static, Type } from "typebox";
import {
  type EndpointDelivery,
  type EndpointService,
  type EndpointView,
  WEBHOOK_EVENTS,
  type WebhookEventType,
} from "../../domain/notifications/index.ts";
import type { ServerContext } from "../context.ts";
import { type Route, route } from "../route.ts";
import { Count, Instant, OptionalText, PageOf, Strict } from "../schemas.ts";
import { choiceOf, IdParams, Line, NoBody, NoQuery, PageQuery, pageJson, pageQuery } from "./common.ts";

const TYPES = Object.keys(WEBHOOK_EVENTS) as WebhookEventType[];
const EventType = choiceOf(TYPES);
const Wanted = choiceOf([...TYPES, "*"]);
const FIELDS = {
  url: Type.String({ minLength: 1, maxLength: 2_048 }),
  events: Type.Array(Wanted, { minItems: 1, maxItems: TYPES.length + 1 }),
};
const OPTIONAL_FIELDS = {
  description: Type.Optional(Type.Union([Type.String({ maxLength: 200 }), Type.Null()])),
  enabled: Type.Optional(Type.Boolean()),
};
const ENDPOINT = {
  id: Type.String(),
  url: Type.String(),
  description: OptionalText,
  events: Type.Array(Wanted),
  enabled: Type.Boolean(),
  createdAt: Instant,
  updatedAt: Instant,
};
const EndpointJson = Strict(ENDPOINT);
const IssuedEndpointJson = Strict({ ...ENDPOINT, secret: Type.String() });
const DeliveryState = choiceOf(["pending", "delivered", "dead"]);
const DeliveryJson = Strict({
  id: Type.String(),
  endpointId: Type.String(),
  type: EventType,
  state: DeliveryState,
  attempts: Count,
  lastError: OptionalText,
  data: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
  createdAt: Instant,
  deliveredAt: Type.Union([Instant, Type.Null()]),
  deadAfter: Instant,
});

/** Webhook endpoints and what they are sent. The domain puts every change on record. */
export function webhookEndpointRoutes({
  services: { endpoints },
}: ServerContext & { readonly services: { readonly endpoints: EndpointService } }): readonly Route[] {
  const base = { tag: "webhook-endpoints", access: "tenant", scopes: ["webhooks:write"] } as const;
  return [
    route({
      ...base,
      method: "GET",
      path: "/v1/webhook-endpoints",
      summary: "A tenant's endpoints, at most 20, without their secrets",
      query: NoQuery,
      reply: Strict({ items: Type.Array(EndpointJson) }),
      handler: async ({ tenant, actor }) => ({
        items: (await endpoints.list(actor, tenant)).map(endpointJson),
      }),
    }),
    route({
      ...base,
      method: "POST",
      path: "/v1/webhook-endpoints",
      summary: "Register an endpoint; its secret is in this answer and nowhere else",
      write: "atomic",
      status: 201,
      body: Strict({ ...FIELDS, ...OPTIONAL_FIELDS }),
      reply: IssuedEndpointJson,
      handler: async ({ body, tenant, actor }) => {
        const { secret, ...view } = await endpoints.create(actor, tenant, body);
        return { ...endpointJson(view), secret };
      },
    }),
    route({
      ...base,
      method: "GET",
      path: "/v1/webhook-endpoints/:id",
      summary: "An endpoint",
      params: IdParams,
      query: NoQuery,
      reply: EndpointJson,
      handler: async ({ params, tenant, actor }) =>
        endpointJson(await endpoints.get(actor, tenant, params.id)),
    }),
    route({
      ...base,
      method: "PATCH",
      path: "/v1/webhook-endpoints/:id",
      summary: "Change address, events, description; disable or enable",
      write: "atomic",
      params: IdParams,
      body: Strict({
        url: Type.Optional(FIELDS.url),
        events: Type.Optional(FIELDS.events),
        ...OPTIONAL_FIELDS,
      }),
      reply: EndpointJson,
      handler: async ({ params, body, tenant, actor }) =>
        endpointJson(await endpoints.update(actor, tenant, params.id, body)),
    }),
    route({
      ...base,
      method: "DELETE",
      path: "/v1/webhook-endpoints/:id",
      summary: "Remove an endpoint; what was still on its way is not sent",
      write: "atomic",
      params: IdParams,
      body: NoBody,
      reply: Strict({ id: Type.String(), removed: Type.Boolean() }),
      handler: async ({ params, tenant, actor }) => {
        await endpoints.remove(actor, tenant, params.id);
        return { id: params.id, removed: true };
      },
    }),
    route({
      ...base,
      method: "POST",
      path: "/v1/webhook-endpoints/:id/rotate-secret",
      summary: "Make a new secret, shown this once; calls are signed with it from now on",
      write: "atomic",
      params: IdParams,
      body: NoBody,
      reply: IssuedEndpointJson,
      handler: async ({ params, tenant, actor }) => {
        const { secret, ...view } = await endpoints.rotateSecret(actor, tenant, params.id);
        return { ...endpointJson(view), secret };
      },
    }),
    route({
      ...base,
      method: "POST",
      path: "/v1/webhook-endpoints/:id/test",
      summary: "Send a made-up event of a type that the endpoint wants",
      write: "atomic",
      status: 202,
      params: IdParams,
      body: Strict({ type: Type.Optional(EventType) }),
      reply: DeliveryJson,
      handler: async ({ params, body, tenant, actor }) =>
        deliveryJson(await endpoints.sendTest(actor, tenant, params.id, body.type)),
    }),
    route({
      ...base,
      method: "GET",
      path: "/v1/webhook-endpoints/:id/deliveries",
      summary: "What an endpoint was or is to be sent, the newest first",
      params: IdParams,
      query: Strict({ state: Type.Optional(DeliveryState), ...PageQuery }),
      reply: PageOf(DeliveryJson),
      handler: async ({ params, query, tenant, actor }) =>
        pageJson(
          await endpoints.deliveries(actor, tenant, params.id, { ...pageQuery(query), state: query.state }),
          deliveryJson,
        ),
    }),
    route({
      ...base,
      method: "POST",
      path: "/v1/webhook-endpoints/:id/deliveries/:deliveryId/replay",
      summary: "Send a delivery that is over once more, under the same id; delivered ones too",
      write: "atomic",
      status: 202,
      params: Strict({ id: Line, deliveryId: Line }),
      body: NoBody,
      reply: DeliveryJson,
      handler: async ({ params, tenant, actor }) =>
        deliveryJson(await endpoints.replay(actor, tenant, params.id, params.deliveryId)),
    }),
  ];
}

function endpointJson(view: EndpointView): Static<typeof EndpointJson> {
  return { ...view, events: [...view.events] };
}

function deliveryJson(delivery: EndpointDelivery): Static<typeof DeliveryJson> {
  return { ...delivery, data: { ...delivery.data } };
}
