import { onTestFinished } from "vitest";
import { type Billing, createBilling } from "../../billing.ts";
import { ManualClock } from "../../kernel/index.ts";
import type { InvoiceTermsInput } from "./index.ts";

/** Whom all of these tests bill. */
export const tenant = "acme";

/** A billing of its own on 3 February 2025, for one test. */
export async function startInvoices(
  url: string,
  monthEnd?: { readonly afterDays: number; readonly terms?: InvoiceTermsInput },
) {
  const clock = new ManualClock("2025-02-03T10:00:00Z");
  const billing = createBilling({ database: url, clock, monthEnd, notifications: { log: () => undefined } });
  await billing.ready();
  onTestFinished(() => billing.close());
  return { billing, clock };
}

export function items(...cents: number[]) {
  return cents.map((amountCents, n) => ({ description: `item ${n}`, amountCents }));
}

/** The tenant's invoice of a month, made and issued. */
export async function issued(billing: Billing, terms: InvoiceTermsInput, period = "2025-01") {
  const { id } = await billing.invoices.create({ tenant, period, ...terms });
  return billing.invoices.finalize({ tenant, invoiceId: id });
}
