import { checkedWebhook } from "../../config.ts";
import type { Attempt, GlobalChannel, OutgoingCall } from "../../domain/notifications/index.ts";
import { bodyFor } from "./body.ts";
import { post } from "./post.ts";
import { webhookHeaders } from "./signature.ts";

const TIMEOUT_MS = 10_000;

/** The operator's own webhook: unsigned, and anywhere the operator says, private networks included. */
export class GlobalWebhook implements GlobalChannel {
  readonly #url: URL;

  /** @throws BillingError invalid_input `invalid_configuration`. */
  constructor(url: string, name = "notifications.webhook") {
    this.#url = checkedWebhook(url, name);
  }

  send(call: OutgoingCall): Promise<Attempt> {
    const body = bodyFor(this.#url, call);
    const headers = webhookHeaders({ id: call.event.id, now: call.now, body });
    return post({ url: this.#url, headers, body, timeoutMs: TIMEOUT_MS });
  }
}
