import { readFileSync } from "node:fs";
import type { PriceEntryInput } from "../domain/pricing/index.ts";
import { BillingError } from "../kernel/index.ts";

// A number of 15 digits survives a float; one with more may not.
const FLOAT_DIGITS = 15;
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;

/**
 * The entries of a price file: a JSON list. The engine checks them.
 *
 * @throws BillingError not_found `file_not_found`, invalid_input `invalid_price_file`.
 */
export function readPriceFile(path: string): readonly PriceEntryInput[] {
  const text = textOf(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(path, `is not valid JSON: ${(error as Error).message}`);
  }
  if (!Array.isArray(value)) throw invalid(path, "must hold a JSON list of price entries: [{ … }, …]");
  const tooLong = text
    .match(STRING_OR_NUMBER)
    ?.find((token) => !token.startsWith('"') && digitsOf(token) > FLOAT_DIGITS);
  if (tooLong !== undefined) {
    throw invalid(
      path,
      `has the number ${tooLong.slice(0, 60)}, whose digits would be lost; write it as text, in quotes`,
    );
  }
  return value;
}

function textOf(path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") {
      const details = { field: "prices", file: path };
      throw new BillingError("not_found", "file_not_found", `${path}: there is no such file`, { details });
    }
    throw invalid(
      path,
      error instanceof TypeError ? "is not UTF-8 text" : `cannot be read (${code ?? "unknown reason"})`,
    );
  }
}

function digitsOf(number: string): number {
  return number
    .replace(/[eE].*$/, "")
    .replace(/\D/g, "")
    .replace(/^0+/, "").length;
}

function invalid(path: string, what: string): BillingError {
  const details = { field: "prices", file: path };
  return new BillingError("invalid_input", "invalid_price_file", `price file ${path} ${what}`, { details });
}
