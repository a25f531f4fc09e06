// Which usage a budget is about: fixed values, and dimensions that have a counter for each of their values.

import { invalidInput } from "../../kernel/index.ts";
import { dimensionOf } from "./text-input.ts";

/** The dimensions that a scope can name, in the order of a counter's key. */
export const SCOPE_DIMENSIONS = Object.freeze([
  "workspace",
  "user",
  "agent",
  "debate",
  "provider",
  "model",
] as const);
export type ScopeDimension = (typeof SCOPE_DIMENSIONS)[number];

/** In place of a value: a counter of its own for each value. */
export const EACH = "each";

/** A value that must be equal, or {@link EACH}; a dimension that is not named does not matter. */
export type Scope = Readonly<Partial<Record<ScopeDimension, string>>>;

/** What usage names. '' is none. */
export type Dimensions = Readonly<Record<ScopeDimension, string>>;

export interface CompiledScope {
  readonly fixed: readonly ScopeDimension[];
  readonly each: readonly ScopeDimension[];
}

/**
 * Checks a scope as a caller writes it.
 *
 * @throws BillingError invalid_input `unknown_field`, or naming `scope.<dimension>`.
 */
export function parseScope(input: unknown): Scope {
  if (input === undefined) return {};
  if (typeof input !== "object" || input === null || Array.isArray(input))
    throw invalidInput("scope", "invalid_type", "scope must be an object");
  const given = input as Record<string, unknown>;
  for (const key of Object.keys(given)) {
    if (!(SCOPE_DIMENSIONS as readonly string[]).includes(key)) {
      const text = `scope names ${JSON.stringify(key.slice(0, 80))}; use any of ${SCOPE_DIMENSIONS.join(", ")}`;
      throw invalidInput(`scope.${key.slice(0, 80)}`, "unknown_field", text);
    }
  }
  const scope: Partial<Record<ScopeDimension, string>> = {};
  for (const dimension of SCOPE_DIMENSIONS) {
    const value = dimensionOf(given[dimension], `scope.${dimension}`);
    if (value !== "") scope[dimension] = dimension === "provider" ? value.toLowerCase() : value;
  }
  return scope;
}

export function compileScope(scope: Scope): CompiledScope {
  const named = SCOPE_DIMENSIONS.filter((dimension) => scope[dimension] !== undefined);
  return {
    fixed: named.filter((dimension) => scope[dimension] !== EACH),
    each: named.filter((dimension) => scope[dimension] === EACH),
  };
}

/**
 * The key of the counter that usage falls into, when all fixed values are equal already: '' where the budget has one
 * counter; undefined where usage names no value for a dimension that has a counter for each.
 */
export function counterKey(each: readonly ScopeDimension[], dimensions: Dimensions): string | undefined {
  if (each.length === 0) return "";
  const [only] = each;
  if (only !== undefined && each.length === 1) {
    const value = dimensions[only];
    if (value === "") return undefined;
    // What JSON.stringify writes, without calling it for every event.
    return NEEDS_ESCAPE.test(value) ? JSON.stringify([value]) : `["${value}"]`;
  }
  const values: string[] = [];
  for (const dimension of each) {
    if (dimensions[dimension] === "") return undefined;
    values.push(dimensions[dimension]);
  }
  return JSON.stringify(values);
}

/** Finds what matches by one look-up per set of fixed dimensions, however many budgets there are. */
export class ScopeIndex<Item extends { readonly scope: Scope; readonly compiled: CompiledScope }> {
  readonly #shapes = new Map<string, { fixed: readonly ScopeDimension[]; items: Map<string, Item[]> }>();

  constructor(items: Iterable<Item>) {
    for (const item of items) {
      const { fixed } = item.compiled;
      const name = fixed.join();
      let shape = this.#shapes.get(name);
      if (shape === undefined) {
        shape = { fixed, items: new Map() };
        this.#shapes.set(name, shape);
      }
      const key = joined(fixed, item.scope as Dimensions);
      const same = shape.items.get(key);
      if (same === undefined) shape.items.set(key, [item]);
      else same.push(item);
    }
  }

  /** Calls `found` for each item whose fixed values are equal. */
  forEach(dimensions: Dimensions, found: (item: Item) => void): void {
    for (const { fixed, items } of this.#shapes.values()) {
      const same = items.get(joined(fixed, dimensions));
      if (same !== undefined) for (const item of same) found(item);
    }
  }
}

/** No value holds a control character, so two keys are equal only if all their parts are. */
function joined(names: readonly ScopeDimension[], values: Dimensions): string {
  if (names.length === 0) return "";
  if (names.length === 1) return values[names[0] as ScopeDimension];
  return names.map((name) => values[name]).join("\u001f");
}

const NEEDS_ESCAPE = /["\\]/;
