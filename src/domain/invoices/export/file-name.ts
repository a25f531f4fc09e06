import { digest } from "../../../kernel/index.ts";
import type { InvoiceDocument } from "../document.ts";

/** The forms a document comes in. */
export type ExportFormat = "pdf" | "html" | "csv" | "json";

const UNSAFE = /[^A-Za-z0-9_-]+/g;
const MAX_STEM = 60;

/**
 * Returns the name of a document's file: letters, digits, `-` and `_` only, never a path. A number with anything else in it,
 * or a long one, ends in a digest of the whole, so that two numbers never share a file.
 *
 * @example
 * exportFileName({ kind: "invoice", number: "INV-000123" }, "pdf"); // "invoice-INV-000123.pdf"
 */
export function exportFileName(
  { kind, number }: Pick<InvoiceDocument, "kind" | "number">,
  format: ExportFormat,
): string {
  const safe = number.replace(UNSAFE, "-").slice(0, MAX_STEM);
  const stem = safe === number && safe !== "" ? safe : `${safe}-${digest(number).slice(0, 12)}`;
  return `${kind === "credit_note" ? "credit-note" : "invoice"}-${stem}.${format}`;
}
