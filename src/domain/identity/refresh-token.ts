// The text of a refresh token, and what its second use means.

import { digest } from "../../kernel/index.ts";
import { type SecureRandom, secretText } from "../organizations/index.ts";

const SECRET_BYTES = 32;
const TOKEN = /^art_[A-Za-z0-9_-]{43}$/;

/**
 * A client that lost the answer, or two of its tabs, may send one token twice within this time: the second gets no
 * tokens, but the session lives on. Later, a used token is in two hands, and nobody knows in which one the thief's is.
 */
const REUSE_GRACE_MS = 5_000;

export interface RefreshTokenText {
  readonly text: string;
  /** SHA-256: enough for 256 random bits. */
  readonly hash: string;
}

export function newRefreshToken(random: SecureRandom): RefreshTokenText {
  const text = `art_${secretText(random, SECRET_BYTES)}`;
  return { text, hash: digest(text) };
}

/** The hash of what somebody shows as a refresh token; undefined when it is none at all. */
export function refreshTokenHash(text: unknown): string | undefined {
  return typeof text === "string" && TOKEN.test(text) ? digest(text) : undefined;
}

/** Whether a token that was used at `usedAt` and is shown again at `now` has been copied. */
export function isReuse(usedAt: number, now: number): boolean {
  return Math.abs(now - usedAt) >= REUSE_GRACE_MS;
}
