// Who a notification is for. An address is checked so that it is exactly one, and a secret so that it is one.

import { BillingError, invalidInput } from "../../kernel/index.ts";
import { endpointAt } from "./endpoint.ts";
import { httpUrl } from "./text.ts";

/** One mailbox, or one endpoint with the secret that signs what it gets (`whsec_` and base64). */
export type Recipient =
  | {
      readonly email: string;
      /** Of a mail about an account: the token in it, which is forgotten with the mail. */
      readonly token?: string | undefined;
    }
  | { readonly webhook: string; readonly secret?: string | undefined };

// As browsers check <input type=email>: no blank, comma, quote, angle bracket or control character gets in.
const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const EMAIL = new RegExp(`^[a-z0-9.!#$%&'*+/=?^_\`{|}~-]{1,64}@${LABEL}(?:\\.${LABEL})*$`, "i");
const MAX_EMAIL = 254;
const SECRET_PREFIX = "whsec_";
const [MIN_SECRET, MAX_SECRET] = [24, 64];

/** @throws BillingError invalid_input naming the field, without its value. */
export function checkRecipient(recipient: Recipient): Recipient {
  const { email, webhook, secret } = recipient as { email?: unknown; webhook?: unknown; secret?: unknown };
  if ((email === undefined) === (webhook === undefined)) {
    throw invalidInput("recipient", "invalid_recipient", "recipient must have an email or a webhook");
  }
  if (email !== undefined) return { email: checkEmail(email) };
  const endpoint = { webhook: httpUrl(webhook, "webhook") };
  if (secret === undefined) return endpoint;
  secretBytes(secret);
  return { ...endpoint, secret: secret as string };
}

/**
 * The key bytes of a `whsec_` secret.
 *
 * @throws BillingError invalid_input `invalid_secret`: not `whsec_` and base64 of 24 to 64 bytes.
 */
export function secretBytes(secret: unknown): Buffer {
  const encoded =
    typeof secret === "string" && secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : "";
  const bytes = Buffer.from(encoded, "base64");
  const isExact = bytes.toString("base64").replace(/=+$/, "") === encoded.replace(/=+$/, "");
  if (isExact && bytes.length >= MIN_SECRET && bytes.length <= MAX_SECRET) return bytes;
  const rule = `${SECRET_PREFIX} and the base64 of ${MIN_SECRET} to ${MAX_SECRET} bytes`;
  throw invalidInput("secret", "invalid_secret", `secret must be ${rule}`);
}

/** A recipient as lists show it: of an endpoint only the server, since the rest of its address may be a secret. */
export function shownRecipient(type: string, address: string): string | null {
  if (type === "email") return address;
  if (endpointAt(address) !== undefined) return address;
  if (type === "webhook") return `${new URL(address).origin}/…`;
  return null;
}

/** Whether a value is exactly one plain mail address. */
export function isEmail(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_EMAIL && EMAIL.test(value);
}

function checkEmail(value: unknown): string {
  if (isEmail(value)) return value;
  throw new BillingError(
    "invalid_input",
    "invalid_email",
    "email must be one plain address, as in billing@example.com",
    { details: { field: "email" } },
  );
}
