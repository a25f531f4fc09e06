// Two events with one id are the same event exactly if their contents are. The fingerprint is a whole row in 52 bits,
// stored beside it so that `verify` sees a row that was changed by hand.

import type { UsageEvent } from "./event.ts";

/** What the caller said, but for the id, tenant and time: every field, apart by a character that no value can hold. */
export function contentOf(event: UsageEvent): string {
  return (
    `${event.type}\u001f${event.provider}\u001f${event.model}\u001f${event.workspace}\u001f${event.user}\u001f${event.agent}` +
    `\u001f${event.debate}\u001f${event.serviceTier}\u001f${event.quantity}\u001f${event.inputTokens}` +
    `\u001f${event.cacheReadTokens}\u001f${event.cacheWriteTokens}\u001f${event.cacheWrite1hTokens}` +
    `\u001f${event.outputTokens}\u001f${event.reasoningTokens}\u001f${event.webSearches}\u001f${event.metadata}`
  );
}

/** Whether a retry says the same as the event on record. A time that was never given cannot differ. */
export function sameContent(retry: UsageEvent, recorded: UsageEvent): boolean {
  return (!retry.timestampGiven || retry.ts === recorded.ts) && contentOf(retry) === contentOf(recorded);
}

/**
 * FNV-1a over the UTF-16 units in two lanes, 26 bits of each. Finds accidents and edits, not forgery. Money is left out:
 * `verify` computes it again from the counts and the price.
 */
export function fingerprintOf(
  event: UsageEvent,
  price: string,
  chargePrice: string,
  flags: number,
  recordedAt: number,
): number {
  const text =
    `${event.id}\u001f${event.tenant}\u001f${event.ts}\u001f${contentOf(event)}` +
    `\u001f${price}\u001f${chargePrice}\u001f${flags}\u001f${recordedAt}`;
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x85ebca6b);
  }
  return ((a ^ (a >>> 16)) & 0x3ffffff) * 0x4000000 + ((b ^ (b >>> 15)) & 0x3ffffff);
}
