export { readAmountText } from "./amount-text.ts";
export { renderInvoiceCsv } from "./csv.ts";
export { exportFileName } from "./file-name.ts";
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
