// What people must hear of credits, told in the transaction that makes it so.

import type { Tx } from "../../store/index.ts";

/** Credit of a tenant that will end unused: what is left of all its lots that end at one instant. */
export interface ExpiringCredit {
  readonly tenant: string;
  /** Cents, above 0. */
  readonly amount: bigint;
  /** Epoch ms. */
  readonly expiresAt: number;
  /** Id of one of the lots. A lot is told of once, so no other notice names it. */
  readonly lot: string;
}

/** Port: where notices go. It writes in the transaction that it is given. */
export interface CreditNotices {
  expiring(tx: Tx, credit: ExpiringCredit): Promise<void>;
}
