// What a request may hold, checked by its route's schema: nothing is coerced in a body, nothing unknown is let through.

import type { TSchema } from "typebox";
import { Compile } from "typebox/compile";
import Value from "typebox/value";
import { type BillingError, invalidInput } from "../kernel/index.ts";
import { HttpError } from "./problem.ts";

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

type Checked = { readonly value: unknown } | { readonly error: Error };

/** A check of one part of a request. Texts of a query or path become the numbers and booleans that the schema asks for. */
export function validatorOf(
  schema: TSchema,
  part: "body" | "querystring" | "params",
): (input: unknown) => Checked {
  const validator = Compile(schema);
  return (input) => {
    if (part === "querystring") {
      const repeated = repeatedIn(input);
      if (repeated !== undefined) return { error: repeated };
    }
    // No body at all is an empty one where every field may be absent.
    const given = part === "body" && (input === undefined || input === null) ? {} : input;
    const value = part === "body" ? given : Value.Convert(schema, { ...(given as object) });
    if (validator.Check(value)) return { value };
    if (part === "body" && given !== input) {
      return { error: new HttpError(400, "body_required", "this takes a JSON body", { field: "body" }) };
    }
    return { error: invalid(validator.Errors(value) as unknown as SchemaError[], part) };
  };
}

function repeatedIn(query: unknown): Error | undefined {
  for (const [name, value] of Object.entries(query as object)) {
    if (!Array.isArray(value)) continue;
    const field = name.slice(0, 80);
    return new HttpError(400, "repeated_parameter", `${JSON.stringify(field)} is given more than once`, {
      field,
    });
  }
  return undefined;
}

function invalid(errors: readonly SchemaError[], part: string): BillingError {
  const unknown = errors.find(({ keyword }) => keyword === "additionalProperties");
  if (unknown !== undefined) {
    const [name = ""] = namesIn(unknown.params, "additionalProperties");
    const field = fieldOf(unknown.instancePath, name.slice(0, 80), part);
    return invalidInput(field, "unknown_field", `${field} is not a field of this request`);
  }
  const missing = errors.find(({ keyword }) => keyword === "required");
  if (missing !== undefined) {
    const [name = ""] = namesIn(missing.params, "requiredProperties");
    const field = fieldOf(missing.instancePath, name, part);
    return invalidInput(field, "required", `${field} is required`);
  }
  // The deepest says most: a union fails at its own place as well.
  const [first] = [...errors].sort((a, b) => depthOf(b) - depthOf(a));
  const field = fieldOf(first?.instancePath ?? "", "", part);
  const code = first?.keyword === "type" ? "invalid_type" : "invalid_value";
  return invalidInput(field, code, `${field} ${first?.message ?? "is invalid"}`);
}

function namesIn(params: object, key: string): readonly string[] {
  const names = (params as Record<string, unknown>)[key];
  return Array.isArray(names) ? names.map(String) : [];
}

function depthOf({ instancePath }: SchemaError): number {
  return instancePath.split("/").length;
}

/** `/events/0/id` as `events[0].id`. */
function fieldOf(path: string, name: string, part: string): string {
  const parts = path
    .split("/")
    .slice(1)
    .map((text) => text.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (name !== "") parts.push(name);
  const text = parts.reduce((field, part) => {
    if (/^\d+$/.test(part) && field !== "") return `${field}[${part}]`;
    return field === "" ? part : `${field}.${part}`;
  }, "");
  if (text !== "") return text.slice(0, 200);
  return part === "querystring" ? "query" : part;
}
