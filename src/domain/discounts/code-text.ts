// One form of a code, in which codes are stored and compared.

const CODE = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?$/;

/**
 * A code in its canonical form: without blanks around it, in upper case. Undefined for what can be no code: a code is 1 to
 * 64 ASCII letters, digits, `-` and `_`, and begins and ends with a letter or digit. Other alphabets are refused, not
 * mapped: what looks the same is never taken for the same.
 *
 * @example
 * canonicalCode(" Welcome50 "); // "WELCOME50"
 */
export function canonicalCode(text: string): string | undefined {
  const code = text.trim();
  // Before the upper case: "ß" would become "SS", and "ı" an "I".
  return CODE.test(code) ? code.toUpperCase() : undefined;
}
