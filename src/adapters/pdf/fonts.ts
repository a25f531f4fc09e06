// The faces that are embedded: Inter for Latin, DejaVu for Greek, Cyrillic, Hebrew, Arabic and signs. A character takes the
// first face that has it; one that none has (Chinese, Japanese, Korean) is printed as the replacement character.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { create, type Font } from "fontkit";
import { plainFont } from "./woff.ts";

export type Weight = "regular" | "strong";

/** A face under the name by which a document knows it. */
export interface Face {
  readonly name: string;
  readonly font: Font;
}

const FILES: Readonly<Record<Weight, readonly string[]>> = {
  regular: [
    "@fontsource/inter/files/inter-latin-400-normal.woff",
    "@fontsource/inter/files/inter-latin-ext-400-normal.woff",
    "dejavu-fonts-ttf/ttf/DejaVuSansCondensed.ttf",
  ],
  strong: [
    "@fontsource/inter/files/inter-latin-600-normal.woff",
    "@fontsource/inter/files/inter-latin-ext-600-normal.woff",
    "dejavu-fonts-ttf/ttf/DejaVuSansCondensed-Bold.ttf",
  ],
};

const { resolve } = createRequire(import.meta.url);
const bytesOf = new Map<string, Buffer>();

/**
 * The faces of one document. The library keeps in an open font what it made of its glyphs for one document, and would print it
 * into the next; so only the bytes are shared.
 */
export class Faces {
  readonly #open = new Map<string, Face>();

  /** The first face of a weight that has a character. */
  of(character: string, weight: Weight): Face | undefined {
    for (const file of FILES[weight]) {
      const face = this.#open.get(file) ?? this.#opened(file);
      if (hasGlyph(face, character)) return face;
    }
    return undefined;
  }

  #opened(file: string): Face {
    const bytes = bytesOf.get(file) ?? plainFont(readFileSync(resolve(file)));
    bytesOf.set(file, bytes);
    const font = create(bytes);
    if (!("layout" in font)) throw new TypeError(`${file} holds several fonts`);
    const face = { name: file, font };
    this.#open.set(file, face);
    return face;
  }
}

export function hasGlyph({ font }: Face, character: string): boolean {
  return font.hasGlyphForCodePoint(character.codePointAt(0) ?? 0);
}
