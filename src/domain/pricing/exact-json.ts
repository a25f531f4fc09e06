// JSON whose numbers keep the digits they were written with: JSON.parse alone makes binary floats of them. In the text
// every number becomes a string behind a mark that occurs nowhere else in it; JSON.parse then does the rest.

/** A number as it stands in the text. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const NOT_OF_A_NUMBER = /[^\d.eE+-]/g;

/**
 * Reads JSON as `JSON.parse` does, except that every number is a {@link JsonNumber}.
 *
 * @throws SyntaxError as `JSON.parse` does; RangeError for nesting too deep to be walked.
 */
export function parseExactJson(text: string): unknown {
  // The original is checked first: an error then names the position in it, and what follows may rely on its grammar.
  JSON.parse(text);
  const mark = unusedCharacter(text);
  return JSON.parse(withQuotedNumbers(text, mark), (_, value: unknown) =>
    typeof value === "string" && value.startsWith(mark) ? new JsonNumber(value.slice(1)) : value,
  );
}

/** Puts every number outside strings between quotes, behind the mark. The text must be valid JSON. */
function withQuotedNumbers(text: string, mark: string): string {
  const parts: string[] = [];
  let copied = 0;
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === MINUS || (code >= ZERO && code <= NINE)) {
      NOT_OF_A_NUMBER.lastIndex = at;
      const end = NOT_OF_A_NUMBER.exec(text)?.index ?? text.length;
      parts.push(text.slice(copied, at), `"${mark}${text.slice(at, end)}"`);
      copied = end;
      at = end;
    } else {
      at += 1;
    }
  }
  return parts.join("") + text.slice(copied);
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at + 1;
}

/** A private-use character that the text has neither as itself nor as an escape. */
function unusedCharacter(text: string): string {
  for (let code = 0xe000; code <= 0xf8ff; code += 1) {
    const character = String.fromCharCode(code);
    const escaped = new RegExp(`\\\\u${code.toString(16)}`, "i");
    if (!text.includes(character) && !escaped.test(text)) return character;
  }
  throw new SyntaxError("every private-use character occurs in the text");
}
