// The keys that tokens are signed with: the current one, and the one before it for a day after the change.

import { createSecretKey, type KeyObject } from "node:crypto";
import { BillingError, DAY_MS, digest } from "../../kernel/index.ts";

/** What tokens are signed with: at least 32 bytes of text that nobody can guess, as `openssl rand -base64 32` makes it. */
export interface TokenSecret {
  readonly current: string;
  /** The secret before it. Its tokens are honoured for 24 hours from the first use of `current`. */
  readonly previous?: string | undefined;
}

/** A key and the name under which tokens say that they are signed with it. */
export interface SigningKey {
  readonly id: string;
  readonly key: KeyObject;
}

export interface SigningKeys {
  readonly current: SigningKey;
  readonly previous: SigningKey | undefined;
}

/** How long tokens of the previous key are honoured, from the first use of the current one. */
export const PREVIOUS_KEY_MS = DAY_MS;

const MIN_BYTES = 32;
const MIN_DIFFERENT = 10;

/**
 * The keys of a secret.
 *
 * @param names what the two texts are called where they were given.
 * @throws BillingError invalid_input `weak_secret` for one that is short or simple; it never repeats it.
 */
export function signingKeys(
  { current, previous }: TokenSecret,
  names: Readonly<Record<keyof TokenSecret, string>> = {
    current: "the secret of tokens",
    previous: "the previous secret of tokens",
  },
): SigningKeys {
  return {
    current: signingKey(current, names.current),
    previous: previous === undefined ? undefined : signingKey(previous, names.previous),
  };
}

function signingKey(secret: string, name: string): SigningKey {
  if (typeof secret !== "string" || Buffer.byteLength(secret) < MIN_BYTES) {
    throw weakSecret(name, `must have at least ${MIN_BYTES} bytes`);
  }
  const isSimple = new Set(secret).size < MIN_DIFFERENT || repeats(secret) || isRun(secret);
  if (isSimple) throw weakSecret(name, "is too simple to be random");
  // The name tells nothing that a signature would not tell as well.
  const id = digest(`signing key ${secret}`).slice(0, 16);
  return { id, key: createSecretKey(Buffer.from(secret)) };
}

/** Whether a text is one shorter text again and again, the last time perhaps not whole. */
function repeats(text: string): boolean {
  for (let period = 1; period <= text.length / 2; period += 1) {
    if (text.startsWith(text.slice(period))) return true;
  }
  return false;
}

/** Whether each character follows the one before it in the same step: `abcdef…`, `98765…`. */
function isRun(text: string): boolean {
  const steps = new Set<number>();
  for (let at = 1; at < text.length; at += 1) steps.add(text.charCodeAt(at) - text.charCodeAt(at - 1));
  return steps.size === 1;
}

function weakSecret(name: string, problem: string): BillingError {
  const text = `${name} ${problem}; make one with: openssl rand -base64 32`;
  return new BillingError("invalid_input", "weak_secret", text, { details: { field: name } });
}
