// Responses come from outside: fields are read by name, checked, and never taken from a prototype's data.

import { Decimal } from "decimal.js";
import { type BillingError, invalidInput } from "../../../kernel/index.ts";

/** As for an event: what is more is no count of one call. */
const MAX_COUNT = 1_000_000_000;
const MAX_AMOUNT_LENGTH = 60;
/** Enough digits for any sum of amounts as they are accepted here. */
const ExactDecimal = Decimal.clone({ precision: 800 });
const PLAIN_AMOUNT = /^[0-9]+(\.[0-9]+)?$/;

/**
 * One object of a response, and where it stands in it. Absent and null fields are null: not reported is not zero.
 *
 * @example
 * Fields.of({ usage: { prompt_tokens: 7 } }, "").part("usage")?.count("prompt_tokens"); // 7
 */
export class Fields {
  readonly #object: object;
  readonly #path: string;

  private constructor(object: object, path: string) {
    this.#object = object;
    this.#path = path;
  }

  /** @throws BillingError invalid_input naming the path, for what is no object. */
  static of(value: unknown, path: string): Fields {
    const name = path === "" ? "body" : path;
    if (!isObject(value)) throw invalidInput(name, "invalid_type", `${name} must be an object`);
    if (typeof (value as { then?: unknown }).then === "function") {
      throw invalidInput(name, "invalid_type", `${name} is a promise: await it first`);
    }
    return new Fields(value, path);
  }

  /** The value as it is; null when absent. */
  value(name: string): unknown {
    return readField(this.#object, name) ?? null;
  }

  hasAny(names: readonly string[]): boolean {
    return names.some((name) => this.value(name) !== null);
  }

  /** The names of its own fields. */
  names(): string[] {
    return Object.keys(this.#object);
  }

  /**
   * A whole number from 0 to 10^9.
   *
   * @throws BillingError invalid_input naming the field, for anything else that is there.
   */
  count(name: string): number | null {
    const value = this.value(name);
    return value === null ? null : checkedCount(value, this.#pathOf(name));
  }

  /** Text that is not empty. */
  text(name: string): string | null {
    const value = this.value(name);
    return typeof value === "string" && value !== "" ? value : null;
  }

  /**
   * An amount of money as exact decimal text; a number by its shortest decimal text.
   *
   * @throws BillingError invalid_input naming the field, for what is negative or no plain amount.
   */
  amount(name: string): string | null {
    const value = this.value(name);
    return value === null ? null : amountText(value, this.#pathOf(name));
  }

  /** An object inside this one. */
  part(name: string): Fields | null {
    const value = this.value(name);
    return value === null ? null : Fields.of(value, this.#pathOf(name));
  }

  /** Whether the field is an object rather than a number or text. */
  hasPart(name: string): boolean {
    return isObject(this.value(name));
  }

  /** A list of objects; empty when absent. */
  list(name: string): Fields[] {
    const value = this.value(name);
    if (value === null) return [];
    const path = this.#pathOf(name);
    if (!Array.isArray(value)) throw invalidInput(path, "invalid_type", `${path} must be a list`);
    return value.map((item, index) => Fields.of(item, `${path}[${index}]`));
  }

  #pathOf(name: string): string {
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }
}

/**
 * The object that holds the counts: the named part of a response, or the response itself when that is what was passed.
 */
export function usagePart(body: Fields, name: string, counts: readonly string[]): Fields | null {
  return body.part(name) ?? (body.hasAny(counts) ? body : null);
}

/** The sum of what was reported; null when nothing was. */
export function sumOf(...counts: readonly (number | null)[]): number | null {
  const reported = counts.filter((count) => count !== null);
  return reported.length === 0 ? null : reported.reduce((sum, count) => sum + count, 0);
}

/** The exact sum of amounts; null unless all of them are known. */
export function sumOfAmounts(amounts: readonly (string | null)[]): string | null {
  const known = amounts.filter((amount) => amount !== null);
  if (known.length === 0 || known.length < amounts.length) return null;
  return known.reduce((sum, amount) => sum.plus(amount), new ExactDecimal(0)).toFixed();
}

/**
 * The one count of several fields that mean the same. A zero gives way to a count: some servers fill in fields they do
 * not use.
 */
export function agreedCount(
  usage: Fields | null,
  names: readonly string[],
  also: number | null,
  issues: string[],
): number {
  const counts = [also, ...names.map((name) => usage?.count(name) ?? null)].filter((count) => count !== null);
  const agreed = counts.find((count) => count > 0) ?? 0;
  if (counts.some((count) => count !== agreed)) {
    issues.push(`fields_disagree: ${names.join(", ")} say ${counts.join(", ")}; ${agreed} was taken`);
  }
  return agreed;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** SDKs answer with class instances, whose getters count; a plain value on a prototype is somebody's mistake. */
function readField(object: object, name: string): unknown {
  if (Object.hasOwn(object, name)) return Reflect.get(object, name);
  let prototype = Object.getPrototypeOf(object);
  while (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    const getter = Object.getOwnPropertyDescriptor(prototype, name)?.get;
    if (getter !== undefined) return Reflect.apply(getter, object, []);
    prototype = Object.getPrototypeOf(prototype);
  }
  return undefined;
}

/** A whole number from 0 to 10^9, or an invalid_input that names the field. */
export function checkedCount(value: unknown, field: string): number {
  if (typeof value !== "number") throw invalidInput(field, "invalid_type", `${field} must be a number`);
  if (!Number.isInteger(value)) throw invalidInput(field, "not_whole", `${field} must be a whole number`);
  if (value < 0) throw invalidInput(field, "negative", `${field} must not be negative`);
  if (value > MAX_COUNT) throw invalidInput(field, "too_large", `${field} must be at most ${MAX_COUNT}`);
  return value + 0; // -0 is 0
}

function amountText(value: unknown, field: string): string {
  if (typeof value === "string") {
    if (value.length > MAX_AMOUNT_LENGTH || !PLAIN_AMOUNT.test(value)) throw invalidAmount(field);
    return value;
  }
  if (typeof value !== "number" || !(value >= 0 && value <= MAX_COUNT)) throw invalidAmount(field);
  return value === 0 ? "0" : new ExactDecimal(value).toFixed();
}

function invalidAmount(field: string): BillingError {
  return invalidInput(field, "invalid_amount", `${field} must be a plain amount, 0 to ${MAX_COUNT}`);
}
