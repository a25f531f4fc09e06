import type { Attempt } from "../../domain/notifications/index.ts";

interface SmtpError {
  readonly code?: string;
  readonly command?: string;
  readonly responseCode?: number;
  readonly response?: string;
}

const MAX_RESPONSE = 200;
const WORDS: Readonly<Record<string, string>> = {
  ETIMEDOUT: "the mail server did not answer in time",
  EDNS: "the mail server's name was not found",
  ETLS: "no TLS with the mail server, which the login requires",
  EAUTH: "the mail server refused the login",
};

/** What a failed mail means, in words that may be stored and shown. */
export class SmtpReason {
  readonly #secrets: readonly string[];

  constructor(secrets: readonly (string | undefined)[]) {
    this.#secrets = secrets
      .filter((secret) => secret !== undefined && secret !== "")
      .flatMap((secret) => [secret as string, Buffer.from(secret as string).toString("base64")]);
  }

  /**
   * 5xx for the recipient or the message: refused, it would be again. All else is worth another try: 4xx, and also 5xx
   * for the login or the sender, which the operator can mend.
   */
  attemptOf(error: unknown): Attempt {
    const { code = "", command = "", responseCode = 0, response = "" } = error as SmtpError;
    const isAboutMessage = command === "RCPT TO" || (command === "DATA" && code === "EMESSAGE");
    if (isAboutMessage && responseCode >= 400) {
      const outcome = responseCode >= 500 ? "refused" : "failed";
      return { outcome, error: `SMTP ${this.#shown(response)}` };
    }
    const reply = responseCode === 0 ? "" : ` (SMTP ${responseCode})`;
    const words = WORDS[code] ?? "no connection to the mail server";
    const isReply = code === "EENVELOPE" || code === "EMESSAGE" || code === "EPROTOCOL";
    return isReply
      ? { outcome: "failed", error: `the mail server refused the message${reply}` }
      : { outcome: "failed", error: `${words}${reply}`, isUnreachable: true };
  }

  #shown(response: string): string {
    let text = response.replace(/\p{Cc}+/gu, " ");
    for (const secret of this.#secrets) text = text.replaceAll(secret, "…");
    return text.slice(0, MAX_RESPONSE).toWellFormed();
  }
}
