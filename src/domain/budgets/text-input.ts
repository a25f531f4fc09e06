// Texts and numbers as callers give them: checked, never cut or rounded.

import { BillingError, invalidInput } from "../../kernel/index.ts";

const MAX_TEXT = 256;
const MAX_COUNT = 1_000_000_000_000_000;

/** '' for what is absent. @throws BillingError invalid_input naming the field. */
export function dimensionOf(value: unknown, field: string, longest = MAX_TEXT): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw invalidInput(field, "invalid_type", `${field} must be text`);
  if (value.length > longest)
    throw invalidInput(field, "too_long", `${field} has more than ${longest} characters`);
  if (!value.isWellFormed() || /\p{Cc}/u.test(value))
    throw invalidInput(field, "invalid_characters", `${field} has control characters or broken Unicode`);
  return value;
}

/** @throws BillingError invalid_input `required` for an empty text. */
export function textOf(value: unknown, field: string, longest = MAX_TEXT): string {
  const text = dimensionOf(value, field, longest);
  if (text === "") throw invalidInput(field, "required", `${field} must not be empty`);
  return text;
}

/** A whole number from 0; undefined for what is absent. */
export function countOf(value: unknown, field: string, maximum = MAX_COUNT): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value))
    throw invalidInput(field, "not_whole", `${field} must be a whole number`);
  if (value < 0) throw invalidInput(field, "negative", `${field} must not be negative`);
  if (value > maximum) throw invalidInput(field, "too_large", `${field} must be at most ${maximum}`);
  return value;
}

/** Epoch ms of a Date; undefined for what is absent. */
export function instantOf(value: unknown, field: string): number | undefined {
  if (value === undefined) return undefined;
  const ms = value instanceof Date ? value.getTime() : Number.NaN;
  if (Number.isNaN(ms) || ms < 0 || ms > 253_402_300_799_999)
    throw invalidInput(field, "invalid_timestamp", `${field} must be a Date from 1970 to 9999`);
  return ms;
}

export function booleanOf(value: unknown, field: string): boolean {
  if (value === undefined) return false;
  if (typeof value !== "boolean") throw invalidInput(field, "invalid_type", `${field} must be true or false`);
  return value;
}

export function oneOf<Name extends string>(value: unknown, names: readonly Name[], field: string): Name {
  const found = names.find((name) => name === value);
  if (found === undefined)
    throw invalidInput(field, "invalid_choice", `${field} must be one of ${names.join(", ")}`);
  return found;
}

/** The fields of an input object. @throws BillingError invalid_input `unknown_field`. */
export function fieldsOf(input: unknown, known: readonly string[], field: string): Record<string, unknown> {
  if (typeof input !== "object" || input === null || Array.isArray(input))
    throw invalidInput(field, "invalid_type", `${field} must be an object`);
  for (const key of Object.keys(input)) {
    if (!known.includes(key)) {
      const name = key.slice(0, 80);
      throw invalidInput(name, "unknown_field", `${JSON.stringify(name)} is not a field of ${field}`);
    }
  }
  return input as Record<string, unknown>;
}

/** The same for an unknown id and for another tenant's. */
export function notFound(kind: "budget" | "hold" | "alert", id: string): BillingError {
  return new BillingError("not_found", `${kind}_not_found`, `no ${kind} ${JSON.stringify(id)}`, {
    details: { [kind]: id },
  });
}
