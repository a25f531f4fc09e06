export type {
  DocumentAmount,
  DocumentLine,
  DocumentParty,
  DocumentPeriod,
  DocumentSeller,
  DocumentTax,
  InvoiceDocument,
} from "./document.ts";
export type { BillableLine } from "./draft.ts";
export type { ExplainedEvent, ExplainedPart, LineExplanation } from "./explain.ts";
export {
  type Column,
  exportFileName,
  type InvoiceFile,
  type InvoiceLayout,
  type LaidOutTax,
  layoutOf,
  type Row,
  readAmountText,
  renderInvoiceCsv,
  renderInvoiceHtml,
  renderInvoiceJson,
  TAX_LABELS,
} from "./export/index.ts";
export {
  type InvoiceContent,
  InvoiceStatus,
  type IssuedLine,
  type LineGroup,
  type LineSource,
  type Party,
} from "./invoice.ts";
export type { InvoiceItemInput, InvoiceTermsInput } from "./invoice-input.ts";
export type { InvoiceKey } from "./invoice-reads.ts";
export {
  type CreditNoteInput,
  InvoiceService,
  type MonthEndOptions,
  type NewInvoice,
  type PaymentInput,
} from "./invoice-service.ts";
export type { CreditNoteView, InvoiceSummary, InvoiceView } from "./invoice-view.ts";
export type { MonthEndProgress, MonthEndReport } from "./month-end.ts";
export type {
  CreditNotice,
  InvoiceNotice,
  InvoiceNotices,
  OverdueNotice,
  PaymentNotice,
  VoidNotice,
} from "./notices.ts";
export { invoiceReminders } from "./reminders.ts";
export type { CreditNoteContent } from "./settlement.ts";
