// Measures, wraps and draws single lines. It knows faces and directions; it knows nothing of pages.

import type PDFDocument from "pdfkit";
import { type Face, Faces, type Weight } from "./fonts.ts";
import { type TextRun, textRuns } from "./text-runs.ts";

export interface TextStyle {
  /** Points. */
  readonly size: number;
  readonly weight: Weight;
  readonly colour: string;
  /** Digits of one width, so that amounts stand below each other. */
  readonly isNumeric?: boolean;
}

export interface LineBox {
  readonly x: number;
  /** Where the letters stand. */
  readonly baseline: number;
  readonly width: number;
  readonly align: "start" | "end" | "centre";
}

type Pdf = InstanceType<typeof PDFDocument>;
type TextOptions = PDFKit.Mixins.TextOptions;

export class Typesetter {
  readonly #pdf: Pdf;
  readonly #faces = new Faces();
  readonly #known = new Set<Face>();
  /** Widths of runs at a size of one point: the same texts are measured for their column, their line and their place. */
  readonly #widths = new Map<string, number>();

  constructor(pdf: Pdf) {
    this.#pdf = pdf;
  }

  width(text: string, style: TextStyle): number {
    return this.#widthOf(textRuns(text, style.weight, this.#faces), style);
  }

  /** A text on one line of at most `width`: what is too long ends in "…". */
  fit(text: string, width: number, style: TextStyle): string {
    if (this.width(text, style) <= width) return text;
    const [start = ""] = this.#cut(text, width - this.width("…", style), style);
    return `${start}…`;
  }

  /** Breaks a text at blanks, and inside what is wider than a line, so that no line is wider than `width`. */
  wrap(text: string, width: number, style: TextStyle): string[] {
    if (this.width(text, style) <= width) return [text];
    const lines: string[] = [];
    let line = "";
    for (const word of text.split(" ")) {
      const longer = line === "" ? word : `${line} ${word}`;
      if (this.width(longer, style) <= width) {
        line = longer;
        continue;
      }
      if (line !== "") lines.push(line);
      const parts = this.#cut(word, width, style);
      line = parts.pop() ?? "";
      lines.push(...parts);
    }
    return [...lines, line];
  }

  draw(text: string, { x, baseline, width, align }: LineBox, style: TextStyle): void {
    const runs = textRuns(text, style.weight, this.#faces);
    const room = align === "start" ? 0 : width - this.#widthOf(runs, style);
    let left = x + (align === "centre" ? room / 2 : room);
    this.#pdf.fillColor(style.colour);
    for (const run of runs) {
      this.#use(run.face, style);
      const options: TextOptions = { lineBreak: false, baseline: "alphabetic", ...featuresOf(style) };
      this.#pdf.text(run.text, left, baseline, options);
      left += this.#widthOf([run], style);
    }
  }

  #widthOf(runs: readonly TextRun[], style: TextStyle): number {
    return runs.reduce((width, run) => {
      const key = `${style.isNumeric === true}${run.face.name}:${run.text}`;
      const known = this.#widths.get(key) ?? this.#measure(run, style);
      this.#widths.set(key, known);
      return width + known * style.size;
    }, 0);
  }

  #measure(run: TextRun, style: TextStyle): number {
    this.#use(run.face, style);
    return this.#pdf.widthOfString(run.text, featuresOf(style)) / style.size;
  }

  #cut(word: string, width: number, style: TextStyle): string[] {
    const parts: string[] = [];
    let rest = [...word];
    while (rest.length > 1 && this.width(rest.join(""), style) > width) {
      let [fits, tooLong] = [1, rest.length];
      while (tooLong - fits > 1) {
        const middle = (fits + tooLong) >> 1;
        if (this.width(rest.slice(0, middle).join(""), style) <= width) fits = middle;
        else tooLong = middle;
      }
      parts.push(rest.slice(0, fits).join(""));
      rest = rest.slice(fits);
    }
    return [...parts, rest.join("")];
  }

  #use(face: Face, { size }: TextStyle): void {
    if (!this.#known.has(face)) {
      // The types know paths and bytes only; a font that is open is taken as well, and is not read for every document.
      this.#pdf.registerFont(face.name, face.font as unknown as Uint8Array as Buffer);
      this.#known.add(face);
    }
    this.#pdf.font(face.name).fontSize(size);
  }
}

/**
 * Text as it was given: contextual alternates would make an arrow of "-->" and a multiplication sign of the x in "1x2". With
 * features the library lays a run out as a whole, which right-to-left text needs, and not word by word.
 */
function featuresOf({ isNumeric }: TextStyle): TextOptions {
  // The types know the list form only, which cannot turn a feature off.
  const features = { calt: false, tnum: isNumeric === true } as unknown as PDFKit.Mixins.OpenTypeFeatures[];
  return { features };
}
