// Which lot is used when: pure.

import type { Lot, LotPart } from "./credit.ts";

/** Soonest end first, then those without one, then the oldest. */
export function inOrderOfUse(a: Lot, b: Lot): number {
  return a.expiresAt - b.expiresAt || a.seq - b.seq;
}

/** Whether its rest must be posted as expired. The end is not part of its life. */
export function isDue(lot: Lot, now: number): boolean {
  return lot.remaining > 0n && lot.expiresAt <= now;
}

/** Takes up to `amount` from lots in their order of use; those whose end has come give nothing. */
export function draw(lots: readonly Lot[], amount: bigint, now: number): LotPart[] {
  const parts: LotPart[] = [];
  let left = amount;
  for (const { id, remaining, expiresAt } of [...lots].sort(inOrderOfUse)) {
    if (left === 0n) break;
    if (remaining === 0n || expiresAt <= now) continue;
    const taken = remaining < left ? remaining : left;
    parts.push({ lot: id, amount: taken });
    left -= taken;
  }
  return parts;
}

/**
 * What goes back, and where, when `amount` of a deduction is returned: what was taken last returns first, so a part that
 * stays taken is what a smaller deduction would have taken.
 *
 * @param taken what the deduction took, in its order.
 * @param returned what earlier reversals of it gave back.
 */
export function putBack(taken: readonly LotPart[], returned: readonly LotPart[], amount: bigint): LotPart[] {
  const back = new Map<string, bigint>();
  for (const { lot, amount } of returned) back.set(lot, (back.get(lot) ?? 0n) + amount);
  const parts: LotPart[] = [];
  let left = amount;
  for (const { lot, amount: whole } of [...taken].reverse()) {
    if (left === 0n) break;
    const out = whole - (back.get(lot) ?? 0n);
    if (out === 0n) continue;
    const part = out < left ? out : left;
    parts.push({ lot, amount: part });
    left -= part;
  }
  return parts;
}

export function totalOf(parts: readonly LotPart[]): bigint {
  return parts.reduce((sum, { amount }) => sum + amount, 0n);
}
