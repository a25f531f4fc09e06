export { readAmountText } from "./amount-text.ts";
export { renderInvoiceCsv } from "./csv.ts";
export { fileOf, type InvoiceFile, type RenderPdf } from "./file.ts";
export { type ExportFormat, exportFileName } from "./file-name.ts";
export { renderInvoiceHtml } from "./html.ts";
export { renderInvoiceJson } from "./json.ts";
export {
  type Column,
  type InvoiceLayout,
  type LaidOutTax,
  layoutOf,
  type Row,
  TAX_LABELS,
} from "./layout.ts";
