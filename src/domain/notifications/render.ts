import { type Content, contentOf } from "./content.ts";
import type { Notification } from "./notification.ts";
import { escapeHtml, httpUrl, oneLine } from "./text.ts";

/** A notification as a mail: every mail has both parts. */
export interface RenderedMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/**
 * The mail of a notification. Nothing that a caller gave becomes markup, a header or a link other than http(s).
 *
 * @example
 * renderMail(notification).subject; // "Warning: The budget is 75% used"
 */
export function renderMail(notification: Pick<Notification, "kind" | "payload">): RenderedMail {
  return mailOf(contentOf(notification));
}

/** The mail that says something. */
export function mailOf(content: Content): RenderedMail {
  return { subject: oneLine(content.subject), text: textOf(content), html: htmlOf(content) };
}

/** The same in one line, for a chat or a log. */
export function renderLine(notification: Pick<Notification, "kind" | "payload">): string {
  const { lines, action } = contentOf(notification);
  return oneLine([...lines, ...(action === undefined ? [] : [`${action.label}: ${action.url}`])].join(" "));
}

function textOf({ lines, action }: Content): string {
  const link = action === undefined ? [] : ["", `${action.label}: ${httpUrl(action.url, "url")}`];
  return `${[...lines.map(oneLine), ...link].join("\n")}\n`;
}

function htmlOf({ subject, lines, action }: Content): string {
  const paragraphs = lines.map((line) => `<p>${escapeHtml(oneLine(line))}</p>`);
  const link =
    action === undefined
      ? []
      : [`<p><a href="${escapeHtml(httpUrl(action.url, "url"))}">${escapeHtml(action.label)}</a></p>`];
  const head = `<meta charset="utf-8"><title>${escapeHtml(oneLine(subject))}</title>`;
  return `<!doctype html>\n<html><head>${head}</head><body>\n${[...paragraphs, ...link].join("\n")}\n</body></html>\n`;
}
