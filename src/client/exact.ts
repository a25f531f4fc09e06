// Numbers on the wire: none is changed without a word.

/** Digits of a number that a double may not hold. */
const LONG = /\d{16}/;
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * JSON text of an input.
 *
 * @throws RangeError naming a number that would arrive as another one: NaN or infinite (JSON makes them null, which can
 * mean "no limit"), a bigint, a whole number beyond 2^53.
 */
export function exactJson(value: unknown): string {
  const field = inexactIn(value);
  if (field !== undefined) {
    const remedy = "give one that is finite and, if whole, below 2^53; give amounts of money as text";
    throw new RangeError(`${field.slice(1) || "the input"} is no number that can be sent exactly: ${remedy}`);
  }
  return JSON.stringify(value);
}

/**
 * The value of a JSON text.
 *
 * @throws SyntaxError for no JSON; RangeError for a whole number in it that a JavaScript number does not hold exactly.
 */
export function parseExact(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!LONG.test(text)) return value;
  for (const [token] of text.matchAll(TOKENS)) {
    if (/^-?\d{16,}$/.test(token) && BigInt(Number(token)) !== BigInt(token)) {
      throw new RangeError(`a number does not hold ${token} exactly`);
    }
  }
  return value;
}

/** Where an inexact number is, as `.events[3].quantity`; undefined if there is none. */
function inexactIn(value: unknown): string | undefined {
  if (typeof value === "bigint") return ".";
  if (typeof value === "number") return isExact(value) ? undefined : ".";
  if (typeof value !== "object" || value === null) return undefined;
  for (const [name, item] of Object.entries(value)) {
    const inner = typeof item === "string" ? undefined : inexactIn(item);
    if (inner !== undefined) return `.${name}${inner === "." ? "" : inner}`;
  }
  return undefined;
}

function isExact(value: number): boolean {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
}
