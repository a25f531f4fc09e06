// Two events with one id are the same event exactly if their contents are. The fingerprint is a whole row in 52 bits,
// stored beside it so that `verify` sees a row that was changed by hand.

import type { CheckedEvent, RatedEvent } from "./event.ts";

const TEXTS = [
  "type",
  "provider",
  "model",
  "workspace",
  "user",
  "agent",
  "debate",
  "serviceTier",
  "metadata",
  "usageState",
] as const satisfies (keyof CheckedEvent)[];
const COUNTS = [
  "quantity",
  "inputTokens",
  "cacheReadTokens",
  "cacheWriteTokens",
  "cacheWrite1hTokens",
  "outputTokens",
  "reasoningTokens",
  "webSearches",
] as const satisfies (keyof CheckedEvent)[];
/** All that a caller says about an event but its id, tenant, time and hold. */
const CONTENT = [...TEXTS, ...COUNTS, "providerCost"] as const;

/** An event's key in a Map. No id or tenant holds a control character, so two keys are equal only if both parts are. */
export function eventKey(id: string, tenant: string): string {
  return `${id}\u001f${tenant}`;
}

/** Whether a retry says the same as the event on record. A time that was never given cannot differ. */
export function sameContent(retry: CheckedEvent, recorded: CheckedEvent): boolean {
  if (retry.timestampGiven && retry.ts !== recorded.ts) return false;
  return CONTENT.every((field) => retry[field] === recorded[field]);
}

/**
 * A stored event in 52 bits. Finds accidents and edits, not forgery. Money is left out: `verify` computes it again from
 * the counts and the price.
 */
export function fingerprintOf(rated: Omit<RatedEvent, "fingerprint">): number {
  const { event } = rated;
  // Field by field, not through TEXTS and COUNTS, and without an array: this runs for every event.
  hash.restart();
  hash.text(event.id);
  hash.text(event.tenant);
  hash.text(event.type);
  hash.text(event.provider);
  hash.text(event.model);
  hash.text(event.workspace);
  hash.text(event.user);
  hash.text(event.agent);
  hash.text(event.debate);
  hash.text(event.serviceTier);
  hash.text(event.metadata);
  hash.text(rated.price);
  hash.text(rated.chargePrice);
  hash.count(event.ts);
  hash.count(event.quantity);
  hash.count(event.inputTokens);
  hash.count(event.cacheReadTokens);
  hash.count(event.cacheWriteTokens);
  hash.count(event.cacheWrite1hTokens);
  hash.count(event.outputTokens);
  hash.count(event.reasoningTokens);
  hash.count(event.webSearches);
  hash.count(rated.flags);
  hash.count(rated.recordedAt);
  // Columns that came later count only where they say something: earlier rows keep their fingerprint.
  if (rated.corrects !== "" || rated.adjustment !== "" || rated.sign !== 1) {
    hash.text(rated.corrects);
    hash.text(rated.adjustment);
    hash.count(rated.sign);
  }
  if (event.providerCost !== null) hash.text(String(event.providerCost));
  return hash.value();
}

/** The row with its fingerprint filled in. */
export function withFingerprint(
  rated: { -readonly [Field in keyof RatedEvent]: RatedEvent[Field] },
): RatedEvent {
  rated.fingerprint = fingerprintOf(rated);
  return rated;
}

const PRIME_A = 0x01000193;
const PRIME_B = 0x85ebca6b;

/** FNV-1a in two lanes, 26 bits of each. */
class Hash {
  #a = 0;
  #b = 0;

  restart(): void {
    this.#a = 0x811c9dc5 | 0;
    this.#b = PRIME_A;
  }

  text(text: string): void {
    let a = this.#a;
    let b = this.#b;
    const { length } = text;
    for (let index = 0; index < length; index += 1) {
      const unit = text.charCodeAt(index);
      a = Math.imul(a ^ unit, PRIME_A);
      b = Math.imul(b ^ unit, PRIME_B);
    }
    // The length ends a text, so that "ab", "c" and "a", "bc" differ.
    this.#a = Math.imul(a ^ length, PRIME_A);
    this.#b = Math.imul(b ^ length, PRIME_B);
  }

  count(count: number): void {
    const low = count | 0;
    const high = Math.floor(count / 0x100000000);
    this.#a = Math.imul(Math.imul(this.#a ^ low, PRIME_A) ^ high, PRIME_A);
    this.#b = Math.imul(Math.imul(this.#b ^ low, PRIME_B) ^ high, PRIME_B);
  }

  value(): number {
    const a = this.#a ^ (this.#a >>> 16);
    const b = this.#b ^ (this.#b >>> 15);
    return (a & 0x3ffffff) * 0x4000000 + (b & 0x3ffffff);
  }
}

/** Used and finished within one synchronous call. */
const hash = new Hash();
