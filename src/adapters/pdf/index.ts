export { type PaperSize, renderInvoicePdf } from "./invoice-pdf.ts";
