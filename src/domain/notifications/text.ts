// What callers give as text, made fit for a subject line, a mail and a chat.

import { invalidInput } from "../../kernel/index.ts";

// Control characters end a header or move a cursor; bidirectional ones make a line read as another one.
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/gu;
const HTML: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** The text on one line: control and direction characters are gone, and so are halves of characters. */
export function oneLine(text: string): string {
  return text.toWellFormed().replace(UNSAFE, " ").replace(/ {2,}/g, " ").trim();
}

/** Text of callers on one line of at most `longest` characters, fit to be written; undefined when nothing is left of it. */
export function fitLine(text: string, longest: number): string | undefined {
  const line = oneLine(text).slice(0, longest).toWellFormed();
  return line === "" ? undefined : line;
}

/** The text for a place between tags or inside a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => HTML[character] as string);
}

/**
 * An absolute http or https address, as the URL parser writes it: no other scheme can reach a link or a request.
 *
 * @throws BillingError invalid_input `invalid_url` naming the field, never repeating the address.
 */
export function httpUrl(value: unknown, field: string): string {
  const text = typeof value === "string" && value.length <= MAX_URL ? value : "";
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttp = url?.protocol === "https:" || url?.protocol === "http:";
  if (url === undefined || !isHttp || url.username !== "" || url.password !== "") {
    const rule = `an absolute http(s) URL without user or password, at most ${MAX_URL} characters`;
    throw invalidInput(field, "invalid_url", `${field} must be ${rule}`);
  }
  return url.href;
}

const MAX_URL = 2_048;
