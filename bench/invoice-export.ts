// `npx tsx bench/invoice-export.ts`: milliseconds of one invoice as PDF and as HTML, by its lines.

import { renderInvoicePdf } from "../src/billing.ts";
import { type InvoiceDocument, renderInvoiceHtml } from "../src/domain/invoices/index.ts";
import { quantile } from "./measure.ts";

const LINES = [1, 20, 200];
const RUNS = 40;
const WARM_UP = 5;

async function main(): Promise<void> {
  process.stdout.write("lines    PDF p50    p90    KiB    HTML p50    p90\n");
  for (const lines of LINES) {
    const document = documentOf(lines);
    const pdf = await timed(() => renderInvoicePdf(document));
    const html = await timed(async () => renderInvoiceHtml(document));
    const size = (await renderInvoicePdf(document)).length / 1024;
    const cells = [pdf.p50, pdf.p90, size, html.p50, html.p90].map((value) => value.toFixed(1).padStart(8));
    process.stdout.write(`${String(lines).padStart(5)} ${cells.join(" ")}\n`);
  }
}

async function timed(work: () => Promise<unknown>): Promise<{ readonly p50: number; readonly p90: number }> {
  const times: number[] = [];
  for (let run = -WARM_UP; run < RUNS; run += 1) {
    const start = performance.now();
    await work();
    if (run >= 0) times.push(performance.now() - start);
  }
  return { p50: quantile(times, 0.5), p90: quantile(times, 0.9) };
}

function documentOf(count: number): InvoiceDocument {
  const party = {
    name: "Łódź Größe S.A.",
    address: ["123 AI Street"],
    taxId: "PL 525",
    email: "a@example.com",
  };
  const lines = Array.from({ length: count }, (_, index) => ({
    ...{ id: `L${index + 1}`, description: `openai gpt-4o, part ${index + 1}`, detail: "Rounded once" },
    ...{ quantity: String(1_234_567 * (index + 1)), unit: "tokens", unitPrice: "0.0000025", taxRate: "19" },
    amount: "10.00",
  }));
  return {
    ...{ kind: "invoice", number: "INV-000123", status: "finalized", currency: "EUR" },
    ...{ issuedOn: "2025-02-01", dueOn: "2025-03-03", period: { from: "2025-01-01", to: "2025-01-31" } },
    ...{ corrects: null, seller: { ...party, logo: null }, buyer: party, lines, adjustments: [] },
    subtotal: `${count * 10}`,
    taxes: [{ rate: "19", base: `${count * 10}`, amount: `${(count * 190) / 100}`, note: null }],
    total: `${(count * 1190) / 100}`,
    ...{ credits: [], amountPaid: "0", amountDue: `${(count * 1190) / 100}` },
    ...{ paymentInstructions: "IBAN DE89 3704 0044 0532 0130 00", notes: [] },
  };
}

await main();
