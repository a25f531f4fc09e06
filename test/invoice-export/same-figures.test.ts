import { describe, expect, it } from "vitest";
import { renderInvoicePdf } from "../../src/billing.ts";
import { renderInvoiceCsv, renderInvoiceHtml, renderInvoiceJson } from "../../src/domain/invoices/index.ts";
import { major, randomDocument, shown } from "./documents.ts";
import { htmlText, readCsv, readPdf, squeezed } from "./reading.ts";

const DOCUMENTS = 500;
/** Reading a PDF back takes ten times as long as all other forms together; ARAGORA_PDFS=all reads every one. */
const PDF_EVERY = process.env.ARAGORA_PDFS === "all" ? 1 : 20;
const SEEDS = Array.from({ length: DOCUMENTS }, (_, seed) => seed + 1);

describe("500 random documents in dollars, euros and yen", () => {
  it("show the same parties, tax ids and totals in HTML, CSV and JSON", () => {
    for (const seed of SEEDS) {
      const { document, totalMinor, taxMinor, dueMinor } = randomDocument(seed);
      const { currency, seller, buyer, lines } = document;
      const html = htmlText(renderInvoiceHtml(document));
      for (const { name, taxId } of [seller, buyer]) {
        expect(html, `seed ${seed}`).toContain(squeezed(name));
        expect(html, `seed ${seed}`).toContain(squeezed(taxId ?? "no tax id"));
      }
      expect(html, `seed ${seed}`).toContain(`Total${shown(totalMinor, currency)}`);
      expect(html, `seed ${seed}`).toContain(`Tax${shown(taxMinor, currency)}`);
      expect(html, `seed ${seed}`).toContain(`Amountdue${shown(dueMinor, currency)}`);

      const rows = readCsv(renderInvoiceCsv(document));
      const only = (record: string) => rows.filter((row) => row.record === record);
      expect(only("total")[0]?.amount, `seed ${seed}`).toBe(major(totalMinor, currency));
      expect(only("amount_due")[0]?.amount, `seed ${seed}`).toBe(major(dueMinor, currency));
      expect(only("line").map(({ id, description, amount }) => [id, description, amount])).toEqual(
        lines.map(({ id, description, amount }) => [id, description, amount]),
      );
      expect(only("seller.name")[0]?.description).toBe(seller.name);
      expect(only("buyer.tax_id")[0]?.description).toBe(buyer.taxId);

      const { logo: _, ...sellerRead } = seller;
      expect(JSON.parse(renderInvoiceJson(document)), `seed ${seed}`).toEqual({
        ...document,
        seller: { ...sellerRead, logo: null },
      });
    }
  });

  it(`show them in the PDF too, on pages that count themselves (${PDF_EVERY === 1 ? "all" : "every twentieth document"}: ${DOCUMENTS / PDF_EVERY})`, async () => {
    for (const seed of SEEDS.filter((each) => each % PDF_EVERY === 0)) {
      const { document, totalMinor, taxMinor, dueMinor } = randomDocument(seed);
      const { currency, seller, buyer, lines, number } = document;
      const pages = await readPdf(await renderInvoicePdf(document, { paper: seed % 40 ? "A4" : "LETTER" }));
      const text = pages.map((page) => page.text).join("");
      for (const { name, taxId } of [seller, buyer]) {
        expect(text, `seed ${seed}`).toContain(squeezed(name));
        expect(text, `seed ${seed}`).toContain(squeezed(taxId ?? "no tax id"));
      }
      expect(text, `seed ${seed}`).toContain(`Total${shown(totalMinor, currency)}`);
      expect(text, `seed ${seed}`).toContain(`Tax${shown(taxMinor, currency)}`);
      expect(text, `seed ${seed}`).toContain(`Amountdue${shown(dueMinor, currency)}`);
      for (const [index, { description }] of lines.entries())
        expect(text, `line ${index} of seed ${seed}`).toContain(squeezed(description));
      for (const [index, page] of pages.entries())
        expect(page.text.endsWith(`Invoice${number}Page${index + 1}of${pages.length}`), `seed ${seed}`).toBe(
          true,
        );
    }
  });
});

describe("a PDF", () => {
  const { document } = randomDocument(7);
  const [line] = document.lines;
  const lines = Array.from({ length: 200 }, (_, index) => ({
    ...line,
    amount: "1",
    id: `L${index}`,
  })) as typeof document.lines;
  const long = {
    ...document,
    ...{ lines, subtotal: "200", adjustments: [], taxes: [], total: "200" },
  };

  it("repeats the heading of its table on every page that has lines", async () => {
    const pages = await readPdf(await renderInvoicePdf(long));
    const withLines = pages.filter(({ text }) => text.includes("gpt-4o"));
    expect(withLines.length).toBeGreaterThan(5);
    for (const { text } of withLines) expect(text).toContain("DESCRIPTIONQUANTITYUNITPRICETAXAMOUNT");
  });

  it("is the same file for the same document, whatever was exported between", async () => {
    const first = await renderInvoicePdf(long);
    await renderInvoicePdf({ ...document, notes: ['"quoted" and – é ł ¼ … שלום'] });
    const second = await renderInvoicePdf({ ...long });
    expect(Buffer.compare(first, second)).toBe(0);
    const draft = { ...document, status: "draft", issuedOn: null } as const;
    expect(Buffer.compare(await renderInvoicePdf(draft), await renderInvoicePdf(draft))).toBe(0);
  });

  it("comes on A4 and on Letter", async () => {
    const [a4] = await readPdf(await renderInvoicePdf(document, { paper: "A4" }));
    const [letter] = await readPdf(await renderInvoicePdf(document, { paper: "LETTER" }));
    expect([a4?.width, a4?.height].map((side) => Math.round(side ?? 0))).toEqual([595, 842]);
    expect([letter?.width, letter?.height]).toEqual([612, 792]);
  });

  it("says on every page that it is a draft, or void, and once that it is paid", async () => {
    for (const status of ["draft", "void"] as const) {
      const pages = await readPdf(await renderInvoicePdf({ ...long, status }));
      for (const { text } of pages) expect(text).toContain(status.toUpperCase());
    }
    const [paid] = await readPdf(await renderInvoicePdf({ ...document, status: "paid" }));
    expect(paid?.text).toContain("InvoicePAID");
  });

  it("prints a character that no face has as one that says so", async () => {
    const [page] = await readPdf(await renderInvoicePdf({ ...document, notes: ["Sushi 寿司 !"] }));
    expect(page?.text ?? "").toContain("Sushi\ufffd\ufffd!");
  });

  it("prints Hebrew and Arabic from right to left, what is in brackets too", async () => {
    const notes = ["שלום (עולם) 12", "شركة السحابة"];
    const document2 = {
      ...document,
      lines: lines.slice(0, 1),
      subtotal: "1",
      adjustments: [],
      taxes: [],
      total: "1",
      notes,
    };
    const [page] = await readPdf(await renderInvoicePdf(document2));
    const pieces = page?.pieces.filter(({ text }) => /[\u0590-\u06ff]/.test(text)) ?? [];
    const leftOf = (text: string) => pieces.find((piece) => piece.text.includes(text))?.x ?? Number.NaN;
    expect(leftOf("שלום")).toBeGreaterThan(leftOf("עולם"));
    expect(pieces.map(({ text }) => text).join(" ")).toContain("شركة السحابة");
  });

  it("prints a price in full precision, and é ł ż ß € as they are", async () => {
    const [page] = await readPdf(
      await renderInvoicePdf({
        ...document,
        currency: "USD",
        notes: ["é ł ż ß €"],
        ...{
          lines: lines.slice(0, 2),
          subtotal: "2",
          adjustments: [],
          taxes: [],
          total: "2",
          credits: [],
          amountPaid: "0",
          amountDue: "2",
        },
      }),
    );
    expect(page?.text).toContain("$0.00000015");
    expect(page?.text).toContain("éłżß€");
  });
});
