// The events that endpoints receive: the catalogue, and how a notification becomes one of them.

import { isoInstant } from "../../kernel/index.ts";
import type { Notification, NotificationKind } from "./notification.ts";
import { type JsonSchema, KINDS, type Payload, payloadSchema } from "./payload.ts";

/** The body of a call to an endpoint. `id` is the same at every delivery: act on it once. */
export interface WebhookEvent {
  readonly id: string;
  readonly type: WebhookEventType;
  /** When it happened, ISO 8601 in UTC. */
  readonly timestamp: string;
  readonly tenant: string;
  readonly data: Payload;
}

const TYPES = Object.freeze({
  payment_failed: "payment.failed",
  trial_ending: "trial.ending",
  subscription_canceled: "subscription.canceled",
  subscription_downgraded: "subscription.downgraded",
  budget_alert: "budget.alert",
  forecast_overage: "forecast.overage",
  credit_expiring: "credit.expiring",
  invoice_issued: "invoice.issued",
  payment_received: "payment.received",
  invoice_due: "invoice.due",
  invoice_overdue: "invoice.overdue",
  invoice_voided: "invoice.voided",
  credit_note_issued: "credit_note.issued",
} as const satisfies Record<NotificationKind, string>);

export type WebhookEventType = (typeof TYPES)[NotificationKind];

/** Every type of event that an endpoint may receive, with the JSON Schema (2020-12) of its body. */
export const WEBHOOK_EVENTS: Readonly<Record<WebhookEventType, JsonSchema>> = Object.freeze(
  Object.fromEntries(KINDS.map((kind) => [TYPES[kind], eventSchema(kind)])) as Record<
    WebhookEventType,
    JsonSchema
  >,
);

/** The event that tells a notification. */
export function webhookEventOf(
  { id, tenant, kind, payload }: Pick<Notification, "id" | "tenant" | "kind" | "payload">,
  createdAt: number,
): WebhookEvent {
  // Mails about accounts take another way: no endpoint ever sees one.
  const type = TYPES[kind as NotificationKind];
  return { id, type, timestamp: isoInstant(createdAt), tenant, data: payload };
}

function eventSchema(kind: NotificationKind): JsonSchema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: TYPES[kind],
    type: "object",
    properties: {
      id: { type: "string", minLength: 1 },
      type: { const: TYPES[kind] },
      timestamp: { type: "string", format: "date-time" },
      tenant: { type: "string", minLength: 1 },
      data: payloadSchema(kind),
    },
    required: ["id", "type", "timestamp", "tenant", "data"],
    additionalProperties: false,
  };
}
