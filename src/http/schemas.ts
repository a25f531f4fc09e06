// Pieces that the schemas of several routes share.

import { type TProperties, Type } from "typebox";
import { parseTimestamp } from "../kernel/index.ts";

/** An object that holds nothing else. */
export function Strict<P extends TProperties>(properties: P, options: object = {}) {
  return Type.Object(properties, { additionalProperties: false, ...options });
}

export const Text = Type.String({ minLength: 1, maxLength: 256 });
export const OptionalText = Type.Union([Type.String(), Type.Null()]);
/** An amount of USD, exact: a decimal number as text. */
export const Money = Type.String({ pattern: "^-?\\d+(\\.\\d+)?$", examples: ["0.00045"] });
export const Instant = Type.String({ format: "date-time" });
/** An instant as given by a caller. */
export const InstantInput = Type.String({
  maxLength: 40,
  description: "An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day.",
  examples: ["2026-01-01T00:00:00Z"],
});
export const Cursor = Type.String({
  minLength: 1,
  maxLength: 2048,
  description: "`nextCursor` of the page before.",
});
export const Limit = Type.Integer({ minimum: 1, maximum: 500, description: "Items of a page; default 100." });
export const Count = Type.Integer({ minimum: 0 });

/** A decimal amount as given by a caller: text, or a number that is read by its shortest text. */
export const AmountInput = Type.Union([Type.String({ maxLength: 60 }), Type.Number()]);

/** A page of a list. */
export function PageOf<T extends Parameters<typeof Type.Array>[0]>(item: T) {
  return Strict({
    items: Type.Array(item),
    nextCursor: Type.Union([Type.String(), Type.Null()], { description: "Null on the last page." }),
  });
}

export const DEFAULT_LIMIT = 100;

/**
 * An instant as a caller writes it.
 *
 * @throws BillingError invalid_input naming `field`.
 */
export function instantOf(text: string | undefined, field: string): Date | undefined {
  if (text === undefined) return undefined;
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(text);
  return new Date(parseTimestamp(isDate ? `${text}T00:00:00Z` : text, field));
}
