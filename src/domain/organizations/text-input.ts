import { domainToASCII } from "node:url";
import { invalidInput } from "../../kernel/index.ts";

// What moves a cursor, or makes a line read as another one.
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const MAX_EMAIL = 254;
const MAX_LOCAL_PART = 64;
const MAX_ID = 256;

/**
 * One line of text for people, trimmed: 1 to `max` characters.
 *
 * @throws BillingError invalid_input `invalid_text` naming the field.
 */
export function lineOf(value: unknown, field: string, max: number): string {
  const line = typeof value === "string" && value.isWellFormed() ? value.trim() : "";
  if (line !== "" && line.length <= max && !UNSAFE.test(line)) return line;
  throw invalidInput(field, "invalid_text", `${field} must be one line of 1 to ${max} characters`);
}

/**
 * Text of several lines, trimmed: 1 to `max` characters.
 *
 * @throws BillingError invalid_input `invalid_text` naming the field.
 */
export function linesOf(value: unknown, field: string, max: number): string {
  const text = typeof value === "string" && value.isWellFormed() ? value.trim().replaceAll("\r\n", "\n") : "";
  if (text !== "" && text.length <= max && !UNSAFE.test(text.replaceAll("\n", ""))) return text;
  throw invalidInput(field, "invalid_text", `${field} must be text of 1 to ${max} characters`);
}

/**
 * An id that a caller has chosen.
 *
 * @throws BillingError invalid_input `invalid_id` naming the field.
 */
export function idOf(value: unknown, field: string): string {
  const isId =
    typeof value === "string" &&
    value !== "" &&
    value.length <= MAX_ID &&
    value.isWellFormed() &&
    value === value.trim() &&
    !UNSAFE.test(value);
  if (isId) return value;
  throw invalidInput(field, "invalid_id", `${field} must be a text of 1 to ${MAX_ID} characters`);
}

/**
 * An e-mail address in the one form in which addresses are compared: lower case, the domain in ASCII.
 *
 * @throws BillingError invalid_input `invalid_email` naming the field.
 * @example
 * emailOf(" Ada@Bücher.Example ", "email"); // "ada@xn--bcher-kva.example"
 */
export function emailOf(value: unknown, field: string): string {
  const text = typeof value === "string" && value.length <= MAX_EMAIL ? value.trim().toLowerCase() : "";
  const at = text.lastIndexOf("@");
  const local = text.slice(0, Math.max(at, 0));
  const domain = domainToASCII(text.slice(at + 1));
  const email = `${local}@${domain}`;
  const isEmail =
    local.length <= MAX_LOCAL_PART &&
    LOCAL_PART.test(local) &&
    DOMAIN.test(domain) &&
    email.length <= MAX_EMAIL;
  if (isEmail) return email;
  throw invalidInput(field, "invalid_email", `${field} must be one e-mail address, like ada@example.com`);
}
