// What leaves the program: text that a terminal shows as text, whatever is in the data.

// Control characters move the cursor and set titles; bidirectional ones make a line read as another one.
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** The text with every character that a terminal would act on written out, as in `\u001b`. */
export function printable(text: string): string {
  return text.replace(UNSAFE, escaped);
}

/** A value as indented JSON that is also safe to look at in a terminal. */
function jsonText(value: unknown): string {
  const text = JSON.stringify(value, null, 2);
  return `${text.replace(UNSAFE, (character) => (character === "\n" ? character : escaped(character)))}\n`;
}

/** Prints a line for people, made printable. */
export function say(line: string): void {
  process.stdout.write(`${printable(line)}\n`);
}

/** Prints a result for programs. */
export function writeJson(value: unknown): void {
  process.stdout.write(jsonText(value));
}

/** Digits in groups of three: 1234567.5 is 1,234,567.5. Takes text, so that no digit is lost. */
export function grouped(digits: number | string): string {
  const [whole = "", fraction] = String(digits).split(".");
  const text = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? text : `${text}.${fraction}`;
}

/** `1 row`, `2,000 rows`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** The text without the user and password of any address in it. */
export function withoutPasswords(text: string): string {
  return text.replace(/(\w:\/\/)[^\s/@]*@/g, "$1…@");
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
