// A real mail server for tests: it keeps what it is given, and refuses what it is told to.

import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from "smtp-server";
import { onTestFinished } from "vitest";

/** For this machine's name only; good until 2126. */
export const TEST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUSdbeUZgpO3EnlovVIH6i8haBrKwwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjE3NDAwNFoYDzIxMjYxMDI5
MTc0MDA0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQ3enm1GTvnSRvwa0+jF8fNhVkr4I0YPUnuoTyR4PcaNR6mvmyQNDAw
n2ATt1mRCIh+2TWxfW59YAOoCHcIqmXjo28wbTAdBgNVHQ4EFgQUGNzz9vKzIkqv
VmEhsK9rJ5MCstQwHwYDVR0jBBgwFoAUGNzz9vKzIkqvVmEhsK9rJ5MCstQwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgI2EV9rg1zshUvDzpuyFcBrnB0gKJJMtcC2gcFUSkARkCIQCe
OKdPcRwqteJVIUeaZMcHTsr8Ga3z59UTVhokHQz9AA==
-----END CERTIFICATE-----`;
export const TEST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgNQOdpFCQJgCOmLzb
lHTkdviSOjG+hS7ZgJ9pG8cwTbqhRANCAAQ3enm1GTvnSRvwa0+jF8fNhVkr4I0Y
PUnuoTyR4PcaNR6mvmyQNDAwn2ATt1mRCIh+2TWxfW59YAOoCHcIqmXj
-----END PRIVATE KEY-----`;

export interface ReceivedMail {
  readonly from: string;
  /** Every RCPT TO. */
  readonly to: readonly string[];
  /** The header block, unfolded, one field per line. */
  readonly headers: readonly string[];
  readonly body: string;
  readonly isEncrypted: boolean;
  readonly user: string | undefined;
}

export interface SmtpSink {
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
  /** Logins that were tried, with what was given. */
  readonly logins: readonly {
    readonly user: string;
    readonly password: string;
    readonly isEncrypted: boolean;
  }[];
  /** Set it to refuse: an SMTP code and text for a stage. */
  refuse:
    | ((stage: "rcpt" | "data", address: string) => readonly [code: number, text: string] | undefined)
    | undefined;
  close(): Promise<void>;
}

export interface SmtpSinkOptions {
  readonly port?: number;
  /** The only password that is taken; absent: no login is offered. */
  readonly password?: string;
  /** Offers no encryption. */
  readonly isPlain?: boolean;
}

/** Starts a server on this machine that is closed when the test ends. */
export async function startSmtpSink(options: SmtpSinkOptions = {}): Promise<SmtpSink> {
  const mails: ReceivedMail[] = [];
  const logins: { user: string; password: string; isEncrypted: boolean }[] = [];
  const refusal = (stage: "rcpt" | "data", address: string): Error | null => {
    const refused = sink.refuse?.(stage, address);
    return refused === undefined ? null : Object.assign(new Error(refused[1]), { responseCode: refused[0] });
  };
  const handlers: SMTPServerOptions = {
    onAuth({ username, password }, session, callback) {
      logins.push({ user: username ?? "", password: password ?? "", isEncrypted: session.secure });
      if (password === options.password) callback(null, { user: username ?? "" });
      else callback(Object.assign(new Error(`bad password ${password}`), { responseCode: 535 }));
    },
    onRcptTo: ({ address }, _session, callback) => callback(refusal("rcpt", address)),
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const refused = refusal("data", "");
        if (refused === null) mails.push(mailOf(session, Buffer.concat(chunks).toString("utf8")));
        callback(refused);
      });
    },
  };
  const server = new SMTPServer({
    ...handlers,
    key: TEST_KEY,
    cert: TEST_CERTIFICATE,
    disabledCommands: [
      ...(options.password === undefined ? ["AUTH"] : []),
      ...(options.isPlain ? ["STARTTLS"] : []),
    ],
    authOptional: options.password === undefined,
    // A client must refuse by itself to log in without encryption.
    allowInsecureAuth: true,
    disableReverseLookup: true,
    closeTimeout: 100,
  });
  server.on("error", () => undefined);
  const port = await new Promise<number>((resolve, reject) => {
    server.server.once("error", reject);
    const listening = server.listen(options.port ?? 0, "127.0.0.1", () => {
      resolve((listening.address() as { port: number }).port);
    });
  });
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= new Promise<void>((resolve) => server.close(() => resolve()));
    return closed;
  };
  onTestFinished(close);
  const sink: SmtpSink = { port, mails, logins, refuse: undefined, close };
  return sink;
}

/** The values of a header field. */
export function headerOf(mail: ReceivedMail, name: string): string[] {
  const start = `${name.toLowerCase()}:`;
  return mail.headers
    .filter((line) => line.toLowerCase().startsWith(start))
    .map((line) => line.slice(start.length).trim());
}

function mailOf(session: SMTPServerSession, raw: string): ReceivedMail {
  const end = raw.indexOf("\r\n\r\n");
  const from = session.envelope.mailFrom;
  return {
    from: from === false ? "" : from.address,
    to: session.envelope.rcptTo.map(({ address }) => address),
    headers: raw
      .slice(0, end)
      .replace(/\r\n[ \t]+/g, " ")
      .split("\r\n"),
    body: raw.slice(end + 4),
    isEncrypted: session.secure,
    user: session.user,
  };
}
