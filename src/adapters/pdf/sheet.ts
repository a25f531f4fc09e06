// A document's pages: where the next thing goes, and when a new page begins.

import type PDFDocument from "pdfkit";
import { type LineBox, type TextStyle, Typesetter } from "./typesetter.ts";

/** Lines one below the other in a column. */
export interface Block {
  readonly x: number;
  readonly width: number;
  readonly align: LineBox["align"];
  readonly lines: readonly { readonly text: string; readonly style: TextStyle }[];
}

const MARGIN = 50;
const FOOT = 64;

export class Sheet {
  readonly pdf: InstanceType<typeof PDFDocument>;
  readonly type: Typesetter;
  readonly left = MARGIN;
  readonly width: number;
  /** Top of what comes next. */
  y = MARGIN;
  readonly #bottom: number;
  /** Draws what stands at the top of each further page. */
  readonly #runningHead: () => void;
  #top = MARGIN;

  constructor(pdf: InstanceType<typeof PDFDocument>, runningHead: () => void) {
    this.pdf = pdf;
    this.type = new Typesetter(pdf);
    this.width = pdf.page.width - 2 * MARGIN;
    this.#bottom = pdf.page.height - FOOT;
    this.#runningHead = runningHead;
  }

  /** Begins a new page unless `height` points are left on this one, or would not be on any. */
  keepTogether(height: number, onNewPage: () => void = () => {}): void {
    if (this.y + height <= this.#bottom || height > this.#bottom - this.#top) return;
    this.#newPage(onNewPage);
  }

  /** Draws columns side by side, over as many pages as they need; `leading` is the height of a line. */
  drawBlocks(blocks: readonly Block[], leading: number, onNewPage: () => void = () => {}): void {
    const count = Math.max(0, ...blocks.map(({ lines }) => lines.length));
    this.keepTogether(count * leading, onNewPage);
    for (let index = 0; index < count; index += 1) {
      if (this.y + leading > this.#bottom) this.#newPage(onNewPage);
      for (const { x, width, align, lines } of blocks) {
        const line = lines[index];
        if (line === undefined) continue;
        const baseline = this.y + leading / 2 + line.style.size * 0.36;
        this.type.draw(line.text, { x, baseline, width, align }, line.style);
      }
      this.y += leading;
    }
  }

  /** Draws a line across, from `x` to the right margin. */
  rule(colour: string, thickness: number, x = this.left): void {
    const right = this.left + this.width;
    this.pdf.moveTo(x, this.y).lineTo(right, this.y).lineWidth(thickness).strokeColor(colour).stroke();
  }

  #newPage(onNewPage: () => void): void {
    this.pdf.addPage();
    this.y = MARGIN;
    this.#runningHead();
    this.#top = Math.max(this.#top, this.y + 40);
    onNewPage();
  }
}
