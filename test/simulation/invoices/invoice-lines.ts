// Invoices as lines of text, of the engine and of the model alike, and terms in the engine's words.

import type { Billing } from "../../../src/billing.ts";
import { decimalText } from "../amounts.ts";
import { type Content, lineText, type Order, sumOf, type Terms, taxText } from "./expected-content.ts";
import type { Invoice } from "./expected-invoices.ts";
import type { Note } from "./expected-notes.ts";

type View = Awaited<ReturnType<Billing["invoices"]["get"]>>;
type Summary = Omit<View, "content">;
type NoteView = Awaited<ReturnType<Billing["invoices"]["creditNote"]>>;
type IssuedLine = View["content"]["lines"][number];

export function termsInput(terms: Terms) {
  const { tax, usageTax, code, items, ...flags } = terms;
  const rate = (hundredThousandths: number) => decimalText(BigInt(hundredThousandths), 5);
  return {
    ...{ ...flags, taxRate: rate(tax) },
    ...(usageTax !== null && { taxRates: { usage: rate(usageTax) } }),
    ...(code !== null && { discountCodes: [code] }),
    items: items.map(({ description, cents }) => ({ description, amountCents: cents })),
  };
}

export function orderOf({ lines }: View["content"]): Order {
  return lines.map(engineLine);
}

export function contentText(content: View["content"]): string[] {
  const { subtotal, taxTotal, total, creditsApplied, creditsIssued } = content;
  return [
    ...content.lines.map(
      (line) => `${engineLine(line)} less ${line.discount} at ${line.taxPercent} ${line.tax}`,
    ),
    ...content.discounts.map(({ description, amount }) => `${description}: ${amount}`),
    ...content.taxes.map(({ percent, base, amount }) => `tax ${percent} on ${base}: ${amount}`),
    `${subtotal} tax ${taxTotal} total ${total} credit ${creditsApplied} ${creditsIssued}`,
  ];
}

export function expectedContent(content: Content): string[] {
  const { subtotal, taxTotal, total, creditsApplied, creditsIssued } = content;
  return [
    ...content.lines.map(
      (line) => `${lineText(line)} less ${line.discount} at ${taxText(line.tax)} ${line.taxPart}`,
    ),
    ...content.discounts.map(({ description, cents }) => `${description}: ${0 - cents}`),
    ...content.taxes.map(({ tax, base, cents }) => `tax ${taxText(tax)} on ${base}: ${cents}`),
    `${subtotal} tax ${taxTotal} total ${total} credit ${creditsApplied} ${creditsIssued}`,
  ];
}

export function summaryText(name: string, summary: Summary): string {
  const { number, period, status, isOverdue, totalCents, creditsAppliedCents } = summary;
  const settled = [summary.paidCents, summary.creditedCents, summary.amountDueCents].join(" ");
  const overdue = isOverdue ? "overdue" : "";
  return `${name} ${number} ${period} ${status}${overdue} ${totalCents} ${creditsAppliedCents} ${settled}`;
}

export function expectedSummary(invoice: Invoice, due: number, now: number): string {
  const { name, number, period, status, content, paid, noted, dueAt } = invoice;
  const overdue = status === "finalized" && dueAt !== null && dueAt <= now ? "overdue" : "";
  const [total, credit] = [content?.total ?? 0, content?.creditsApplied ?? 0];
  return `${name} ${number} ${period} ${status}${overdue} ${total} ${credit} ${paid} ${noted} ${due}`;
}

export function noteText({ number, content }: NoteView): string {
  const { net, taxTotal, total, offDue, refunded, returned } = content;
  const lines = content.lines.map(({ lineId, amount }) => `${lineId} ${amount}`).join(", ");
  const back = `${offDue} off, ${refunded} and ${returned} back`;
  return `${number} ${lines}: ${net} tax ${taxTotal} total ${total}, ${back}`;
}

export function expectedNote({ lines, taxes, ...note }: Note): string {
  const { number, net, total, offDue, refunded, returned } = note;
  const text = lines.map(({ index, cents }) => `L${index + 1} ${cents}`).join(", ");
  const tax = sumOf(taxes.map(({ cents }) => cents));
  const back = `${offDue} off, ${refunded} and ${returned} back`;
  return `${number} ${text}: ${net} tax ${tax} total ${total}, ${back}`;
}

function engineLine({ group, description, amount, source }: IssuedLine): string {
  const detail =
    source.kind !== "usage"
      ? ""
      : `${source.sums.events} ${source.type} ${source.chargePico} ${source.metered ? "billed" : "included"}`;
  return lineText({ group, description, cents: amount, detail });
}
