// How a class's call becomes an event: field by field. An object made by rest and spread costs several microseconds, and
// as much again where it is read.

import type { Metadata, UsageEvent } from "../domain/metering/index.ts";
import { type BillingError, invalidInput } from "../kernel/index.ts";

/** What a class calls the fields of an event. */
export interface CallForm {
  readonly type: string;
  /** Where a field of the call goes: to a field of the event, into its metadata, or nowhere: it is refused. */
  readonly places: ReadonlyMap<string, string>;
  /** The event's fields to what the class calls them, where that differs. */
  readonly names: ReadonlyMap<string, string>;
}

const METADATA = "";
const REFUSED = "!";

/**
 * @param names the class's names of the event's fields, where they differ; the event's own are refused then.
 * @param extras fields of the call that are kept in the metadata.
 */
export function callForm(
  type: string,
  names: Readonly<Record<string, keyof UsageEvent>> = {},
  extras: readonly string[] = [],
): CallForm {
  const places = new Map<string, string>([
    // A call says its type by its name. An own `__proto__` (JSON.parse makes them) must not become a prototype.
    ...["type", "__proto__", ...Object.values(names)].map((field) => [field, REFUSED] as const),
    ...Object.entries(names),
    ...extras.map((field) => [field, METADATA] as const),
  ]);
  return { type, places, names: new Map(Object.entries(names).map(([name, field]) => [field, name])) };
}

/**
 * The event that a call tells. What the form does not name goes through as it is: the engine checks it.
 *
 * @throws BillingError invalid_input `unknown_field` for a field that this class calls otherwise.
 */
export function eventOfCall(call: object, form: CallForm): UsageEvent {
  const given = call as Readonly<Record<string, unknown>>;
  const event: Record<string, unknown> = { type: form.type };
  const extras: Record<string, unknown> = {};
  let hasExtras = false;
  for (const field of Object.keys(given)) {
    const value = given[field];
    const place = form.places.get(field);
    if (place === undefined) {
      event[field] = value;
    } else if (place === METADATA) {
      if (value === undefined) continue;
      extras[field] = value;
      hasExtras = true;
    } else if (place !== REFUSED) {
      event[place] = value;
    } else if (value !== undefined) {
      throw notOfThisCall(field, form.names.get(field));
    }
  }
  const { metadata } = event;
  if ((hasExtras || metadata === null) && isExtendable(metadata)) {
    event.metadata = { ...metadata, ...extras };
  }
  return event;
}

/** Metadata of another type is left to the engine, which refuses it. */
function isExtendable(metadata: unknown): metadata is Metadata | null | undefined {
  return metadata === undefined || (typeof metadata === "object" && !Array.isArray(metadata));
}

function notOfThisCall(field: string, name: string | undefined): BillingError {
  const text = `${JSON.stringify(field)} is not a field of this call${name === undefined ? "" : `: it is ${name} here`}`;
  return invalidInput(field, "unknown_field", text);
}
