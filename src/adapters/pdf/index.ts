import type { InvoiceDocument } from "../../domain/invoices/index.ts";
import type { PdfOptions } from "./invoice-pdf.ts";

export type { PaperSize } from "./invoice-pdf.ts";

/**
 * Returns a document as a PDF file with embedded fonts. The same document gives the same bytes, wherever and whenever.
 * Long tables go on over many pages under their heading; every page says which of how many it is.
 *
 * @throws BillingError invalid_input naming the field, as `layoutOf`.
 * @example
 * const bytes = await renderInvoicePdf(document, { paper: "A4" });
 */
export async function renderInvoicePdf(
  document: InvoiceDocument,
  options: PdfOptions = { paper: "A4" },
): Promise<Uint8Array> {
  // Fonts and their shaper take longer to load than all else that a program needs to start.
  const { drawInvoicePdf } = await import("./invoice-pdf.ts");
  return drawInvoicePdf(document, options);
}
