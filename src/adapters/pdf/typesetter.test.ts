import PDFDocument from "pdfkit";
import { describe, expect, it } from "vitest";
import { BODY, NUMBER } from "./styles.ts";
import { Typesetter } from "./typesetter.ts";

const type = new Typesetter(new PDFDocument());

describe("a line of text", () => {
  it("is printed as it was given: no arrow for two hyphens and a bracket", () => {
    const parts = 2 * type.width("-", BODY) + type.width(">", BODY);
    expect(type.width("-->", BODY)).toBeCloseTo(parts, 0);
  });

  it("gives figures of an amount one width", () => {
    expect(type.width("111.11", NUMBER)).toBe(type.width("888.88", NUMBER));
    expect(type.width("111.11", BODY)).not.toBe(type.width("888.88", BODY));
  });

  it("breaks at blanks, and inside a word that is wider than the line", () => {
    const text = `one two ${"W".repeat(30)} three`;
    const lines = type.wrap(text, 100, BODY);
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.join("").replaceAll(" ", "")).toBe(text.replaceAll(" ", ""));
    for (const line of lines) expect(type.width(line, BODY)).toBeLessThanOrEqual(100);
  });
});
