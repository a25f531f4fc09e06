import { createServer, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { attachmentsOf } from "../../../test/invoices/delivery-mails.ts";
import { closedPort } from "../../../test/support/http-sink.ts";
import { headerOf, startSmtpSink, TEST_CERTIFICATE } from "../../../test/support/smtp-sink.ts";
import type { SmtpOptions } from "../../config.ts";
import type { OutgoingMail } from "../../domain/notifications/index.ts";
import { SmtpMailer } from "./index.ts";

const PASSWORD = "planted-password";
const LOGIN = { user: "apikey", password: PASSWORD };
const MAIL: OutgoingMail = {
  id: "ntf_1",
  to: "user@example.com",
  subject: "Payment of $299.00 failed",
  text: "Plain text\n",
  html: "<p>Markup</p>\n",
};

function mailer(port: number, options: Partial<SmtpOptions> = {}): SmtpMailer {
  const made = new SmtpMailer({ host: "localhost", port, ...options });
  onTestFinished(() => made.close());
  return made;
}

describe("a mail", () => {
  it("arrives with both parts, one recipient, its id and no other header of ours", async () => {
    const smtp = await startSmtpSink();
    expect(await mailer(smtp.port).send(MAIL)).toEqual({ outcome: "delivered" });
    expect(smtp.mails).toHaveLength(1);
    const [mail = expect.fail()] = smtp.mails;
    expect(mail).toMatchObject({ from: "billing@aragora.ai", to: ["user@example.com"], isEncrypted: true });
    expect(headerOf(mail, "From")).toEqual(["billing@aragora.ai"]);
    expect(headerOf(mail, "To")).toEqual(["user@example.com"]);
    expect(headerOf(mail, "Message-ID")).toEqual(["<ntf_1@aragora.ai>"]);
    expect(headerOf(mail, "Subject")).toEqual([MAIL.subject]);
    expect(mail.headers.map((line) => line.split(":")[0]?.toLowerCase()).sort()).toEqual([
      ...["auto-submitted", "content-type", "date", "from", "message-id", "mime-version", "subject", "to"],
    ]);
    expect(mail.body).toContain("Plain text");
    expect(mail.body).toContain("<p>Markup</p>");
  });

  it.each([
    "Hello\r\nBcc: victim@example.com",
    "Hello\nBcc: victim@example.com",
    "Hello\r\n\r\nAnother body",
    "Hello\r\n.\r\nRCPT TO:<victim@example.com>",
  ])("gets no header, body or recipient out of the subject %j", async (subject) => {
    const smtp = await startSmtpSink();
    await mailer(smtp.port).send({ ...MAIL, subject });
    const [mail = expect.fail()] = smtp.mails;
    expect(mail.to).toEqual(["user@example.com"]);
    expect(headerOf(mail, "Bcc")).toEqual([]);
    expect(headerOf(mail, "Subject")).toHaveLength(1);
    expect(mail.headers).toHaveLength(8);
    expect(mail.body).not.toContain("Another");
  });

  it.each([
    "user@example.com\r\nRCPT TO:<victim@example.com>",
    "user@example.com, victim@example.com",
    "user@example.com>\r\nRCPT TO:<victim@example.com",
    "a <user@example.com>, b <victim@example.com>",
  ])("is not sent at all to %j, even had it come this far", async (to) => {
    const smtp = await startSmtpSink();
    expect(await mailer(smtp.port).send({ ...MAIL, to })).toMatchObject({ outcome: "refused" });
    expect(smtp.mails).toEqual([]);
  });
});

describe("an attachment", () => {
  const content = Buffer.from(Array.from({ length: 5_000 }, (_, index) => index % 256));
  const carried = { filename: "invoice-INV-000001.pdf", contentType: "application/pdf", content };

  it("arrives to the byte, beside both parts", async () => {
    const smtp = await startSmtpSink();
    expect(await mailer(smtp.port).send({ ...MAIL, attachments: [carried] })).toEqual({
      outcome: "delivered",
    });
    const [mail = expect.fail()] = smtp.mails;
    expect(mail.to).toEqual(["user@example.com"]);
    expect([mail.body.includes("Plain text"), mail.body.includes("<p>Markup</p>")]).toEqual([true, true]);
    const attachments = attachmentsOf(mail);
    expect(attachments.map(({ filename, contentType }) => [filename, contentType])).toEqual([
      ["invoice-INV-000001.pdf", "application/pdf"],
    ]);
    expect(attachments[0]?.content.equals(content)).toBe(true);
  });

  it.each(["a.pdf\r\nBcc: victim@example.com", 'a"\r\n\r\nAnother body.pdf', "../../etc/passwd"])(
    "gets no header, body or recipient out of the name %j",
    async (filename) => {
      const smtp = await startSmtpSink();
      await mailer(smtp.port).send({ ...MAIL, attachments: [{ ...carried, filename }] });
      const [mail = expect.fail()] = smtp.mails;
      expect([mail.to, headerOf(mail, "Bcc"), mail.headers.length]).toEqual([["user@example.com"], [], 8]);
      expect(mail.body).not.toMatch(/^(Bcc|Another)/m);
    },
  );

  it("is no file of this machine, even had such a one come this far", async () => {
    const smtp = await startSmtpSink();
    const path = { ...carried, content: { path: "/etc/hostname" } } as unknown as typeof carried;
    expect(await mailer(smtp.port).send({ ...MAIL, attachments: [path] })).toMatchObject({
      outcome: "failed",
    });
    expect(smtp.mails).toEqual([]);
  });
});

describe("a login", () => {
  it("goes through STARTTLS to a server whose certificate is known", async () => {
    const smtp = await startSmtpSink({ password: PASSWORD });
    const attempt = await mailer(smtp.port, { ...LOGIN, ca: TEST_CERTIFICATE }).send(MAIL);
    expect(attempt).toEqual({ outcome: "delivered" });
    expect(smtp.logins).toEqual([{ ...LOGIN, isEncrypted: true }]);
    expect(smtp.mails[0]).toMatchObject({ user: "apikey", isEncrypted: true });
  });

  it("is not even tried where the server offers no encryption", async () => {
    const smtp = await startSmtpSink({ password: PASSWORD, isPlain: true });
    const attempt = await mailer(smtp.port, { ...LOGIN, ca: TEST_CERTIFICATE }).send(MAIL);
    expect(attempt).toMatchObject({ outcome: "failed", isUnreachable: true });
    expect([smtp.logins, smtp.mails]).toEqual([[], []]);
  });

  it("is not even tried where the certificate is unknown", async () => {
    const smtp = await startSmtpSink({ password: PASSWORD });
    expect(await mailer(smtp.port, LOGIN).send(MAIL)).toMatchObject({ outcome: "failed" });
    expect([smtp.logins, smtp.mails]).toEqual([[], []]);
  });

  it("that is refused is worth another try, and shows no password", async () => {
    const smtp = await startSmtpSink({ password: "another" });
    const attempt = await mailer(smtp.port, { ...LOGIN, ca: TEST_CERTIFICATE }).send(MAIL);
    expect(attempt).toEqual({
      outcome: "failed",
      error: "the mail server refused the login (SMTP 535)",
      isUnreachable: true,
    });
    expect(smtp.logins).toHaveLength(1);
  });

  it("that the server does not offer fails instead of sending without it", async () => {
    const smtp = await startSmtpSink();
    const attempt = await mailer(smtp.port, { ...LOGIN, ca: TEST_CERTIFICATE }).send(MAIL);
    expect(attempt).toMatchObject({ outcome: "failed" });
    expect(smtp.mails).toEqual([]);
  });
});

describe("a mail that is not taken", () => {
  it.each([
    ["rcpt", 550, "refused"],
    ["rcpt", 450, "failed"],
    ["data", 554, "refused"],
    ["data", 452, "failed"],
  ] as const)("at %s with %i is %s, in the server's words", async (stage, code, outcome) => {
    const smtp = await startSmtpSink();
    smtp.refuse = (at) => (at === stage ? [code, "reason"] : undefined);
    const attempt = await mailer(smtp.port).send(MAIL);
    expect(attempt).toEqual({ outcome, error: `SMTP ${code} reason` });
  });

  it("shows nothing of the password when the server repeats it", async () => {
    const smtp = await startSmtpSink({ password: PASSWORD });
    const encoded = Buffer.from(PASSWORD).toString("base64");
    smtp.refuse = (at) => (at === "rcpt" ? [550, `no ${PASSWORD} ${encoded} ${"x".repeat(300)}`] : undefined);
    const attempt = await mailer(smtp.port, { ...LOGIN, ca: TEST_CERTIFICATE }).send(MAIL);
    expect(attempt).toMatchObject({
      outcome: "refused",
      error: expect.stringContaining("SMTP 550 no … … xxx"),
    });
    expect(JSON.stringify(attempt).length).toBeLessThan(260);
  });

  it("because nobody listens or greets is worth another try", async () => {
    const attempt = await mailer(await closedPort()).send(MAIL);
    expect(attempt).toMatchObject({ outcome: "failed", isUnreachable: true });
  });

  it("because the mailer was closed is worth another try", async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const made = mailer((silent.address() as { port: number }).port);
    const sending = made.send(MAIL);
    await expect.poll(() => sockets.length).toBe(1);
    await made.close();
    expect(await sending).toMatchObject({ outcome: "failed" });
    await expect.poll(() => sockets[0]?.readableEnded || sockets[0]?.destroyed).toBe(true);
  });
});
