// What mails carry, read back.

import { headerOf, type ReceivedMail } from "../support/smtp-sink.ts";

export interface ReceivedAttachment {
  readonly filename: string;
  readonly contentType: string;
  readonly content: Buffer;
}

/** The attachments of a mail, in their order. */
export function attachmentsOf({ body }: ReceivedMail): ReceivedAttachment[] {
  const parts = body.split(/^--.*\r\n/m).map((part) => {
    const end = part.indexOf("\r\n\r\n");
    return { headers: part.slice(0, end).replace(/\r\n[ \t]+/g, " "), content: part.slice(end + 4) };
  });
  return parts.flatMap(({ headers, content }) => {
    const filename = /^Content-Disposition: attachment; filename="?([^"\r\n]+)/m.exec(headers)?.[1];
    const contentType = /^Content-Type: ([^;\r\n]+)/m.exec(headers)?.[1] ?? "";
    return filename === undefined ? [] : [{ filename, contentType, content: Buffer.from(content, "base64") }];
  });
}

/** The body without the soft breaks of its lines. */
export function unwrapped({ body }: ReceivedMail): string {
  return body.replaceAll("=\r\n", "");
}

/** The subject as it is read. */
export function subjectOf(mail: ReceivedMail): string {
  const [subject = ""] = headerOf(mail, "Subject");
  return subject
    .replaceAll("?= =?UTF-8?Q?", "")
    .replace(/=\?UTF-8\?Q\?([^?]*)\?=/g, (_, word: string) =>
      decodeURIComponent(word.replaceAll("%", "%25").replaceAll("=", "%").replaceAll("_", " ")),
    );
}
