// Text of callers as it is printed: one line, or lines, without characters that steer a terminal or turn others round.

/** Longest texts that are printed, in characters; what is cut ends in "…". CSV and JSON hold the whole. */
export const PRINTED = Object.freeze({
  name: 200,
  addressLine: 120,
  addressLines: 8,
  line: 500,
  paragraph: 2_000,
  paragraphLines: 30,
  notes: 20,
  fact: 60,
});

// Controls, direction overrides and isolates, what takes no room and hides a difference, halves of surrogate pairs. The
// joiners U+200C and U+200D stay: writing systems need them.
const UNPRINTABLE =
  /[\p{Cc}\u00ad\u200b\u2060\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\ufeff\u2028\u2029]|\p{Cs}/gu;
const LINE_END = /\r\n|[\n\r\u0085\u2028\u2029]/;

/** A text on one line of at most `limit` characters. */
export function oneLine(text: string, limit: number): string {
  // Nothing beyond can be printed: blanks in front of it are as good as cut.
  const near = text.slice(0, limit * 4);
  const clean = near.replace(/\s+/gu, " ").replace(UNPRINTABLE, "").trim();
  const characters = [...clean];
  const isCut =
    characters.length > limit || (near.length < text.length && text.slice(near.length).trim() !== "");
  return isCut ? `${characters.slice(0, limit - 1).join("")}…` : clean;
}

/** A text on several lines, of at most `limit` characters and `lines` lines in all. */
export function severalLines(text: string, limit: number, lines: number): string[] {
  const all = text.split(LINE_END);
  const kept: string[] = [];
  let rest = limit;
  for (const line of all.slice(0, lines)) {
    if (rest <= 0) break;
    const clean = oneLine(line, rest);
    kept.push(clean);
    rest -= clean.length;
  }
  while (kept.at(-1) === "") kept.pop();
  const isCut = all.slice(kept.length).some((line) => line.trim() !== "");
  if (isCut && kept.at(-1)?.endsWith("…") !== true) kept.push("…");
  return kept;
}
