import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { InvoiceDocument } from "../document.ts";
import { amountText, priceText, quantityText, readAmountText } from "./amount-text.ts";
import { oneLine, severalLines } from "./clean-text.ts";
import { renderInvoiceCsv } from "./csv.ts";
import { exportFileName } from "./file-name.ts";
import { renderInvoiceHtml } from "./html.ts";
import { renderInvoiceJson } from "./json.ts";
import { layoutOf } from "./layout.ts";
import { logoType } from "./logo.ts";

const PARTY = { name: "Acme Corp", address: ["456 Tech Blvd"], taxId: "DE 123", email: "billing@acme.com" };
const DOCUMENT: InvoiceDocument = {
  ...{ kind: "invoice", number: "INV-000123", status: "finalized", currency: "USD" },
  ...{ issuedOn: "2025-02-01", dueOn: "2025-03-03", period: { from: "2025-01-01", to: "2025-01-31" } },
  ...{ corrects: null, seller: { ...PARTY, name: "Aragora Inc.", logo: null }, buyer: PARTY },
  lines: [
    {
      ...{ id: "L1", description: "gpt-4o-mini, input", detail: null, quantity: "1000000", unit: "tokens" },
      ...{ unitPrice: "0.00000015", taxRate: "10", amount: "0.15" },
    },
  ],
  adjustments: [{ description: "Volume discount", amount: "-0.05" }],
  subtotal: "0.15",
  taxes: [{ rate: "10", base: "0.1", amount: "0.01", note: null }],
  total: "0.11",
  credits: [{ description: "Prepaid credit", amount: "-0.01" }],
  ...{ amountPaid: "0.02", amountDue: "0.08", paymentInstructions: null, notes: [] },
};

describe("an amount", () => {
  it("reads with its currency, groups of three and the currency's digits", () => {
    expect(amountText("1234.5", "USD", "total")).toBe("$1,234.50");
    expect(amountText("-1234567.89", "EUR", "total")).toBe("-€1,234,567.89");
    expect(amountText("1000", "JPY", "total")).toBe("¥1,000");
    expect(amountText("5", "KWD", "total")).toBe("KWD 5.000");
    expect(amountText("-5", "CHF", "total")).toBe("-CHF 5.00");
    expect(amountText("999999999999999999999.99", "USD", "total")).toBe("$999,999,999,999,999,999,999.99");
  });

  it("with more digits than its currency has is refused, not rounded", () => {
    expect(() => amountText("1.005", "USD", "total")).toThrow(/total must have at most 2 fraction digits/);
    expect(() => amountText("1.5", "JPY", "total")).toThrow(/at most 0/);
  });

  it("of a unit keeps every digit, and a quantity too", () => {
    expect(priceText("0.00000015", "USD", "unitPrice")).toBe("$0.00000015");
    expect(priceText("299", "USD", "unitPrice")).toBe("$299.00");
    expect(priceText("12", "JPY", "unitPrice")).toBe("¥12");
    expect(quantityText("1234567.50", "quantity")).toBe("1,234,567.5");
  });

  it("is read back from how it is printed", () => {
    for (const currency of ["USD", "EUR", "GBP", "JPY", "CHF", "KWD"]) {
      for (const amount of ["0", "7", "-1234567", "999"]) {
        const read = readAmountText(amountText(amount, currency, "total"), "total");
        expect([Number(read.amount), read.currency]).toEqual([Number(amount), currency]);
      }
    }
    expect(readAmountText("299.00", "total")).toEqual({ amount: "299.00", currency: null });
  });

  it("that is no money is refused by the name of its field", () => {
    for (const text of [
      "",
      "$",
      "$1,23",
      "1,2345.00",
      "$1.",
      "1e5",
      "NaN",
      "$ 5",
      "5 $",
      "--5",
      "$1.00 or so",
      "9".repeat(61),
    ])
      expect(() => readAmountText(text, "subtotal"), text).toThrow(/subtotal must be an amount of money/);
  });
});

describe("a text", () => {
  it("is one line, without controls and turns of direction", () => {
    expect(oneLine(" a\n\tb\u0000c\u202ed\u2066e ", 100)).toBe("a bcde");
    expect(oneLine("pay\u200bpal\u2060.exa\u00admple", 100)).toBe("paypal.example");
    expect(oneLine("می\u200cخواهم", 100)).toBe("می\u200cخواهم");
  });

  it("is cut at its limit, in whole characters, and says so", () => {
    expect(oneLine("x".repeat(11), 10)).toBe(`${"x".repeat(9)}…`);
    expect(oneLine("x".repeat(10), 10)).toBe("x".repeat(10));
    expect(oneLine("𝕏".repeat(20), 10)).toBe(`${"𝕏".repeat(9)}…`);
    expect(oneLine(" ".repeat(10_000), 10)).toBe("");
  });

  it("of several lines keeps them, up to a number of lines", () => {
    expect(severalLines("a\r\nb\n\nc\n", 100, 10)).toEqual(["a", "b", "", "c"]);
    expect(severalLines("a\nb\nc", 100, 2)).toEqual(["a", "b", "…"]);
    expect(severalLines("a\n\n\n", 100, 2)).toEqual(["a"]);
  });
});

describe("a file's name", () => {
  it("is the document's number where that is safe", () => {
    expect(exportFileName(DOCUMENT, "pdf")).toBe("invoice-INV-000123.pdf");
    expect(exportFileName({ kind: "credit_note", number: "CN-7" }, "csv")).toBe("credit-note-CN-7.csv");
  });

  it("is never a path, and never that of another number", () => {
    const names = ["a/b", "a-b", "a\\b", "../a-b", "", "é", "x".repeat(500), "x".repeat(501)].map((number) =>
      exportFileName({ kind: "invoice", number }, "pdf"),
    );
    for (const name of names) expect(name).toMatch(/^invoice-[A-Za-z0-9_-]{1,80}\.pdf$/);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("a layout", () => {
  it("shows the sums in their order, payments and credits as what they take off", () => {
    expect(layoutOf(DOCUMENT).totals.map(({ label, amount }) => `${label} ${amount}`)).toEqual([
      ...["Subtotal $0.15", "Volume discount -$0.05", "Tax $0.01", "Total $0.11"],
      ...["Prepaid credit -$0.01", "Paid -$0.02", "Amount due $0.08"],
    ]);
  });

  it("leaves out columns that no line uses, and a tax table that knows no rate", () => {
    const [line] = DOCUMENT.lines;
    const bare = {
      ...line,
      quantity: null,
      unit: null,
      unitPrice: null,
      taxRate: null,
    } as InvoiceDocument["lines"][number];
    const taxes = [{ rate: "", base: "0.1", amount: "0.01", note: null }];
    const { columns, taxes: shown } = layoutOf({ ...DOCUMENT, lines: [bare], taxes });
    expect(columns.map(({ key }) => key)).toEqual(["description", "amount"]);
    expect(shown).toEqual([]);
  });

  it("says what a credit note corrects, and asks for no payment", () => {
    const note = layoutOf({ ...DOCUMENT, kind: "credit_note", corrects: "INV-000100" });
    expect(note.facts.map(({ label, text }) => `${label}: ${text}`)).toContain(
      "Corrects invoice: INV-000100",
    );
    expect(note.totals.map(({ label }) => label)).not.toContain("Amount due");
  });

  it("refuses what does not add up, naming the field", () => {
    const wrong: [Partial<InvoiceDocument>, string, string][] = [
      [{ subtotal: "0.16", total: "0.12" }, "subtotal", "does_not_add_up"],
      [{ total: "0.12" }, "total", "does_not_add_up"],
      [{ currency: "usd" }, "currency", "unknown_currency"],
      [{ amountDue: "x" }, "amountDue", "invalid_amount"],
      [{ issuedOn: "2025-2-1" }, "issuedOn", "invalid_date"],
      [{ period: { from: "2025-01-01", to: "31 January" } }, "period.to", "invalid_date"],
      [{ status: "open" as "paid" }, "status", "invalid_value"],
      [{ seller: { ...DOCUMENT.seller, logo: Buffer.from("GIF89a") } }, "seller.logo", "invalid_logo"],
    ];
    for (const [part, field, code] of wrong) {
      const refused = expect.objectContaining({ kind: "invalid_input", code, details: { field } });
      for (const render of [layoutOf, renderInvoiceHtml, renderInvoiceCsv, renderInvoiceJson])
        expect(() => render({ ...DOCUMENT, ...part }), field).toThrow(refused);
    }
  });
});

describe("JSON", () => {
  it("has one order of keys, whatever order the document was built in", () => {
    const turned = Object.fromEntries(Object.entries(DOCUMENT).reverse()) as unknown as InvoiceDocument;
    expect(renderInvoiceJson(turned)).toBe(renderInvoiceJson(DOCUMENT));
    expect(Object.keys(JSON.parse(renderInvoiceJson(DOCUMENT))).slice(0, 3)).toEqual([
      "kind",
      "number",
      "status",
    ]);
  });
});

describe("a logo", () => {
  it("is a PNG or JPEG that can be decoded to its end", () => {
    expect(logoType(png({}))).toBe("image/png");
    expect(logoType(Buffer.from(JPEG, "hex"))).toBe("image/jpeg");
  });

  it("that would make a decoder stumble is refused", () => {
    const cut = png({});
    for (const logo of [
      png({ pixels: deflateSync(Buffer.alloc(3)) }),
      png({ pixels: deflateSync(Buffer.alloc(1_000_000)) }),
      png({ pixels: Buffer.from("not deflated") }),
      png({ pixels: deflateSync(Buffer.alloc(10, 9)) }),
      ...[
        png({ width: 0 }),
        png({ width: 100_000 }),
        png({ interlaced: 1 }),
        png({ colour: 7 }),
        png({ colour: 3 }),
      ],
      ...[cut.subarray(0, 40), cut.subarray(0, 8), Buffer.from(JPEG.slice(0, 20), "hex"), Buffer.alloc(0)],
      Buffer.concat([cut, Buffer.alloc(1_048_577)]),
    ])
      expect(() => logoType(logo)).toThrow(/seller.logo/);
  });

  it("is inside the page, which loads nothing", () => {
    const html = renderInvoiceHtml({ ...DOCUMENT, seller: { ...DOCUMENT.seller, logo: png({}) } });
    expect(html).toMatch(/<img src="data:image\/png;base64,[A-Za-z0-9+/=]+" alt="">/);
    expect(html).not.toMatch(/https?:|<link|<script|url\(/);
  });
});

const JPEG = "ffd8ffe000104a46494600010100000100010000ffc0000b080001000101011100ffd9";

/** A grey PNG of 4 x 2 pixels, or what is like one. */
function png({ width = 4, colour = 0, interlaced = 0, pixels = deflateSync(Buffer.alloc(10)) }): Buffer {
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 2, 8, colour, 0, 0, interlaced]);
  header.writeUInt32BE(width, 0);
  const chunk = (type: string, data: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return Buffer.concat([length, Buffer.from(type, "latin1"), data, Buffer.alloc(4)]);
  };
  const start = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([start, chunk("IHDR", header), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))]);
}
