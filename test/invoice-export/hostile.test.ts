import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderInvoicePdf } from "../../src/billing.ts";
import { renderInvoiceCsv, renderInvoiceHtml } from "../../src/domain/invoices/index.ts";
import { exportInvoicePdf } from "../../src/facade/invoice-exporter.ts";
import { documentSaying } from "./documents.ts";
import { actionsIn, htmlText, readCsv, readPdf, squeezed } from "./reading.ts";

const SCRIPTS = [
  "<script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "'--></style></title><svg/onload=alert(1)>",
  "&lt;script&gt; &#60;b&#62; javascript:alert(1)",
  "</td></tr></table><iframe src=//evil.example></iframe>",
];
const FORMULAS = [
  "=1+1",
  "+1",
  "-1+2",
  "@SUM(A1)",
  "\t=1",
  "\r=1",
  "＝1+1",
  '=HYPERLINK("http://evil.example")',
];
const PATHS = [
  ...["../../../etc/passwd", "..\\..\\windows\\system32", "/etc/passwd", "C:\\x", "a/b", "..", ".", "con"],
  ...["x\0.pdf", "%2e%2e%2fx", "-rf", "~", "INV:1", "$(touch x)", "INV\n1"],
];
const PDF_MARKUP = [
  ") Tj ET (",
  "(\\)) /JavaScript",
  "<< /S /Launch >>",
  "endstream endobj %%EOF",
  "\\n\\050",
];
const TURNED = [
  "שלום עולם 123 (abc)",
  "السعر 42 دولار",
  "a\u202egnp.exe",
  "\u2067x\u2069",
  "e\u0301".repeat(400),
];
const LONG = [
  "W".repeat(10_240),
  "word ".repeat(2_048),
  "ﷺ".repeat(10_240),
  "𝕏".repeat(5_000),
  "\n".repeat(10_240),
];
const EVERYTHING = [...SCRIPTS, ...FORMULAS, ...PATHS, ...PDF_MARKUP, ...TURNED, ...LONG];

const TAGS =
  "html head meta title style body main header section div h1 h2 p dl dt dd bdi table thead tbody tr th td small img";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "invoice-export-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("hostile text in every field", () => {
  it("stays text on the page: no tag, attribute or address that is not ours", () => {
    for (const text of EVERYTHING) {
      const html = renderInvoiceHtml(documentSaying(text));
      for (const [tag, name = "", attributes = ""] of html.matchAll(/<\/?([a-z0-9!]+)([^>]*)>/gi)) {
        if (tag === "<!doctype html>") continue;
        expect(TAGS.split(" "), text.slice(0, 60)).toContain(name);
        for (const [, attribute] of attributes.replace(/"[^"]*"/g, '""').matchAll(/\s([^\s=]+)=/g))
          expect([
            "aria-label",
            "data-label",
            "lang",
            "charset",
            "http-equiv",
            "content",
            "name",
            "class",
            "scope",
          ]).toContain(attribute);
      }
      for (const [, label] of html.matchAll(/data-label="([^"]*)"/g))
        expect(["Quantity", "Unit price", "Tax", "Amount", "Taxable amount"]).toContain(label);
      expect(html.match(/<style>/g)).toHaveLength(1);
    }
    for (const text of SCRIPTS)
      expect(htmlText(renderInvoiceHtml(documentSaying(text)))).toContain(squeezed(text));
  });

  it("is held to by a policy without inline scripts or styles beyond our own", () => {
    const html = renderInvoiceHtml(documentSaying("x"));
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1];
    expect(policy).toMatch(
      /^default-src &#39;none&#39;; img-src data:; style-src &#39;sha256-[A-Za-z0-9+/=]{44}&#39;;/,
    );
    expect(policy).not.toContain("unsafe");
  });

  it("is no formula in the CSV, and whole", () => {
    for (const text of EVERYTHING) {
      for (const row of readCsv(renderInvoiceCsv(documentSaying(text)))) {
        for (const [column, cell] of Object.entries(row)) {
          if (["amount", "quantity", "unit_price", "tax_rate", "tax_base"].includes(column))
            expect(cell).toMatch(/^(-?[0-9]+(\.[0-9]+)?)?$/);
          else expect(cell).not.toMatch(/^[=+\-@\t\r＝＋－＠]/);
        }
        if (row.record === "seller.name") expect([text, `'${text}`]).toContain(row.description);
      }
    }
  });

  it("breaks no page of the PDF: all of it inside the margins, on a handful of pages, nothing that acts", async () => {
    for (const text of [...SCRIPTS.slice(0, 2), ...PDF_MARKUP, ...TURNED, ...LONG]) {
      const bytes = await renderInvoicePdf(documentSaying(text));
      expect(await actionsIn(bytes), text.slice(0, 60)).toEqual([]);
      const pages = await readPdf(bytes);
      expect(pages.length, text.slice(0, 60)).toBeLessThanOrEqual(12);
      for (const { pieces, width, height } of pages) {
        for (const piece of pieces.filter((each) => each.text.trim() !== "")) {
          const at = `${JSON.stringify(piece.text.slice(0, 40))} at ${piece.x}, ${piece.y}`;
          expect(piece.x, at).toBeGreaterThanOrEqual(49);
          expect(piece.x + piece.width, at).toBeLessThanOrEqual(width - 49);
          expect(piece.y, at).toBeGreaterThan(30);
          expect(piece.y, at).toBeLessThan(height - 40);
        }
      }
    }
  });

  it("prints markup of PDF and HTML as it is", async () => {
    for (const text of [...PDF_MARKUP, ...SCRIPTS]) {
      const pages = await readPdf(await renderInvoicePdf(documentSaying(text)));
      expect(pages.map((page) => page.text).join("")).toContain(squeezed(text));
    }
  });
});

describe("files", () => {
  it("have names of ours inside the folder, whatever the number is", async () => {
    const target = join(folder, "exports");
    const names = new Set<string>();
    for (const number of [...PATHS, "W".repeat(10_240), "..\u2215x", "INV-1", "INV/1"]) {
      const path = await exportInvoicePdf({ ...documentSaying("x"), number }, { directory: target });
      expect(dirname(path)).toBe(target);
      expect(basename(path)).toMatch(/^invoice-[A-Za-z0-9_-]{1,80}\.pdf$/);
      names.add(basename(path));
    }
    expect(names.size).toBe(PATHS.length + 4);
    expect((await readdir(target)).sort()).toEqual([...names].sort());
    expect(await readdir(folder)).toEqual(["exports"]);
  });

  it("never go through a link: what it points to is untouched, and the export is refused", async () => {
    const target = join(folder, "linked");
    const victim = join(folder, "victim");
    await exportInvoicePdf({ ...documentSaying("x"), number: "first" }, { directory: target });
    await writeFile(victim, "precious");
    await symlink(victim, join(target, "invoice-INV-9.pdf"));
    const again = exportInvoicePdf({ ...documentSaying("x"), number: "INV-9" }, { directory: target });
    await expect(again).rejects.toMatchObject({ kind: "conflict", code: "not_a_file" });
    expect(await readFile(victim, "utf8")).toBe("precious");
    expect((await readdir(target)).sort()).toEqual(["invoice-INV-9.pdf", "invoice-first.pdf"]);
  });
});
