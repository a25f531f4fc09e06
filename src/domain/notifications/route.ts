import { sendAccountMail } from "./account-mails.ts";
import { sendMail } from "./attachment.ts";
import type { Attempt, Channels } from "./channel.ts";
import type { NotificationMethod, StoredNotification } from "./notification-store.ts";
import { renderLine, renderMail } from "./render.ts";
import { webhookEventOf } from "./webhook-events.ts";

/** The way that a notification takes, and the server at its end. */
export interface Route {
  readonly method: NotificationMethod;
  /** Notifications with the same one share its fate when the server is out of reach. */
  readonly destination: string;
  readonly send: (now: number) => Promise<Attempt>;
}

/**
 * An address takes mail if there is a server, an endpoint is called; else the operator's webhook, else the log. The log
 * is delivery only where nothing else is configured: otherwise a notification that has no way waits for one.
 */
export function routeOf(notification: StoredNotification, channels: Channels): Route {
  const { recipient, kind } = notification;
  if (kind === "account") {
    const method = channels.mail === undefined ? "log" : "email";
    return { method, destination: "mail", send: () => sendAccountMail(notification, channels) };
  }
  const { mail, attachments, endpoints, global } = channels;
  if (recipient !== null && "webhook" in recipient) {
    const { webhook: url, secret } = recipient;
    const send = (now: number) => endpoints.send({ url, secret, ...callOf(notification, now) });
    return { method: "webhook", destination: url, send };
  }
  if (recipient !== null && mail !== undefined) {
    const send = () => sendMail(notification, recipient.email, mail, attachments);
    return { method: "email", destination: "mail", send };
  }
  if (global !== undefined) {
    return {
      method: "webhook",
      destination: "global",
      send: (now) => global.send(callOf(notification, now)),
    };
  }
  return { method: "log", destination: "log", send: async () => logged(notification, channels) };
}

function callOf(notification: StoredNotification, now: number) {
  return {
    event: webhookEventOf(notification, notification.createdAt),
    line: renderLine(notification),
    now,
  };
}

function logged(notification: StoredNotification, { mail, log }: Channels): Attempt {
  const { id, kind, tenant } = notification;
  log(`notification ${id} ${kind} for ${JSON.stringify(tenant)}: ${renderMail(notification).subject}`);
  if (mail === undefined) return { outcome: "delivered" };
  const error = "no channel for it: it has no recipient, and ARAGORA_NOTIFICATION_WEBHOOK is not set";
  return { outcome: "failed", error };
}
