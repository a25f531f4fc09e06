// Two events with one id are the same event exactly if their contents are. The fingerprint is a whole row in 52 bits,
// stored beside it so that `verify` sees a row that was changed by hand.

import type { UsageEvent } from "./event.ts";

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
] as const satisfies (keyof UsageEvent)[];
const COUNTS = [
  "quantity",
  "inputTokens",
  "cacheReadTokens",
  "cacheWriteTokens",
  "cacheWrite1hTokens",
  "outputTokens",
  "reasoningTokens",
  "webSearches",
] as const satisfies (keyof UsageEvent)[];
/** All that a caller says about an event but its id, tenant and time. */
const CONTENT = [...TEXTS, ...COUNTS];

/** Whether a retry says the same as the event on record. A time that was never given cannot differ. */
export function sameContent(retry: UsageEvent, recorded: UsageEvent): boolean {
  if (retry.timestampGiven && retry.ts !== recorded.ts) return false;
  return CONTENT.every((field) => retry[field] === recorded[field]);
}

/**
 * FNV-1a in two lanes, 26 bits of each. Finds accidents and edits, not forgery. Money is left out: `verify` computes it
 * again from the counts and the price.
 */
export function fingerprintOf(
  event: UsageEvent,
  price: string,
  chargePrice: string,
  flags: number,
  recordedAt: number,
): number {
  // Listed by hand, not through TEXTS and COUNTS: this runs for every event, and field access by name is slow.
  const texts = [
    event.id,
    event.tenant,
    event.type,
    event.provider,
    event.model,
    event.workspace,
    event.user,
    event.agent,
    event.debate,
    event.serviceTier,
    event.metadata,
    price,
    chargePrice,
  ];
  const counts = [
    event.ts,
    event.quantity,
    event.inputTokens,
    event.cacheReadTokens,
    event.cacheWriteTokens,
    event.cacheWrite1hTokens,
    event.outputTokens,
    event.reasoningTokens,
    event.webSearches,
    flags,
    recordedAt,
  ];
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (const text of texts) {
    const { length } = text;
    for (let index = 0; index < length; index += 1) {
      const unit = text.charCodeAt(index);
      a = Math.imul(a ^ unit, 0x01000193);
      b = Math.imul(b ^ unit, 0x85ebca6b);
    }
    // The length ends a text, so that "ab", "c" and "a", "bc" differ.
    a = Math.imul(a ^ length, 0x01000193);
    b = Math.imul(b ^ length, 0x85ebca6b);
  }
  for (const count of counts) {
    const high = Math.floor(count / 0x100000000);
    a = Math.imul(Math.imul(a ^ (count | 0), 0x01000193) ^ high, 0x01000193);
    b = Math.imul(Math.imul(b ^ (count | 0), 0x85ebca6b) ^ high, 0x85ebca6b);
  }
  return ((a ^ (a >>> 16)) & 0x3ffffff) * 0x4000000 + ((b ^ (b >>> 15)) & 0x3ffffff);
}
