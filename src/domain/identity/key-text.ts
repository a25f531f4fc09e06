// The text of a key: ara_<prefix>_<secret>. The prefix finds the row; only the whole text proves anything.

import { timingSafeEqual } from "node:crypto";
import { digest } from "../../kernel/index.ts";
import { type SecureRandom, secretText } from "../organizations/index.ts";

const PREFIX_BYTES = 6;
const SECRET_BYTES = 32;
const KEY = /^ara_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

export interface KeyText {
  readonly text: string;
  readonly prefix: string;
  /** SHA-256 of the text. A hash made slow is for passwords: nobody guesses 256 random bits. */
  readonly hash: string;
}

/** A new key. */
export function newKeyText(random: SecureRandom): KeyText {
  const prefix = Buffer.from(random(PREFIX_BYTES)).toString("hex");
  const text = `ara_${prefix}_${secretText(random, SECRET_BYTES)}`;
  return { text, prefix, hash: digest(text) };
}

/** What somebody shows as a key; undefined when it is none at all. */
export function readKeyText(text: unknown): KeyText | undefined {
  const prefix = typeof text === "string" ? KEY.exec(text)?.[1] : undefined;
  if (prefix === undefined || typeof text !== "string") return undefined;
  return { text, prefix, hash: digest(text) };
}

/** Whether two hashes are the same, in a time that does not tell how much of them is. */
export function isSameHash(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one, "hex"), Buffer.from(other, "hex")];
  return a.length === b.length && timingSafeEqual(a, b);
}
