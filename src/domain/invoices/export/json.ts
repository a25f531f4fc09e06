import type { InvoiceDocument } from "../document.ts";
import { checkDocument } from "./check-document.ts";
import { logoType } from "./logo.ts";

/**
 * Returns a document as JSON: every field in the order of `InvoiceDocument`, whatever order it was built in, amounts as text,
 * the logo as a data URI. The same document gives the same text.
 *
 * @throws BillingError invalid_input naming the field, where the document is not one or does not add up.
 */
export function renderInvoiceJson(document: InvoiceDocument): string {
  const { kind, number, status, currency, issuedOn, dueOn, period, corrects } = checkDocument(document);
  const { seller, buyer, lines, adjustments, subtotal, taxes, total, credits } = document;
  const { amountPaid, amountDue, paymentInstructions, notes } = document;
  const ordered = {
    ...{ kind, number, status, currency, issuedOn, dueOn },
    period: period === null ? null : { from: period.from, to: period.to },
    corrects,
    seller: { ...party(seller), logo: logoUri(seller.logo) },
    buyer: party(buyer),
    lines: lines.map(({ id, description, detail, quantity, unit, unitPrice, taxRate, amount }) => ({
      ...{ id, description, detail, quantity, unit, unitPrice, taxRate, amount },
    })),
    adjustments: adjustments.map(({ description, amount }) => ({ description, amount })),
    subtotal,
    taxes: taxes.map(({ rate, base, amount, note }) => ({ rate, base, amount, note })),
    total,
    credits: credits.map(({ description, amount }) => ({ description, amount })),
    ...{ amountPaid, amountDue, paymentInstructions, notes },
  };
  return `${JSON.stringify(ordered, null, 2)}\n`;
}

function party({ name, address, taxId, email }: InvoiceDocument["buyer"]): InvoiceDocument["buyer"] {
  return { name, address, taxId, email };
}

function logoUri(logo: Uint8Array | null): string | null {
  if (logo === null) return null;
  const base64 = Buffer.from(logo.buffer, logo.byteOffset, logo.byteLength).toString("base64");
  return `data:${logoType(logo)};base64,${base64}`;
}
