import type { Transporter } from "nodemailer";
import { checkedSmtp, type SmtpOptions } from "../../config.ts";
import {
  type Attempt,
  isEmail,
  type MailChannel,
  type OutgoingMail,
} from "../../domain/notifications/index.ts";
import { SmtpReason } from "./smtp-reason.ts";

const NAMES = {
  host: "notifications.smtp.host",
  port: "notifications.smtp.port",
  user: "notifications.smtp.user",
  password: "notifications.smtp.password",
  from: "notifications.smtp.from",
};
const CONNECT_MS = 10_000;
const IDLE_MS = 15_000;
const SEND_MS = 30_000;
const IMPLICIT_TLS_PORT = 465;

/**
 * Mail through one server, on a connection per message. With credentials the connection is encrypted and the server's
 * certificate checked, or nothing is sent; without them it is encrypted where the server offers that.
 *
 * @example
 * const mailer = new SmtpMailer({ host: "smtp.example.com", user: "apikey", password });
 */
export class SmtpMailer implements MailChannel {
  readonly #server: ReturnType<typeof checkedSmtp>;
  readonly #from: string;
  readonly #reason: SmtpReason;
  readonly #closing = new AbortController();
  #transport: Promise<Transporter> | undefined;

  /** @throws BillingError invalid_input `invalid_configuration` naming the setting, never its value. */
  constructor(options: SmtpOptions) {
    const checked = checkedSmtp(options, NAMES);
    this.#server = checked;
    this.#from = checked.from;
    this.#reason = new SmtpReason([checked.user, checked.password]);
  }

  async send({ id, to, subject, text, html, attachments = [] }: OutgoingMail): Promise<Attempt> {
    // The library would read a list, or a name and an address, as the several recipients that they are.
    if (!isEmail(to)) return { outcome: "refused", error: "the recipient is not one plain address" };
    try {
      this.#transport ??= transportTo(this.#server);
      await (await this.#transport).sendMail({
        from: { name: "", address: this.#from },
        to: { name: "", address: to },
        envelope: { from: this.#from, to: [to] },
        messageId: `<${id}@${this.#from.slice(this.#from.lastIndexOf("@") + 1)}>`,
        headers: { "Auto-Submitted": "auto-generated" },
        subject,
        text,
        html,
        attachments: attachments.map(({ filename, contentType, content }) => ({
          filename,
          contentType,
          content,
        })),
        disableFileAccess: true,
        disableUrlAccess: true,
        signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(SEND_MS)]),
      });
      return { outcome: "delivered" };
    } catch (error) {
      return this.#reason.attemptOf(error);
    }
  }

  /** Ends the connections. What was being sent counts as failed. */
  async close(): Promise<void> {
    this.#closing.abort();
    (await this.#transport)?.close();
  }
}

/** The library is loaded with the first mail: most processes send none. */
async function transportTo({ host, port, user, password, ca }: ReturnType<typeof checkedSmtp>) {
  const { createTransport } = await import("nodemailer");
  const hasLogin = user !== undefined && password !== undefined;
  const isImplicit = port === IMPLICIT_TLS_PORT;
  return createTransport({
    host,
    port,
    secure: isImplicit,
    // Without a secret, TLS against a server that is not known is still better than none.
    requireTLS: hasLogin && !isImplicit,
    tls: { rejectUnauthorized: hasLogin, minVersion: "TLSv1.2", ...(ca && { ca }) },
    ...(hasLogin && { auth: { user, pass: password }, forceAuth: true }),
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: IDLE_MS,
    logger: false,
  });
}
