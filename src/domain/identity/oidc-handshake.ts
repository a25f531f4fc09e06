// One secret stays in the browser that begins a sign-in. All that goes another way follows from it, and leads not back:
// neither the address the browser comes back to, nor the provider, nor the database can redeem a code.

import { digest } from "../../kernel/index.ts";
import { type SecureRandom, secretText } from "../organizations/index.ts";
import { isSameHash } from "./key-text.ts";
import type { OidcHandshake } from "./oidc.ts";

const SECRET_BYTES = 32;
const SECRET = /^[\w-]{43}$/;

interface Derived extends OidcHandshake {
  /** What the database knows it by. */
  readonly id: string;
}

/** A new secret, and what follows from it. */
export function newHandshake(random: SecureRandom): Derived & { readonly browserSecret: string } {
  const browserSecret = secretText(random, SECRET_BYTES);
  return { browserSecret, ...derivedFrom(browserSecret) };
}

/** What follows from a browser's secret; undefined when it is none at all. */
export function handshakeOf(secret: unknown): Derived | undefined {
  return typeof secret === "string" && SECRET.test(secret) ? derivedFrom(secret) : undefined;
}

function derivedFrom(secret: string): Derived {
  const part = (name: string) => digest(`oidc ${name} ${secret}`);
  return { id: part("id"), state: part("state"), nonce: part("nonce"), codeVerifier: part("verifier") };
}

/** Whether an answer is to this browser's question. */
export function isAnswerTo({ state }: OidcHandshake, answer: URL): boolean {
  return isSameHash(answer.searchParams.get("state") ?? "", state);
}
