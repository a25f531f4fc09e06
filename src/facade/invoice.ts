import type { Decimal } from "decimal.js";
import type { Billing } from "../billing.ts";
import type { InvoiceStatus, InvoiceView } from "../domain/invoices/index.ts";
import { type DecimalInput, usdToDecimal } from "../kernel/index.ts";
import { checkFields } from "./checked-call.ts";

/** A line of an invoice. Amounts in US dollars. */
export interface InvoiceLineItem {
  readonly id: string;
  readonly description: string;
  readonly quantity: string | null;
  readonly unitPrice: string | null;
  readonly amount: Decimal;
}

/** A monthly invoice, as `EnterpriseMeter` gives it. Amounts in US dollars. */
export interface Invoice {
  readonly id: string;
  /** Null until it is finalized. */
  readonly number: string | null;
  readonly tenantId: string;
  /** `2025-01` */
  readonly period: string;
  readonly status: InvoiceStatus;
  readonly isOverdue: boolean;
  readonly lineItems: readonly InvoiceLineItem[];
  readonly subtotal: Decimal;
  readonly discount: Decimal;
  readonly tax: Decimal;
  /** subtotal - discount + tax. */
  readonly total: Decimal;
  readonly amountDue: Decimal;
  readonly dueDate: Date | null;
}

/** What `EnterpriseMeter.generateInvoice` takes. */
export interface InvoiceRequest {
  readonly tenantId?: string | undefined;
  /** `2025-01`, cut in UTC. */
  readonly period: string;
  /** A fraction: `"0.1"` is 10 %. Default 0. */
  readonly taxRate?: DecimalInput | undefined;
}

/** The month's invoice of metered usage: see `EnterpriseMeter.generateInvoice`. */
export async function generatedInvoice(billing: Billing, request: InvoiceRequest): Promise<Invoice> {
  checkFields(request, ["tenantId", "period", "taxRate"], "invoice");
  const { tenantId: tenant, period, taxRate } = request;
  return invoiceOf(await billing.invoices.create({ tenant, period, taxRate, alwaysMetered: true }));
}

function invoiceOf(view: InvoiceView): Invoice {
  const { id, number, tenant, period, status, isOverdue, dueAt, content } = view;
  const due = status === "draft" ? content.total - content.creditsApplied : view.amountDueCents;
  return {
    ...{ id, number, tenantId: tenant, period, status, isOverdue },
    lineItems: content.lines.map((line) => ({
      ...{ id: line.id, description: line.description, quantity: line.quantity, unitPrice: line.unitPrice },
      amount: dollars(line.amount),
    })),
    subtotal: dollars(content.subtotal),
    discount: dollars(-content.discounts.reduce((sum, { amount }) => sum + amount, 0)),
    tax: dollars(content.taxTotal),
    total: dollars(content.total),
    amountDue: dollars(Math.max(0, due)),
    dueDate: dueAt === null ? null : new Date(dueAt),
  };
}

function dollars(cents: number): Decimal {
  return usdToDecimal(BigInt(cents) * 10_000_000_000n);
}
