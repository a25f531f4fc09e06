// Just enough of a reader of TypeScript: where its strings are, and what is code rather than text or comment.

export interface Literal {
  /** Where it begins, its quote included. */
  readonly offset: number;
  /** What stands between the quotes; an expression inside a template reads as `?`. */
  readonly text: string;
}

export interface SourceText {
  /** The source, equally long, with comments and the insides of literals blanked out. */
  readonly code: string;
  readonly literals: readonly Literal[];
}

// After one of these a slash begins a regular expression; after anything else it divides.
const BEFORE_REGEX =
  /(^|[(,=:[!&|?{};+\-*%<>~^]|\b(return|typeof|case|in|of|do|else|void|delete|throw|await|yield))$/;

export function readSource(source: string): SourceText {
  const code = source.split("");
  const literals: Literal[] = [];
  let at = 0;

  const blank = (from: number, to: number) => {
    for (let index = from; index < to; index += 1) if (code[index] !== "\n") code[index] = " ";
  };

  // Reads code up to the brace that closes it, or to the end.
  function readCode(): void {
    let depth = 0;
    while (at < source.length) {
      const char = source[at];
      if (source.startsWith("//", at)) skipTo(endOf(source.indexOf("\n", at)));
      else if (source.startsWith("/*", at)) skipTo(endOf(source.indexOf("*/", at + 2), 2));
      else if (char === '"' || char === "'") readString(char);
      else if (char === "`") readTemplate();
      else if (char === "/" && BEFORE_REGEX.test(precedingCode())) readRegex();
      else {
        if (char === "{") depth += 1;
        if (char === "}") depth -= 1;
        if (depth < 0) return;
        at += 1;
      }
    }
  }

  function readString(quote: string): void {
    const start = at;
    at += 1;
    while (at < source.length && source[at] !== quote && source[at] !== "\n")
      at += source[at] === "\\" ? 2 : 1;
    literals.push({ offset: start, text: source.slice(start + 1, at) });
    blank(start + 1, at);
    at += 1;
  }

  function readTemplate(): void {
    const start = at;
    const slot = literals.push({ offset: start, text: "" }) - 1;
    let text = "";
    at += 1;
    while (at < source.length && source[at] !== "`") {
      if (source.startsWith("${", at)) {
        blank(at, at + 2);
        at += 2;
        readCode();
        blank(at, at + 1);
        at += 1;
        text += "?";
        continue;
      }
      const length = source[at] === "\\" ? 2 : 1;
      text += source.slice(at, at + length);
      blank(at, at + length);
      at += length;
    }
    literals[slot] = { offset: start, text };
    at += 1;
  }

  function readRegex(): void {
    const start = at;
    let inClass = false;
    at += 1;
    while (at < source.length && source[at] !== "\n" && (inClass || source[at] !== "/")) {
      if (source[at] === "[") inClass = true;
      if (source[at] === "]") inClass = false;
      at += source[at] === "\\" ? 2 : 1;
    }
    blank(start + 1, at);
    at += 1;
  }

  function precedingCode(): string {
    return code
      .slice(Math.max(0, at - 200), at)
      .join("")
      .trimEnd();
  }

  function endOf(index: number, length = 0): number {
    return index < 0 ? source.length : index + length;
  }

  function skipTo(end: number): void {
    blank(at, end);
    at = end;
  }

  readCode();
  while (at < source.length) {
    at += 1;
    readCode();
  }
  return { code: code.join(""), literals };
}
