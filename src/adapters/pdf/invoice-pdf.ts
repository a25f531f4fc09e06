// Draws the layout of a document on paper.

import PDFDocument from "pdfkit";
import {
  type InvoiceDocument,
  type InvoiceLayout,
  type LaidOutTax,
  layoutOf,
  TAX_LABELS,
} from "../../domain/invoices/index.ts";
import { drawLines } from "./lines-table.ts";
import { type Block, Sheet } from "./sheet.ts";
import { ACCENT, BODY, CAPTION, HAIR, INK, NUMBER, SMALL, STRONG, STRONG_NUMBER, TITLE } from "./styles.ts";
import type { TextStyle } from "./typesetter.ts";

export type PaperSize = "A4" | "LETTER";

export interface PdfOptions {
  readonly paper: PaperSize;
}

type Pdf = InstanceType<typeof PDFDocument>;

const LEADING = 13.5;
const GAP = 20;
const LOGO = { width: 150, height: 52 };
const TOTALS_WIDTH = 250;
/** A file says when it was made; of a document without any date this much is true on every day. */
const LONG_AGO = "2000-01-01";

/** See {@link renderInvoicePdf} in index.ts. */
export async function drawInvoicePdf(document: InvoiceDocument, options: PdfOptions): Promise<Uint8Array> {
  const layout = layoutOf(document);
  const pdf = newPdf(document, layout, options);
  const written = collect(pdf);
  drawEveryPage(await drawDocument(pdf, document, layout), layout);
  pdf.end();
  return written;
}

function newPdf(
  document: InvoiceDocument,
  { title, number, parties }: InvoiceLayout,
  { paper }: PdfOptions,
): Pdf {
  const date = new Date(`${document.issuedOn ?? document.period?.to ?? LONG_AGO}T00:00:00Z`);
  return new PDFDocument({
    size: paper,
    margin: 0,
    bufferPages: true,
    lang: "en",
    displayTitle: true,
    pdfVersion: "1.7",
    info: {
      Title: `${title} ${number}`,
      Author: parties[0]?.name ?? "",
      Creator: "@aragora/billing",
      CreationDate: date,
      ModDate: date,
    },
  });
}

async function drawDocument(pdf: Pdf, document: InvoiceDocument, layout: InvoiceLayout): Promise<Sheet> {
  const sheet = new Sheet(pdf, () => {
    const text = `${layout.title} ${layout.number} · ${layout.parties[0]?.name ?? ""}`;
    const line = sheet.type.fit(text, sheet.width, SMALL);
    sheet.drawBlocks([{ ...whole(sheet), lines: [{ text: line, style: SMALL }] }], LEADING);
    sheet.y += 10;
  });
  drawHeading(sheet, document, layout);
  drawFacts(sheet, layout);
  drawParties(sheet, layout);
  await drawLines(sheet, layout);
  drawTotals(sheet, layout);
  drawTaxes(sheet, layout.taxes);
  drawParagraphs(sheet, layout);
  return sheet;
}

function drawHeading(
  sheet: Sheet,
  { seller: { logo } }: InvoiceDocument,
  { title, stamp }: InvoiceLayout,
): void {
  const { pdf, left, width } = sheet;
  const baseline = sheet.y + 24;
  sheet.type.draw(title, { x: left, baseline, width, align: "start" }, TITLE);
  if (stamp !== null) {
    const style: TextStyle = { ...CAPTION, size: 10, colour: ACCENT };
    const text = stamp.toUpperCase();
    const box = {
      x: left + sheet.type.width(title, TITLE) + 14,
      baseline: baseline - 5,
      width: sheet.type.width(text, style) + 16,
    };
    pdf
      .roundedRect(box.x, baseline - 17, box.width, 18, 3)
      .lineWidth(1.2)
      .strokeColor(ACCENT)
      .stroke();
    sheet.type.draw(text, { ...box, baseline: baseline - 4.4, align: "centre" }, style);
  }
  if (logo !== null) {
    const at = { x: left + width - LOGO.width, y: sheet.y - 6 };
    const bytes = Buffer.from(logo.buffer, logo.byteOffset, logo.byteLength);
    pdf.image(bytes, at.x, at.y, { fit: [LOGO.width, LOGO.height], align: "right" });
  }
  sheet.y += LOGO.height + 8;
}

function drawFacts(sheet: Sheet, { facts }: InvoiceLayout): void {
  const each = sheet.width / Math.max(facts.length, 3);
  const blocks = facts.map(({ label, text }, index): Block => {
    const width = each - 12;
    const lines = [{ text: label.toUpperCase(), style: CAPTION }, ...styled(sheet, text, width, BODY)];
    return { x: sheet.left + index * each, width, align: "start", lines };
  });
  sheet.drawBlocks(blocks, LEADING);
  sheet.y += GAP - 6;
}

function drawParties(sheet: Sheet, { parties }: InvoiceLayout): void {
  const each = sheet.width / 2;
  const blocks = parties.map(({ heading, name, lines }, index): Block => {
    const width = each - 20;
    return {
      ...{ x: sheet.left + index * each, width, align: "start" },
      lines: [
        { text: heading.toUpperCase(), style: CAPTION },
        ...styled(sheet, name, width, STRONG),
        ...lines.flatMap((line) => styled(sheet, line, width, BODY)),
      ],
    };
  });
  sheet.drawBlocks(blocks, LEADING);
  sheet.y += GAP;
}

function drawTotals(sheet: Sheet, { totals }: InvoiceLayout): void {
  const x = sheet.left + sheet.width - TOTALS_WIDTH;
  sheet.y += 10;
  const rows = totals.map(({ label, amount, isStrong }) => {
    const [text, number] = isStrong ? [STRONG, STRONG_NUMBER] : [BODY, NUMBER];
    const numberWidth = Math.min(sheet.type.width(amount, number) + 1, TOTALS_WIDTH * 0.6);
    const labelWidth = TOTALS_WIDTH - numberWidth - 12;
    const blocks: Block[] = [
      { x, width: labelWidth, align: "start", lines: styled(sheet, label, labelWidth, text) },
      {
        ...{ x: x + TOTALS_WIDTH - numberWidth, width: numberWidth, align: "end" },
        lines: styled(sheet, amount, numberWidth, number),
      },
    ];
    return { blocks, isStrong };
  });
  const height = rows.reduce((sum, { blocks }) => sum + heightOf(blocks) + 8, 0);
  sheet.keepTogether(height);
  for (const { blocks, isStrong } of rows) {
    sheet.keepTogether(heightOf(blocks) + 8);
    if (isStrong) {
      sheet.rule(INK, 1, x);
      sheet.y += 4;
    }
    sheet.drawBlocks(blocks, LEADING);
    sheet.y += isStrong ? 6 : 3;
  }
}

function drawTaxes(sheet: Sheet, taxes: readonly LaidOutTax[]): void {
  if (taxes.length === 0) return;
  sheet.y += GAP;
  const widths = [150, 130, 110];
  const row = (texts: readonly string[], style: TextStyle, numeric: TextStyle): Block[] => {
    let x = sheet.left;
    return texts.map((text, index) => {
      const width = widths[index] ?? 0;
      const lines = styled(sheet, text, width, index === 0 ? style : numeric);
      x += width;
      return { x: x - width, width, align: index === 0 ? "start" : "end", lines };
    });
  };
  const { rate, base, amount } = TAX_LABELS;
  const heading = row(
    [rate, base, amount].map((label) => label.toUpperCase()),
    CAPTION,
    CAPTION,
  );
  const drawHead = () => {
    sheet.drawBlocks(heading, LEADING);
    sheet.y += 4;
  };
  sheet.keepTogether(4 * LEADING);
  drawHead();
  for (const tax of taxes) {
    sheet.drawBlocks(row([tax.rate, tax.base, tax.amount], BODY, NUMBER), LEADING, drawHead);
    if (tax.note !== "")
      sheet.drawBlocks([{ ...whole(sheet), lines: styled(sheet, tax.note, sheet.width, SMALL) }], 11.5);
    sheet.y += 3;
  }
}

function drawParagraphs(sheet: Sheet, { paragraphs }: InvoiceLayout): void {
  for (const { heading, lines } of paragraphs) {
    sheet.y += GAP;
    const body = lines.flatMap((line) => styled(sheet, line, sheet.width, BODY));
    sheet.keepTogether(Math.min(body.length + 1, 4) * LEADING);
    const head = [{ text: heading.toUpperCase(), style: CAPTION }];
    sheet.drawBlocks([{ ...whole(sheet), lines: head }], LEADING);
    sheet.drawBlocks([{ ...whole(sheet), lines: body }], LEADING);
  }
}

/** What needs the number of pages, and the mark across a document that is no demand for payment. */
function drawEveryPage(sheet: Sheet, { title, number, stamp }: InvoiceLayout): void {
  const { pdf } = sheet;
  const { count } = pdf.bufferedPageRange();
  for (let page = 0; page < count; page += 1) {
    pdf.switchToPage(page);
    const line = { x: sheet.left, width: sheet.width, baseline: pdf.page.height - 36 };
    pdf.rect(0, 0, pdf.page.width, 5).fill(ACCENT);
    sheet.y = pdf.page.height - 52;
    sheet.rule(HAIR, 0.7);
    const name = sheet.type.fit(`${title} ${number}`, sheet.width - 120, SMALL);
    sheet.type.draw(name, { ...line, align: "start" }, SMALL);
    sheet.type.draw(`Page ${page + 1} of ${count}`, { ...line, align: "end" }, SMALL);
    if (stamp === "Draft" || stamp === "Void") drawMark(sheet, stamp.toUpperCase());
  }
}

function drawMark({ pdf, type }: Sheet, text: string): void {
  const { width, height } = pdf.page;
  const style: TextStyle = { size: 150, weight: "strong", colour: INK };
  pdf
    .save()
    .rotate(-52, { origin: [width / 2, height / 2] })
    .fillOpacity(0.05);
  type.draw(text, { x: 0, baseline: height / 2 + 54, width, align: "centre" }, style);
  pdf.restore().fillOpacity(1);
}

function styled(sheet: Sheet, text: string, width: number, style: TextStyle): Block["lines"] {
  return sheet.type.wrap(text, width, style).map((line) => ({ text: line, style }));
}

function whole({ left, width }: Sheet): Omit<Block, "lines"> {
  return { x: left, width, align: "start" };
}

function heightOf(blocks: readonly Block[]): number {
  return Math.max(...blocks.map(({ lines }) => lines.length)) * LEADING;
}

function collect(pdf: Pdf): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    pdf.on("data", (chunk: Buffer) => chunks.push(chunk));
    pdf.on("end", () => resolve(Buffer.concat(chunks)));
    pdf.on("error", reject);
  });
}
