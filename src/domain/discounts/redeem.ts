// One use of a code: looked at by everybody in the same way, taken by whoever holds the locks. Locks: code, then tenant.

import { BillingError, isoInstant } from "../../kernel/index.ts";
import { OvertakenError, type Reader, type Tx } from "../../store/index.ts";
import { organizationOf } from "../organizations/index.ts";
import type { SubscriptionTier } from "../plans/index.ts";
import { codeAcrossTenants, giveUsesBack, lockCodeAcrossTenants, ownUses, takeUse } from "./code-store.ts";
import { decide, type Grant, isRefusal } from "./decide.ts";
import { isDue, type Redemption, type Refusal, type StoredCode } from "./discount.ts";
import {
  type DueUses,
  dueUsesAcrossTenants,
  expireRedemptionsAcrossTenants,
  insertRedemption,
  moveRedemption,
  redemptionsOfPurchase,
} from "./redemption-store.ts";
import { lockSpent, spentBy } from "./volume-store.ts";

/** What somebody wants of a code. */
export interface Ask {
  readonly tenant: string;
  /** In its canonical form. */
  readonly code: string;
  readonly purchase: bigint;
  /** Of the purchase; null: it is one of its own. */
  readonly reference: string | null;
  /** Of an organization that is not on record. */
  readonly tier: SubscriptionTier | undefined;
  /** What the volume discount, and codes that were only looked at yet, take off the purchase before it. */
  readonly before?:
    | { readonly taken: bigint; readonly hasAmount: boolean; readonly hasVolume: boolean }
    | undefined;
}

/** A new redemption: for good, or until an instant. */
export interface NewRedemption {
  readonly id: string;
  readonly user: string;
  readonly state: "reserved" | "confirmed";
  readonly expiresAt: number;
}

/** What would come of it now; changes nothing. */
export async function look(ask: Ask, now: number, reader: Reader): Promise<Redemption | Grant | Refusal> {
  const code = await codeAcrossTenants(ask.code, reader);
  if (code === undefined) return notFound();
  const spent = await spentBy(ask.tenant, reader);
  const due = await dueUsesAcrossTenants(ask.code, now, reader);
  return answerTo(ask, { code, spent, due, now }, reader);
}

/**
 * Takes a use of a code, once per purchase: the same ask again has the first redemption. One for good is not taken of what an
 * open reservation leaves: that may still be given back.
 *
 * @throws BillingError failed_precondition `confirm_in_order`.
 */
export async function redeem(
  ask: Ask,
  wanted: NewRedemption,
  now: number,
  tx: Tx,
): Promise<Redemption | Refusal> {
  const code = await lockCodeAcrossTenants(ask.code, tx);
  if (code === undefined) return notFound();
  const spent = await lockSpent(ask.tenant, tx);
  const due = await dueUsesAcrossTenants(ask.code, now, tx);
  const answer = await answerTo(ask, { code, spent, due, now }, tx);
  if (isRefusal(answer)) return answer;
  if ("id" in answer) return wanted.state === "confirmed" ? confirm(answer, now, tx) : answer;
  if (wanted.state === "confirmed" && ask.reference !== null)
    requireNoneOpen(await redemptionsOfPurchase(ask.tenant, ask.reference, tx), now);
  await expireDue(code.code, due, now, tx);
  // Decided under the lock; the statement that counts decides again.
  if (!(await takeUse(ask.tenant, code, answer.discount, tx))) throw new OvertakenError();
  const { tenant, purchase, reference } = ask;
  const redemption: Redemption = {
    ...{ ...wanted, ...answer, tenant, code: code.code, purchase },
    ...{ reference: reference ?? wanted.id, createdAt: now },
  };
  await insertRedemption(tenant, redemption, tx);
  return redemption;
}

/**
 * Makes a reservation final, those before it on its purchase first, so that what it took its part of is final too. After its
 * end it still is confirmed where its use is not taken by others meanwhile: the purchase was made at the price that was promised.
 *
 * @throws BillingError limit_exceeded `room_taken`; failed_precondition `redemption_released`, `confirm_in_order`, `base_moved`.
 */
export async function confirm(found: Redemption, now: number, tx: Tx): Promise<Redemption> {
  const { tenant, id, reference } = found;
  const code = (await lockCodeAcrossTenants(found.code, tx)) as StoredCode;
  await lockSpent(tenant, tx);
  const expired = await expireDue(code.code, await dueUsesAcrossTenants(code.code, now, tx), now, tx);
  // Again, now that nobody else can change it.
  const redemptions = await redemptionsOfPurchase(tenant, reference, tx);
  const redemption = redemptions.find((one) => one.id === id) as Redemption;
  const { state, discount, purchase } = redemption;
  if (state === "confirmed") return redemption;
  if (state === "released") throw released();
  // Whoever came with a later time may have counted this one as over already.
  const stack = redemptions.filter((one) => one.id === id || counts(one, now)).sort(byBase);
  if (stack.some((one) => one.purchase !== purchase)) throw roomTaken(redemption);
  const before = stack.filter(({ base }) => base > redemption.base);
  if (before.reduce((left, one) => left - one.discount, purchase) !== redemption.base) throw baseMoved();
  requireNoneOpen(before, now);
  if (!isStack(stack, purchase)) throw roomTaken(redemption);
  if (state === "expired") {
    const left = expired === 0 ? code : ((await codeAcrossTenants(code.code, tx)) as StoredCode);
    const own = await ownUses(tenant, code.code, tx);
    const isRoom = isBelow(left.uses, code.maxUses) && isBelow(own, code.maxUsesPerOrganization);
    if (!isRoom) throw roomTaken(redemption);
    if (!(await takeUse(tenant, code, discount, tx))) throw new OvertakenError();
  }
  await move(redemption, "confirmed", tx);
  return { ...redemption, state: "confirmed" };
}

/**
 * Gives a reservation back, once.
 *
 * @throws BillingError failed_precondition `redemption_confirmed`.
 */
export async function release(found: Redemption, now: number, tx: Tx): Promise<Redemption> {
  const { tenant, id, reference } = found;
  const { code } = (await lockCodeAcrossTenants(found.code, tx)) as StoredCode;
  await expireDue(code, await dueUsesAcrossTenants(code, now, tx), now, tx);
  const redemptions = await redemptionsOfPurchase(tenant, reference, tx);
  const redemption = redemptions.find((one) => one.id === id) as Redemption;
  if (redemption.state === "confirmed") throw confirmed();
  if (redemption.state !== "reserved") return redemption;
  await move(redemption, "released", tx);
  await giveUsesBack(tenant, { code, uses: 1n, discounted: redemption.discount }, tx);
  return { ...redemption, state: "released" };
}

/** Ends the reservations of a code whose end has come, and gives their uses back: each once, whoever comes. */
export async function expireReservations(code: string, now: number, tx: Tx): Promise<number> {
  if ((await lockCodeAcrossTenants(code, tx)) === undefined) return 0;
  return expireDue(code, await dueUsesAcrossTenants(code, now, tx), now, tx);
}

/** @param due of the locked code, read since it was locked. */
async function expireDue(code: string, due: readonly DueUses[], now: number, tx: Tx): Promise<number> {
  if (due.length === 0) return 0;
  const expired = await expireRedemptionsAcrossTenants(code, now, tx);
  for (const { tenant, uses, discounted } of due) {
    await giveUsesBack(tenant, { code, uses, discounted }, tx);
  }
  return expired;
}

async function answerTo(
  ask: Ask,
  on: { code: StoredCode; spent: bigint; due: readonly DueUses[]; now: number },
  reader: Reader,
): Promise<Redemption | Grant | Refusal> {
  const { tenant, purchase, reference } = ask;
  const { code, spent, due, now } = on;
  const redemptions = reference === null ? [] : await redemptionsOfPurchase(tenant, reference, reader);
  const own = redemptions.find((one) => one.code === code.code);
  if (own !== undefined) return again(own, purchase, now);
  const others = takenByOthers(redemptions, code.code, now);
  if (others.purchase !== undefined && others.purchase !== purchase) throw otherAmount();
  const organization = await organizationOf(tenant, reader);
  const dueOf = (whose: readonly DueUses[]) => whose.reduce((sum, { uses }) => sum + uses, 0n);
  return decide(code, {
    ...{ now, tenant, purchase, spent, taken: others.taken + (ask.before?.taken ?? 0n) },
    hasAmount: others.hasAmount || (ask.before?.hasAmount ?? false),
    hasVolume: ask.before?.hasVolume ?? false,
    tier: organization === undefined ? ask.tier : organization.tier,
    uses: code.uses - dueOf(due),
    ownUses: (await ownUses(tenant, code.code, reader)) - dueOf(due.filter((one) => one.tenant === tenant)),
  });
}

/** What other codes take off a purchase now. */
function takenByOthers(redemptions: readonly Redemption[], code: string, now: number) {
  const counting = redemptions.filter((one) => one.code !== code && counts(one, now));
  return {
    taken: counting.reduce((sum, { discount }) => sum + discount, 0n),
    hasAmount: counting.some(({ percent }) => percent === null),
    purchase: counting[0]?.purchase,
  };
}

/** Each code of a purchase takes its part of what those before it left: the greatest base first. */
function isStack(stack: readonly Redemption[], purchase: bigint): boolean {
  let left = purchase;
  return stack.every(({ base, discount }) => {
    const fits = base === left;
    left -= discount;
    return fits;
  });
}

function byBase(one: Redemption, other: Redemption): number {
  return one.base > other.base ? -1 : 1;
}

function requireNoneOpen(redemptions: readonly Redemption[], now: number): void {
  const open = redemptions.find((one) => one.state === "reserved" && counts(one, now));
  if (open === undefined) return;
  const text = `the code ${open.code} is reserved for this purchase: confirm or release it first`;
  const details = { code: open.code, redemptionId: open.id };
  throw new BillingError("failed_precondition", "confirm_in_order", text, { details });
}

function counts(redemption: Redemption, now: number): boolean {
  const { state } = redemption;
  return state === "confirmed" || (state === "reserved" && !isDue(redemption, now));
}

/** The redemption that there is already; one that has ended is never taken up again. */
function again(redemption: Redemption, purchase: bigint, now: number): Redemption | Refusal {
  if (redemption.purchase !== purchase) throw otherAmount();
  if (counts(redemption, now)) return redemption;
  const how =
    redemption.state === "released" ? "was released" : `ended at ${isoInstant(redemption.expiresAt)}`;
  const message = `the reservation of this code under this reference ${how}: use a new reference`;
  return { reason: "redemption_ended", message };
}

async function move({ tenant, id, state: from }: Redemption, to: "confirmed" | "released", tx: Tx) {
  if (!(await moveRedemption(tenant, id, { from, to }, tx))) throw new OvertakenError();
}

function isBelow(uses: bigint, limit: StoredCode["maxUses"]): boolean {
  return limit === "unlimited" || uses < BigInt(limit);
}

function notFound(): Refusal {
  return { reason: "code_not_found", message: "there is no such code" };
}

function otherAmount(): BillingError {
  const text = "this reference is that of a purchase of another amount; nothing was changed";
  return new BillingError("conflict", "reference_conflict", text, { details: { field: "reference" } });
}

function released(): BillingError {
  const text = "this reservation was released: redeem the code again under a new reference";
  return new BillingError("failed_precondition", "redemption_released", text);
}

function confirmed(): BillingError {
  const text = "this redemption is confirmed: its use stays used";
  return new BillingError("failed_precondition", "redemption_confirmed", text);
}

function baseMoved(): BillingError {
  const text =
    "codes that were used before it on this purchase have ended or were released: use a new reference";
  return new BillingError("failed_precondition", "base_moved", text);
}

function roomTaken({ expiresAt }: Redemption): BillingError {
  const text = `this reservation ended at ${isoInstant(expiresAt)}, and others have taken its room`;
  return new BillingError("limit_exceeded", "room_taken", text);
}
