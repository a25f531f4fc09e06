// Mails about accounts: written with the commit that they tell of, delivered like any other, but by mail alone.

import { type Ids, isoInstant } from "../../kernel/index.ts";
import type { Tx } from "../../store/index.ts";
import type { AccountMail, AccountMailer } from "../identity/index.ts";
import { accountContent } from "./account-content.ts";
import type { Attempt, Channels } from "./channel.ts";
import { enqueueNotifications } from "./enqueue.ts";
import type { Notification } from "./notification.ts";
import type { StoredNotification } from "./notification-store.ts";
import { mailOf } from "./render.ts";

const INSTALLATION = "";

/** Writes mails about accounts into the outbox. */
export class AccountMails implements AccountMailer {
  readonly #ids: Ids;

  constructor(ids: Ids) {
    this.#ids = ids;
  }

  async write({ kind: purpose, to, token, expiresAt }: AccountMail, at: number, tx: Tx): Promise<void> {
    const mail = {
      ...{ id: this.#ids.next("ntf"), tenant: INSTALLATION, kind: "account", dedupKey: null },
      recipient: { email: to, token },
      payload: { purpose, ...(expiresAt !== undefined && { expiresAt: isoInstant(expiresAt) }) },
    } as unknown as Notification;
    await enqueueNotifications(tx, [mail], at);
  }
}

/** Sends one. Without a mail server there is no way for it: a token must not get into a chat or a log. */
export async function sendAccountMail(
  notification: StoredNotification,
  { mail, log }: Channels,
): Promise<Attempt> {
  const { id, recipient, payload } = notification;
  const address = recipient !== null && "email" in recipient ? recipient : undefined;
  if (mail === undefined || address === undefined) {
    log(`notification ${id}: a mail about an account cannot be sent: set ARAGORA_SMTP_HOST`);
    return { outcome: "refused", error: "no mail server: set ARAGORA_SMTP_HOST" };
  }
  return mail.send({ id, to: address.email, ...mailOf(accountContent(payload, address.token)) });
}
