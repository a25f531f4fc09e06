// Ports: the ways out, which adapters implement. A channel answers with what became of one try and does not throw.

import type { Attachment, Attachments } from "./attachment.ts";
import type { RenderedMail } from "./render.ts";
import type { WebhookEvent } from "./webhook-events.ts";

/**
 * What became of one try. `failed` is worth another one, `refused` is not. An error is fit to be stored and listed:
 * no secret, and of a URL at most the host.
 */
export type Attempt =
  | { readonly outcome: "delivered" }
  | {
      readonly outcome: "failed" | "refused";
      readonly error: string;
      /** The server as such did not answer: others meant for it need not be tried right now. */
      readonly isUnreachable?: boolean;
    };

export interface OutgoingMail extends RenderedMail {
  /** The same at every delivery; becomes the Message-ID. */
  readonly id: string;
  readonly to: string;
  readonly attachments?: readonly Attachment[];
}

export interface OutgoingCall {
  readonly event: WebhookEvent;
  /** The event in a line, for chats. */
  readonly line: string;
  /** When it is sent, epoch ms. */
  readonly now: number;
}

export interface EndpointCall extends OutgoingCall {
  readonly url: string;
  readonly secret?: string | undefined;
}

/** Mail, through the operator's server. */
export interface MailChannel {
  send(mail: OutgoingMail): Promise<Attempt>;
  close(): Promise<void>;
}

/** The endpoints that tenants name: not to be trusted. */
export interface EndpointChannel {
  /** @throws BillingError invalid_input `webhook_refused` for an address that would never be called. */
  check(url: string): void;
  send(call: EndpointCall): Promise<Attempt>;
}

/** The one webhook that the operator named. */
export interface GlobalChannel {
  send(call: OutgoingCall): Promise<Attempt>;
}

export interface Channels {
  readonly mail?: MailChannel | undefined;
  /** Makes what mails about invoices carry. Absent: those fail until there is one. */
  readonly attachments?: Attachments | undefined;
  readonly endpoints: EndpointChannel;
  readonly global?: GlobalChannel | undefined;
  /** Takes a line when nothing else is configured. */
  readonly log: (line: string) => void;
}
