// What is written about a tenant goes to its endpoints too: as notifications of their own, in the same transaction.

import { digest } from "../../kernel/index.ts";
import type { Reader } from "../../store/index.ts";
import { addressOfEndpoint, EVERY_EVENT, endpointAt } from "./endpoint.ts";
import { subscribersAcrossTenants } from "./endpoint-store.ts";
import type { Notification } from "./notification.ts";
import { webhookEventOf } from "./webhook-events.ts";

/** Of an alert with several recipients each has a notification; all but the first end in this. */
const FURTHER_RECIPIENT = /:[1-9]\d*$/;

/**
 * The deliveries that notifications which were just written call for: one per event and enabled endpoint that wants its
 * type. Their ids follow from both.
 */
export async function endpointDeliveries(
  reader: Reader,
  written: readonly Notification[],
): Promise<Notification[]> {
  const events = written.filter(
    (notification) =>
      notification.kind !== "account" && isFirstOfEvent(notification) && !isDelivery(notification),
  );
  const tenants = [...new Set(events.map(({ tenant }) => tenant))].sort();
  const subscribers = await subscribersAcrossTenants(tenants, reader);
  return events.flatMap((event) =>
    subscribers
      .filter(({ tenant, events }) => tenant === event.tenant && wants(events, event))
      .map(({ id }) => deliveryOf(event, id)),
  );
}

/** A notification, addressed to an endpoint. */
export function deliveryOf(notification: Notification, endpoint: string): Notification {
  return {
    ...notification,
    id: `ntf_${digest(JSON.stringify([notification.id, endpoint])).slice(0, 26)}`,
    recipient: { webhook: addressOfEndpoint(endpoint) },
    dedupKey: null,
  };
}

function wants(events: readonly string[], notification: Notification): boolean {
  return events.includes(EVERY_EVENT) || events.includes(webhookEventOf(notification, 0).type);
}

function isFirstOfEvent({ kind, dedupKey }: Notification): boolean {
  return kind !== "budget_alert" || dedupKey === null || !FURTHER_RECIPIENT.test(dedupKey);
}

function isDelivery({ recipient }: Notification): boolean {
  return recipient !== null && "webhook" in recipient && endpointAt(recipient.webhook) !== undefined;
}
