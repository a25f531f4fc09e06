// Credit that will end unused becomes a notification in the transaction that notes it as told.

import { type Clock, formatMinor, type Ids, isoInstant } from "../../kernel/index.ts";
import type { Tx } from "../../store/index.ts";
import type { CreditNotices, ExpiringCredit } from "../credits/index.ts";
import { organizationOf, profileOf } from "../organizations/index.ts";
import { enqueueNotifications } from "./enqueue.ts";
import { newNotice } from "./notification.ts";
import { fitLine } from "./text.ts";

const MAX_NAME = 200;

/** To the address of the tenant's billing profile; without one, to the operator's webhook or the log. */
export class CreditExpiryNotifications implements CreditNotices {
  readonly #clock: Clock;
  readonly #ids: Ids;

  constructor(deps: { readonly clock: Clock; readonly ids: Ids }) {
    this.#clock = deps.clock;
    this.#ids = deps.ids;
  }

  async expiring(tx: Tx, { tenant, amount, expiresAt, lot }: ExpiringCredit): Promise<void> {
    const payload = {
      amount: `$${formatMinor(amount, "USD")}`,
      expiresAt: isoInstant(expiresAt),
      orgName: fitLine((await organizationOf(tenant, tx))?.name ?? "", MAX_NAME) ?? fitLine(tenant, MAX_NAME),
    };
    const dedupKey = `credit_expiring:${lot}`;
    const email = (await profileOf(tenant, tx))?.email;
    const recipient = email === undefined ? undefined : { email };
    const notice = newNotice({ kind: "credit_expiring", tenant, payload, dedupKey }, recipient, this.#ids);
    await enqueueNotifications(tx, [notice], this.#clock.now());
  }
}
