import { invalidInput } from "../../../kernel/index.ts";
import type { InvoiceDocument } from "../document.ts";
import { renderInvoiceCsv } from "./csv.ts";
import { type ExportFormat, exportFileName } from "./file-name.ts";
import { renderInvoiceHtml } from "./html.ts";
import { renderInvoiceJson } from "./json.ts";

/** A document to send or to save. */
export interface InvoiceFile {
  /** Of the document's number: letters, digits, `-` and `_`, never a path. */
  readonly filename: string;
  readonly contentType: string;
  readonly content: Uint8Array;
}

/** Port: draws a document as a PDF. */
export type RenderPdf = (document: InvoiceDocument) => Promise<Uint8Array>;

const TYPES: Readonly<Record<ExportFormat, string>> = {
  pdf: "application/pdf",
  html: "text/html; charset=utf-8",
  csv: "text/csv; charset=utf-8",
  json: "application/json; charset=utf-8",
};

/** @throws BillingError invalid_input `invalid_choice` for a format that there is not. */
export async function fileOf(
  document: InvoiceDocument,
  format: ExportFormat,
  renderPdf: RenderPdf,
): Promise<InvoiceFile> {
  if (!Object.hasOwn(TYPES, format)) {
    const known = Object.keys(TYPES).join(", ");
    throw invalidInput("format", "invalid_choice", `format must be one of ${known}`);
  }
  const content = format === "pdf" ? await renderPdf(document) : Buffer.from(TEXTS[format](document), "utf8");
  return { filename: exportFileName(document, format), contentType: TYPES[format], content };
}

const TEXTS: Readonly<Record<Exclude<ExportFormat, "pdf">, (document: InvoiceDocument) => string>> = {
  html: renderInvoiceHtml,
  csv: renderInvoiceCsv,
  json: renderInvoiceJson,
};
