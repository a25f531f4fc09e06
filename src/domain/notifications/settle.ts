// What one try of a claimed notification leaves in the database. Many tries share a transaction.

import { completeInOutbox, type Operation, releaseToOutbox, type Tx } from "../../store/index.ts";
import { giveUp, recordTry, type TryResult } from "./notification-store.ts";

export interface Settlement {
  readonly id: string;
  readonly tenant: string;
  /** The claim under which it was tried. */
  readonly seq: bigint;
  readonly owner: string;
  readonly outcome:
    | { readonly is: "done"; readonly result: TryResult & { state: "delivered" | "dead" } }
    | { readonly is: "later"; readonly result: TryResult & { state: "pending" }; readonly dueAt: number }
    /** Not tried now: its server is known to be down, or the time of this pass is up. */
    | { readonly is: "postponed"; readonly dueAt: number; readonly error: string }
    /** Not tried, and its time is up. */
    | { readonly is: "expired"; readonly error: string }
    /** Nothing is left to send. */
    | { readonly is: "gone" };
}

export const SETTLE: Operation<Settlement, undefined> = Object.freeze({
  name: "settle notifications",
  size: () => 2,
  async apply(tx: Tx, settlements: readonly Settlement[]): Promise<undefined[]> {
    // In one order for everybody, so that two processes cannot deadlock.
    const sorted = [...settlements].sort((a, b) => (a.seq < b.seq ? -1 : 1));
    for (const settlement of sorted) await settle(tx, settlement);
    return settlements.map(() => undefined);
  },
});

async function settle(tx: Tx, { id, tenant, seq, owner, outcome }: Settlement): Promise<void> {
  if (outcome.is === "later" || outcome.is === "postponed") {
    const error = outcome.is === "later" ? outcome.result.error : outcome.error;
    const isHeld = await releaseToOutbox(tx, { seq, owner, dueAt: outcome.dueAt, error });
    if (isHeld && outcome.is === "later") await recordTry(tenant, id, outcome.result, tx);
    return;
  }
  const isHeld = await completeInOutbox(tx, seq, owner);
  if (outcome.is === "done") {
    // Delivered is delivered, whoever holds the claim by now; whether to give up is the present holder's decision.
    if (isHeld || outcome.result.state === "delivered") await recordTry(tenant, id, outcome.result, tx);
  } else if (outcome.is === "expired" && isHeld) {
    await giveUp(tenant, id, outcome.error, tx);
  }
}
