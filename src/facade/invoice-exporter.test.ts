import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { htmlText, readPdf } from "../../test/invoice-export/reading.ts";
import {
  exportInvoiceHtml,
  exportInvoicePdf,
  type InvoiceExport,
  InvoiceExporter,
} from "./invoice-exporter.ts";

const COMPANY = {
  name: "Aragora Inc.",
  address: "123 AI Street, San Francisco, CA 94105",
  email: "billing@aragora.ai",
};
const INVOICE: InvoiceExport = {
  invoiceId: "INV-2025-001",
  customer: { name: "Acme Corp", email: "billing@acme.com", address: "456 Tech Blvd" },
  lineItems: [
    { description: "Professional Plan", amount: "$299.00" },
    { description: "API Overage (50k tokens)", amount: "$25.00" },
  ],
  subtotal: "$324.00",
  tax: "$32.40",
  total: "$356.40",
};
const SHOWN = [
  ...[
    "AragoraInc.",
    "123AIStreet,SanFrancisco,CA94105",
    "billing@aragora.ai",
    "AcmeCorp",
    "billing@acme.com",
  ],
  ...["456TechBlvd", "INV-2025-001", "ProfessionalPlan$299.00", "APIOverage(50ktokens)$25.00"],
  ...["Subtotal$324.00", "Tax$32.40", "Total$356.40", "Amountdue$356.40"],
];

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "invoice-exporter-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe("InvoiceExporter", () => {
  it("runs the specification's example: a PDF in the folder, and a page, with its exact figures", async () => {
    const exporter = new InvoiceExporter({ company: COMPANY, directory });
    const path = await exporter.exportPdf(INVOICE);
    expect(path.endsWith("/invoice-INV-2025-001.pdf")).toBe(true);
    expect(await readdir(directory)).toEqual(["invoice-INV-2025-001.pdf"]);
    const pages = await readPdf(await readFile(path));
    expect(pages).toHaveLength(1);
    const html = htmlText(await exporter.exportHtml(INVOICE));
    for (const text of SHOWN) {
      expect(pages[0]?.text).toContain(text);
      expect(html).toContain(text);
    }
  });

  it("writes the same file again, byte for byte", async () => {
    const options = { company: COMPANY, directory };
    const first = await readFile(await exportInvoicePdf(INVOICE, options));
    const second = await readFile(await exportInvoicePdf(INVOICE, options));
    expect(first.equals(second)).toBe(true);
    expect(first.toString("latin1", 0, 5)).toBe("%PDF-");
  });

  it("prints the tax id, and the day on which payment is due", async () => {
    const customer = { ...INVOICE.customer, taxId: "DE 811 907 980" };
    const invoice = {
      ...INVOICE,
      customer,
      issuedOn: "2025-01-31",
      dueOn: "2025-03-02",
      notes: ["Thank you."],
    };
    const html = htmlText(await exportInvoiceHtml(invoice, { company: COMPANY }));
    for (const text of ["TaxID:DE811907980", "31January2025", "2March2025", "Thankyou."])
      expect(html).toContain(text);
  });

  it("takes the currency that the amounts name", async () => {
    const yen = {
      ...INVOICE,
      lineItems: [{ description: "x", amount: "¥1,000" }],
      subtotal: "¥1,000",
      tax: "¥100",
      total: "1100",
    };
    expect(htmlText(await exportInvoiceHtml(yen, { company: COMPANY }))).toContain("Total¥1,100");
  });

  it("refuses what is no money, or does not add up, naming the field; and writes nothing", async () => {
    const target = join(directory, "refused");
    const items = (amount: string) => [{ description: "x", amount }];
    const wrong: [object, string, string][] = [
      [{ total: "$356.41" }, "total", "does_not_add_up"],
      [{ subtotal: "$325.00" }, "subtotal", "does_not_add_up"],
      [{ tax: "ten percent" }, "tax", "invalid_amount"],
      [{ lineItems: items("$324.001") }, "lineItems[0].amount", "invalid_amount"],
      [{ tax: "$32.405" }, "tax", "invalid_amount"],
      [{ lineItems: items("324.00 EUR") }, "lineItems[0].amount", "invalid_amount"],
      [{ lineItems: items("€324.00") }, "subtotal", "currency_mismatch"],
      [
        { lineItems: items("XXQ 324.00"), subtotal: "324.00", tax: "0", total: "324.00" },
        "currency",
        "unknown_currency",
      ],
      [{ invoiceId: "  " }, "invoiceId", "invalid_text"],
      [{ customer: { name: 7 } }, "customer.name", "invalid_text"],
      [{ customer: { name: "Acme", vat: "x" } }, "vat", "unknown_field"],
      [{ totl: "$1" }, "totl", "unknown_field"],
      [{ issuedOn: "yesterday" }, "issuedOn", "invalid_date"],
    ];
    for (const [part, field, code] of wrong) {
      const exported = exportInvoicePdf({ ...INVOICE, ...part } as InvoiceExport, {
        company: COMPANY,
        directory: target,
      });
      await expect(exported, field).rejects.toMatchObject({
        kind: "invalid_input",
        code,
        details: { field },
      });
    }
    await expect(readdir(target)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("needs a company for plain amounts, and knows two papers", async () => {
    await expect(exportInvoiceHtml(INVOICE)).rejects.toMatchObject({ details: { field: "company" } });
    const paper = "A5" as "A4";
    expect(() => new InvoiceExporter({ company: COMPANY, paper })).toThrow(/paper must be A4 or LETTER/);
  });
});
