// What callers give: checked, and nothing silently left out.

import { invalidInput } from "../../kernel/index.ts";
import { planOf, type SubscriptionTier } from "../plans/index.ts";
import { CHANGES } from "./access.ts";
import type { ChangeKind, SubscriptionChange, When } from "./lifecycle.ts";

const FIELDS: Readonly<Record<ChangeKind, readonly string[]>> = {
  start_trial: ["tier"],
  extend_trial: [],
  convert_trial: ["tier"],
  change_plan: ["tier", "when"],
  cancel: ["when"],
  resume: [],
  pause: [],
  unpause: [],
  mark_past_due: [],
  mark_paid: [],
};

/** @throws BillingError invalid_input naming the field. */
export function checkedChange(input: SubscriptionChange): SubscriptionChange {
  if (typeof input !== "object" || input === null || Array.isArray(input))
    throw invalidInput("change", "invalid_type", "change must be an object: { kind, … }");
  const { kind } = input;
  if (typeof kind !== "string" || !Object.hasOwn(FIELDS, kind))
    throw invalidInput("kind", "invalid_choice", `kind must be one of ${Object.keys(CHANGES).join(", ")}`);
  fieldsOf(input, ["kind", ...FIELDS[kind]], kind);
  const { tier, when } = input as { tier?: SubscriptionTier; when?: When };
  if (tier !== undefined || kind === "change_plan") planOf(tier as SubscriptionTier);
  if (when !== undefined && when !== "now" && when !== "period_end")
    throw invalidInput("when", "invalid_choice", "when must be now or period_end");
  return input;
}

/** @throws BillingError invalid_input `unknown_field`: a misspelt `when` would be none. */
export function fieldsOf(input: object, known: readonly string[], what: string): void {
  for (const key of Object.keys(input)) {
    if (known.includes(key)) continue;
    const name = key.slice(0, 80);
    throw invalidInput(name, "unknown_field", `${JSON.stringify(name)} is not a field of ${what}`);
  }
}

/** Whole cents of either sign, or none. */
export function totalOfInput(value: unknown): bigint | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  throw invalidInput("expectedTotalCents", "not_whole", "expectedTotalCents must be a whole number of cents");
}
