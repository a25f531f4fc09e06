import { createHmac } from "node:crypto";
import { secretBytes } from "../../domain/notifications/index.ts";

/**
 * The headers by which a receiver knows a call (standardwebhooks.com): its id, its time in epoch seconds and, with a
 * secret, the signature `v1,base64(HMAC-SHA256(secret, "id.timestamp.body"))`.
 *
 * @throws BillingError invalid_input `invalid_secret`.
 * @example
 * webhookHeaders({ id: "ntf_1", now: 1_735_689_600_000, body: "{}", secret: "whsec_..." });
 */
export function webhookHeaders(call: {
  readonly id: string;
  /** Epoch ms. */
  readonly now: number;
  readonly body: string;
  readonly secret?: string | undefined;
}): Record<string, string> {
  const { id, now, body, secret } = call;
  const timestamp = String(Math.floor(now / 1_000));
  const headers = { "webhook-id": id, "webhook-timestamp": timestamp };
  if (secret === undefined) return headers;
  const hmac = createHmac("sha256", secretBytes(secret)).update(`${id}.${timestamp}.${body}`, "utf8");
  return { ...headers, "webhook-signature": `v1,${hmac.digest("base64")}` };
}
