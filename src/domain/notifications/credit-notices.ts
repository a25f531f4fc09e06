// Credit that will end unused becomes a notification in the transaction that notes it as told.

import { BillingError, type Clock, formatMinor, type Ids, isoInstant } from "../../kernel/index.ts";
import type { Tx } from "../../store/index.ts";
import type { CreditNotices, ExpiringCredit } from "../credits/index.ts";
import { organizationOf, profileOf } from "../organizations/index.ts";
import { enqueueNotifications } from "./enqueue.ts";
import { type Notification, type NotificationInput, newNotification } from "./notification.ts";
import { oneLine } from "./text.ts";

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
      orgName: nameIn([(await organizationOf(tenant, tx))?.name ?? "", tenant]),
    };
    const dedupKey = `credit_expiring:${lot}`;
    const email = (await profileOf(tenant, tx))?.email;
    const notification = this.#notification({ kind: "credit_expiring", tenant, payload, dedupKey }, email);
    await enqueueNotifications(tx, [notification], this.#clock.now());
  }

  #notification(input: NotificationInput, email: string | undefined): Notification {
    if (email === undefined) return newNotification(input, this.#ids);
    try {
      return newNotification({ ...input, recipient: { email } }, this.#ids);
    } catch (error) {
      // An address that takes no mail must not keep the operator from hearing of it.
      if (!(error instanceof BillingError)) throw error;
      return newNotification(input, this.#ids);
    }
  }
}

/** The first that is fit to be written, however long it is. */
function nameIn(texts: readonly string[]): string | undefined {
  return texts.map((text) => oneLine(text).slice(0, MAX_NAME).toWellFormed()).find((line) => line !== "");
}
