import { type PaperSize, renderInvoicePdf } from "../billing.ts";
import {
  exportFileName,
  type InvoiceDocument,
  readAmountText,
  renderInvoiceHtml,
} from "../domain/invoices/index.ts";
import { invalidInput, parseMinor } from "../kernel/index.ts";
import { checkFields } from "./checked-call.ts";
import { writeExport } from "./invoice-file.ts";

/** Who sends the invoices. */
export interface InvoiceCompanyInfo {
  readonly name: string;
  /** Its line breaks are kept. */
  readonly address?: string | undefined;
  readonly email?: string | undefined;
  readonly taxId?: string | undefined;
  /** The bytes of a PNG or JPEG file of up to 1 MiB. */
  readonly logo?: Uint8Array | undefined;
}

/** Who is to pay. */
export interface InvoiceCustomerInfo {
  readonly name: string;
  /** Its line breaks are kept. */
  readonly address?: string | undefined;
  readonly email?: string | undefined;
  readonly taxId?: string | undefined;
}

export interface InvoiceExporterOptions {
  /** Needed for what is no `InvoiceDocument`: that names its seller itself. */
  readonly company?: InvoiceCompanyInfo | undefined;
  /** Where PDFs are written; made if it is missing. Default: the current folder. */
  readonly directory?: string | undefined;
  /** Default: A4. */
  readonly paper?: PaperSize | undefined;
}

/** An invoice of amounts as they are printed. All name one currency (`$`, `€`, `£`, `¥`, `CHF 5.00`); none means US dollars. */
export interface InvoiceExport {
  /** The number that is printed. */
  readonly invoiceId: string;
  readonly customer: InvoiceCustomerInfo;
  readonly lineItems: readonly { readonly description: string; readonly amount: string }[];
  /** The sum of the line items. */
  readonly subtotal: string;
  readonly tax: string;
  /** Subtotal and tax. */
  readonly total: string;
  /** `2025-01-31` */
  readonly issuedOn?: string | undefined;
  /** `2025-01-31` */
  readonly dueOn?: string | undefined;
  readonly paymentInstructions?: string | undefined;
  readonly notes?: readonly string[] | undefined;
}

const COMPANY = ["name", "address", "email", "taxId", "logo"];
const CUSTOMER = ["name", "address", "email", "taxId"];
const OPTIONS = ["company", "directory", "paper"];
const EXPORT = [
  ...["invoiceId", "customer", "lineItems", "subtotal", "tax", "total"],
  ...["issuedOn", "dueOn", "paymentInstructions", "notes"],
];
const PAPERS: readonly string[] = ["A4", "LETTER"] satisfies PaperSize[];

/**
 * Invoices as files: a PDF in a folder, an HTML page as text. Needs no database. Every figure is checked: what is no amount of
 * money, or does not add up, is BillingError invalid_input naming the field, and nothing is written.
 *
 * @example
 * const exporter = new InvoiceExporter({ company: { name: "Aragora Inc.", email: "billing@aragora.ai" } });
 * const path = await exporter.exportPdf({
 *   invoiceId: "INV-2025-001",
 *   customer: { name: "Acme Corp" },
 *   lineItems: [{ description: "Professional Plan", amount: "$299.00" }],
 *   subtotal: "$299.00", tax: "$29.90", total: "$328.90",
 * });
 * console.log(path); // …/invoice-INV-2025-001.pdf
 */
export class InvoiceExporter {
  readonly #company: InvoiceCompanyInfo | undefined;
  readonly #directory: string;
  readonly #paper: PaperSize;

  /** @throws BillingError invalid_input naming a field that is unknown or wrong. */
  constructor(options: InvoiceExporterOptions) {
    checkFields(options, OPTIONS, "options");
    const { company, directory = ".", paper = "A4" } = options;
    if (company !== undefined) checkFields(company, COMPANY, "company");
    if (!PAPERS.includes(paper)) throw invalidInput("paper", "invalid_value", "paper must be A4 or LETTER");
    this.#company = company;
    this.#directory = directory;
    this.#paper = paper;
  }

  /**
   * Writes the invoice as a PDF and returns the file's absolute path. The name is made of the number
   * (`invoice-INV-2025-001.pdf`) and never leaves the folder; the same invoice again replaces its file.
   *
   * @throws BillingError conflict `not_a_file` where that name is a link or a folder.
   */
  async exportPdf(invoice: InvoiceExport | InvoiceDocument): Promise<string> {
    const document = this.#documentOf(invoice);
    const bytes = await renderInvoicePdf(document, { paper: this.#paper });
    return writeExport(this.#directory, exportFileName(document, "pdf"), bytes);
  }

  /** Returns the invoice as one HTML page: no script, nothing loaded, made for printing too. */
  async exportHtml(invoice: InvoiceExport | InvoiceDocument): Promise<string> {
    return renderInvoiceHtml(this.#documentOf(invoice));
  }

  #documentOf(invoice: InvoiceExport | InvoiceDocument): InvoiceDocument {
    if (typeof invoice !== "object" || invoice === null)
      throw invalidInput("invoice", "invalid_type", "invoice must be an object");
    if ("kind" in invoice) return invoice;
    if (this.#company === undefined)
      throw invalidInput("company", "missing", "company is missing: say who sends the invoice");
    return documentOf(invoice, this.#company);
  }
}

/**
 * Writes one invoice as a PDF and returns its path, as `InvoiceExporter.exportPdf`.
 *
 * @example
 * const path = await exportInvoicePdf(document, { directory: "invoices" });
 */
export async function exportInvoicePdf(
  invoice: InvoiceExport | InvoiceDocument,
  options: InvoiceExporterOptions = {},
): Promise<string> {
  return new InvoiceExporter(options).exportPdf(invoice);
}

/**
 * Returns one invoice as an HTML page, as `InvoiceExporter.exportHtml`.
 *
 * @example
 * const html = await exportInvoiceHtml(document);
 */
export async function exportInvoiceHtml(
  invoice: InvoiceExport | InvoiceDocument,
  options: InvoiceExporterOptions = {},
): Promise<string> {
  return new InvoiceExporter(options).exportHtml(invoice);
}

function documentOf(call: InvoiceExport, company: InvoiceCompanyInfo): InvoiceDocument {
  checkFields(call, EXPORT, "invoice");
  checkFields(call.customer, CUSTOMER, "customer");
  if (!Array.isArray(call.lineItems))
    throw invalidInput("lineItems", "invalid_type", "lineItems must be a list");
  for (const [index, item] of call.lineItems.entries())
    checkFields(item, ["description", "amount"], `lineItems[${index}]`);
  const { lineItems, subtotal, tax, total, issuedOn = null, dueOn = null } = call;
  const money = new SameCurrency();
  const amounts = lineItems.map(({ amount }, index) => money.read(amount, `lineItems[${index}].amount`));
  const sums = {
    subtotal: money.read(subtotal, "subtotal"),
    tax: money.read(tax, "tax"),
    total: money.read(total, "total"),
  };
  const currency = money.currency;
  // That they add up is checked of every document; here, that an error names the field of the call.
  for (const [field, amount] of Object.entries(sums)) parseMinor(amount, currency, field);
  for (const [index, amount] of amounts.entries()) parseMinor(amount, currency, `lineItems[${index}].amount`);
  return {
    ...{ kind: "invoice", number: textOf(call.invoiceId, "invoiceId"), status: "finalized", currency },
    ...{ issuedOn, dueOn, period: null, corrects: null },
    seller: { ...partyOf(company, "company"), logo: company.logo ?? null },
    buyer: partyOf(call.customer, "customer"),
    lines: lineItems.map(({ description }, index) => ({
      ...{ id: `L${index + 1}`, description: textOf(description, `lineItems[${index}].description`) },
      ...{ detail: null, quantity: null, unit: null, unitPrice: null, taxRate: null },
      amount: amounts[index] ?? "",
    })),
    adjustments: [],
    subtotal: sums.subtotal,
    taxes: [{ rate: "", base: sums.subtotal, amount: sums.tax, note: null }],
    total: sums.total,
    ...{ credits: [], amountPaid: "0", amountDue: sums.total },
    paymentInstructions: call.paymentInstructions ?? null,
    notes: call.notes ?? [],
  };
}

/** Reads amounts of one invoice: two currencies in one sum are none. */
class SameCurrency {
  #named: string | null = null;

  get currency(): string {
    return this.#named ?? "USD";
  }

  read(text: string, field: string): string {
    const { amount, currency } = readAmountText(text, field);
    this.#named ??= currency;
    if (currency !== null && currency !== this.#named)
      throw invalidInput(
        field,
        "currency_mismatch",
        `${field} is in ${currency}, amounts before in ${this.#named}`,
      );
    return amount;
  }
}

function partyOf(info: InvoiceCustomerInfo, field: string): InvoiceDocument["buyer"] {
  const optional = (text: string | undefined, name: string) =>
    text === undefined ? null : textOf(text, `${field}.${name}`);
  return {
    name: textOf(info.name, `${field}.name`),
    address: optional(info.address, "address")?.split(/\r?\n/) ?? [],
    taxId: optional(info.taxId, "taxId"),
    email: optional(info.email, "email"),
  };
}

function textOf(text: unknown, field: string): string {
  if (typeof text !== "string" || text.trim() === "")
    throw invalidInput(field, "invalid_text", `${field} must be a text that is not empty`);
  return text;
}
