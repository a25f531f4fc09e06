// An invoice or a credit note as it is sent: everything that is printed, and nothing that is computed. Every form of it
// (PDF, HTML, CSV, JSON) is made from this one value.

/**
 * What a document says. Amounts are decimal text in major units of `currency` (`"1234.5"`, `"-5.00"`) without more fraction
 * digits than it has; dates are `YYYY-MM-DD`. Nothing in it is a float.
 *
 * `subtotal` is the sum of the lines; `total` is subtotal + adjustments + taxes: what does not add up is not exported.
 */
export interface InvoiceDocument {
  readonly kind: "invoice" | "credit_note";
  /** `"INV-000123"`; `"DRAFT"` for a preview. */
  readonly number: string;
  readonly status: "draft" | "finalized" | "paid" | "void" | "uncollectible";
  /** ISO 4217. */
  readonly currency: string;
  readonly issuedOn: string | null;
  readonly dueOn: string | null;
  readonly period: DocumentPeriod | null;
  /** The number of the invoice that a credit note corrects. */
  readonly corrects: string | null;
  readonly seller: DocumentSeller;
  readonly buyer: DocumentParty;
  readonly lines: readonly DocumentLine[];
  /** What is taken off before tax, such as discounts. */
  readonly adjustments: readonly DocumentAmount[];
  /** The sum of the lines. */
  readonly subtotal: string;
  readonly taxes: readonly DocumentTax[];
  /** subtotal + adjustments + taxes. */
  readonly total: string;
  /** Prepaid credit applied: negative. */
  readonly credits: readonly DocumentAmount[];
  readonly amountPaid: string;
  readonly amountDue: string;
  readonly paymentInstructions: string | null;
  readonly notes: readonly string[];
}

/** Who a document is from, or to. */
export interface DocumentParty {
  readonly name: string;
  readonly address: readonly string[];
  readonly taxId: string | null;
  readonly email: string | null;
}

/** Who sends it. */
export interface DocumentSeller extends DocumentParty {
  /** The bytes of a PNG or JPEG file of up to 1 MiB. */
  readonly logo: Uint8Array | null;
}

/** The days that are invoiced, the last one included. */
export interface DocumentPeriod {
  readonly from: string;
  readonly to: string;
}

export interface DocumentLine {
  /** Unique within the document. */
  readonly id: string;
  readonly description: string;
  /** How the amount comes about. */
  readonly detail: string | null;
  readonly quantity: string | null;
  readonly unit: string | null;
  /** In full precision: it may have more fraction digits than the currency. */
  readonly unitPrice: string | null;
  /** Percent: `"19"`. */
  readonly taxRate: string | null;
  readonly amount: string;
}

/** Something with an amount: a discount, a credit. */
export interface DocumentAmount {
  readonly description: string;
  readonly amount: string;
}

export interface DocumentTax {
  /** Percent: `"8.875"`; `""` where the amount alone is known. */
  readonly rate: string;
  /** What is taxed. */
  readonly base: string;
  readonly amount: string;
  /** Why it is not taxed, or who owes the tax. */
  readonly note: string | null;
}
