import type { Attempt, EndpointCall, EndpointChannel } from "../../domain/notifications/index.ts";
import { BillingError } from "../../kernel/index.ts";
import { bodyFor } from "./body.ts";
import { Guard, type GuardOptions } from "./guard.ts";
import { post } from "./post.ts";
import { webhookHeaders } from "./signature.ts";

export interface EndpointOptions extends GuardOptions {
  /** Default 5 s, for the whole call. */
  readonly timeoutMs?: number | undefined;
  /** PEM of a certificate authority in place of the system's. */
  readonly ca?: string | undefined;
}

const TIMEOUT_MS = 5_000;

/**
 * Calls the endpoints that tenants named, signed. None of them can make this process reach into its own network: see
 * {@link Guard}.
 *
 * @example
 * new WebhookEndpoints().check("https://10.0.0.1/hook"); // throws `webhook_refused`
 */
export class WebhookEndpoints implements EndpointChannel {
  readonly #guard: Guard;
  readonly #timeoutMs: number;
  readonly #ca: string | undefined;

  constructor(options: EndpointOptions = {}) {
    this.#guard = new Guard(options);
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#ca = options.ca;
  }

  check(url: string): void {
    this.#guard.check(url);
  }

  async send(call: EndpointCall): Promise<Attempt> {
    try {
      const url = this.#guard.check(call.url);
      const body = bodyFor(url, call);
      const headers = webhookHeaders({ id: call.event.id, now: call.now, body, secret: call.secret });
      const { lookup } = this.#guard;
      return await post({ url, headers, body, timeoutMs: this.#timeoutMs, lookup, ca: this.#ca });
    } catch (error) {
      if (error instanceof BillingError) return { outcome: "refused", error: error.message };
      throw error;
    }
  }
}
