// What mails carry: made anew at every try, from what was issued.

import { BillingError } from "../../kernel/index.ts";
import type { Attempt, MailChannel } from "./channel.ts";
import type { NotificationKind } from "./notification.ts";
import type { StoredNotification } from "./notification-store.ts";
import { renderMail } from "./render.ts";

/** A file that a mail carries. */
export interface Attachment {
  readonly filename: string;
  readonly contentType: string;
  readonly content: Buffer;
}

/** Notifications whose mail carries the document that they are about. */
export type InvoiceKind = Extract<
  NotificationKind,
  | "invoice_issued"
  | "payment_received"
  | "invoice_due"
  | "invoice_overdue"
  | "invoice_voided"
  | "credit_note_issued"
>;

const WITH_DOCUMENT: ReadonlySet<string> = new Set([
  "invoice_issued",
  "payment_received",
  "invoice_due",
  "invoice_overdue",
  "invoice_voided",
  "credit_note_issued",
] satisfies InvoiceKind[]);

/** What attachments are made from. */
export type AttachedTo = Pick<StoredNotification, "tenant" | "payload"> & { readonly kind: InvoiceKind };

/**
 * Port: makes what the mail of a notification carries. It may fail: the mail is then tried again later. `withdrawn`: what the
 * mail says is no longer so, and it is not sent.
 */
export type Attachments = (notification: AttachedTo) => Promise<readonly Attachment[] | "withdrawn">;

/** Sends a notification by mail, with what it carries or not at all. */
export async function sendMail(
  notification: StoredNotification,
  to: string,
  mail: MailChannel,
  make: Attachments | undefined,
): Promise<Attempt> {
  const message = { id: notification.id, to, ...renderMail(notification) };
  if (!carriesDocument(notification)) return mail.send(message);
  let attachments: readonly Attachment[] | "withdrawn";
  try {
    attachments = (await make?.(notification)) ?? [];
  } catch (error) {
    // Other errors' words may hold anything.
    const why = error instanceof BillingError ? `: ${error.code}` : "";
    return { outcome: "failed", error: `the attachment could not be made${why}` };
  }
  if (attachments === "withdrawn") return { outcome: "refused", error: "the invoice was taken back" };
  if (attachments.length === 0) return { outcome: "failed", error: "there is no attachment" };
  return mail.send({ ...message, attachments });
}

function carriesDocument(notification: StoredNotification): notification is StoredNotification & AttachedTo {
  return WITH_DOCUMENT.has(notification.kind);
}
