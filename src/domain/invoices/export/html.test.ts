import { describe, expect, it } from "vitest";
import type { InvoiceDocument } from "../document.ts";
import { renderInvoiceHtml } from "./html.ts";
import { STYLE } from "./html-style.ts";

const PARTY = { name: "Acme Corp", address: ["456 Tech Blvd"], taxId: "DE 123", email: null };
const LINE = {
  ...{ id: "L1", description: "gpt-4o, input", detail: null, quantity: "1000000", unit: "tokens" },
  ...{ unitPrice: "0.00000015", taxRate: "10", amount: "10" },
};
const DOCUMENT: InvoiceDocument = {
  ...{ kind: "invoice", number: "INV-000123", status: "finalized", currency: "EUR" },
  ...{ issuedOn: "2025-02-01", dueOn: null, period: null, corrects: null },
  ...{ seller: { ...PARTY, logo: null }, buyer: PARTY, lines: [LINE], adjustments: [], subtotal: "10" },
  taxes: [{ rate: "10", base: "10", amount: "1", note: "Reduced" }],
  ...{ total: "11", credits: [], amountPaid: "0", amountDue: "11", paymentInstructions: null, notes: [] },
};
const HTML = renderInvoiceHtml(DOCUMENT);
const WHOLE = /<bdi class="whole">([^<]*)<\/bdi>/g;

describe("a figure on the page", () => {
  it("stands on one line: broken, it would read as another", () => {
    const whole = [...HTML.matchAll(WHOLE)].map(([, text]) => text);
    expect(whole).toEqual([
      ...["1,000,000", "€0.00000015", "10%", "€10.00"],
      ...["€10.00", "€1.00", "€11.00", "€11.00"],
      ...["10%", "€10.00", "€1.00"],
    ]);
    expect(STYLE).toContain(".whole { white-space: nowrap; }");
  });

  it("that is longer than any real one may break: the page grows no wider than its screen", () => {
    const price = (unitPrice: string) => renderInvoiceHtml({ ...DOCUMENT, lines: [{ ...LINE, unitPrice }] });
    expect(price("0.12345678901234")).toContain('<bdi class="whole">€0.12345678901234</bdi>');
    expect(price("0.123456789012345")).toContain(
      '<td class="n" data-label="Unit price"><bdi>€0.123456789012345</bdi>',
    );
    const sums = (amount: string) => {
      const taxes = [{ rate: "0", base: amount, amount: "0", note: null }];
      const sums = { subtotal: amount, total: amount, amountDue: amount, taxes };
      const html = renderInvoiceHtml({ ...DOCUMENT, ...sums, lines: [{ ...LINE, amount }] });
      return [...html.matchAll(WHOLE)].filter(([, text = ""]) => text.length > 15).length;
    };
    expect(sums("99999999999.99")).toBe(5);
    expect(sums("999999999999.99")).toBe(0);
  });

  it("of a quantity keeps apart from its unit, whatever the unit's length and direction", () => {
    const unit = "אסימון של מודל";
    expect(renderInvoiceHtml({ ...DOCUMENT, lines: [{ ...LINE, unit }] })).toContain(
      `<bdi><bdi class="whole">1,000,000</bdi> <bdi>${unit}</bdi></bdi></td>`,
    );
    expect(renderInvoiceHtml({ ...DOCUMENT, lines: [{ ...LINE, unit: null }] })).toContain(
      '<td class="n" data-label="Quantity"><bdi class="whole">1,000,000</bdi></td>',
    );
  });
});

describe("a page for who cannot see it", () => {
  it("says its language, its title and one heading", () => {
    expect(HTML).toContain('<html lang="en">');
    expect(HTML).toContain("<title>Invoice INV-000123</title>");
    expect(HTML.match(/<h1>/g)).toHaveLength(1);
  });

  it("names every table, and every column and row in it", () => {
    expect([...HTML.matchAll(/<table [^>]*aria-label="([^"]*)"/g)].map(([, name]) => name)).toEqual([
      ...["Lines", "Totals", "Taxes"],
    ]);
    expect(HTML.match(/<th\b/g)).toHaveLength(HTML.match(/<th scope="(col|row)"/g)?.length ?? 0);
    const rows = [...HTML.matchAll(/<tr[^>]*>(.*?)<\/tr>/g)].map(([, row = ""]) => row);
    for (const row of rows.filter((each) => each.includes("<td"))) expect(row).toMatch(/^<th scope="row">/);
    expect(rows).toHaveLength(8);
  });

  it("has text of a contrast of 4.5 and more on what is behind it", () => {
    const colours = new Set(
      [...STYLE.matchAll(/(?:color|--ink|--soft|--accent): (#[0-9a-f]{6})/g)].map(([, hex]) => hex),
    );
    expect(colours.size).toBe(5);
    for (const colour of colours) expect(contrast(colour ?? "", "#ffffff"), colour).toBeGreaterThan(4.5);
  });
});

describe("a page that is printed", () => {
  it("repeats the table's head, splits no row and no block of sums, and counts its pages", () => {
    const print = STYLE.slice(STYLE.indexOf("@page"));
    expect(print).toContain("thead { display: table-header-group; }");
    expect(print).toContain("tr, .party, .totals, .taxes { break-inside: avoid; }");
    expect(print).toContain("h2 { break-after: avoid; }");
    expect(print).toContain('"Page " counter(page) " of " counter(pages)');
    // It would have Chromium split the sums that must stay together.
    expect(print).not.toContain("break-before");
  });

  it("stays dark on white where a browser turns pages dark", () => {
    expect(STYLE).toContain("color-scheme: only light;");
  });
});

describe("a note", () => {
  it("keeps its blank lines", () => {
    expect(renderInvoiceHtml({ ...DOCUMENT, notes: ["a\n\nb"] })).toContain(
      "<p><bdi>a</bdi></p><p><bdi></bdi></p><p><bdi>b</bdi></p>",
    );
    // A line's height and no more: what is taller puts an empty page behind a full one.
    expect(STYLE).toContain("min-height: 1lh;");
  });
});

describe("a stamp", () => {
  it("is told apart by more than its colour", () => {
    for (const [status, text] of [
      ["draft", "Draft"],
      ["paid", "Paid"],
      ["void", "Void"],
    ] as const)
      expect(renderInvoiceHtml({ ...DOCUMENT, status })).toContain(`<p class="stamp ${status}">${text}</p>`);
    expect(HTML).not.toContain('class="stamp');
  });
});

/** As WCAG 2 computes it. */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
