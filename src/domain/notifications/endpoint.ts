// Endpoints that tenants register: what they are, and how a notification names one.

import { BillingError } from "../../kernel/index.ts";
import type { NotificationState } from "./notification-store.ts";
import type { Payload } from "./payload.ts";
import type { WebhookEventType } from "./webhook-events.ts";

/** All types of events, those of later versions too. */
export const EVERY_EVENT = "*";

/** An endpoint as its tenant sees it: without the secret. */
export interface EndpointView {
  readonly id: string;
  readonly url: string;
  readonly description: string | null;
  readonly events: readonly (WebhookEventType | typeof EVERY_EVENT)[];
  readonly enabled: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** An endpoint with its secret, which is shown this once. */
export type IssuedEndpoint = EndpointView & { readonly secret: string };

/** An event for one endpoint. The id is the same at every try and replay: receivers act on it once. */
export interface EndpointDelivery {
  readonly id: string;
  readonly endpointId: string;
  readonly type: WebhookEventType;
  readonly state: NotificationState;
  /** Tries since it was written, or last replayed. */
  readonly attempts: number;
  readonly lastError: string | null;
  readonly data: Payload;
  readonly createdAt: string;
  readonly deliveredAt: string | null;
  /** When a pending one is given up. */
  readonly deadAfter: string;
}

/** No tenant can name this as a recipient: recipients are http or https. */
const SCHEME = "webhook-endpoint:";

/** What stands for an endpoint where a notification has its recipient's URL: looked up when it is called. */
export function addressOfEndpoint(id: string): string {
  return `${SCHEME}${id}`;
}

/** The endpoint that an address stands for; undefined for a URL. */
export function endpointAt(address: string): string | undefined {
  return address.startsWith(SCHEME) ? address.slice(SCHEME.length) : undefined;
}

/** The same for an unknown id and for another tenant's. */
export function endpointNotFound(): BillingError {
  return new BillingError("not_found", "endpoint_not_found", "there is no such webhook endpoint");
}

/** The same for an unknown id, another endpoint's and another tenant's. */
export function deliveryNotFound(): BillingError {
  return new BillingError("not_found", "delivery_not_found", "there is no such delivery");
}
