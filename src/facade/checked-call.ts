// What every call of the budget classes has in common: no field is silently left out, and an error names it as the caller
// wrote it.

import { BillingError, invalidInput } from "../kernel/index.ts";

/**
 * Refuses fields that a call does not have: a limit under a misspelt name would be no limit.
 *
 * @throws BillingError invalid_input `unknown_field` naming the field.
 */
export function checkFields(call: object, fields: readonly string[], what: string): void {
  if (typeof call !== "object" || call === null || Array.isArray(call))
    throw invalidInput(what, "invalid_type", `${what} must be an object`);
  for (const field of Object.keys(call)) {
    if (fields.includes(field)) continue;
    throw invalidInput(
      field,
      "unknown_field",
      `${JSON.stringify(field.slice(0, 80))} is not a field of ${what}`,
    );
  }
}

/** Runs `work`; where the engine refuses a field, the error names it as the class does. */
export async function named<T>(names: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BillingError) || error.kind !== "invalid_input") throw error;
    const field = String(error.details.field ?? "");
    const name = Object.hasOwn(names, field) ? names[field] : undefined;
    if (name === undefined) throw error;
    const { message, code } = error;
    throw invalidInput(name, code, message.startsWith(field) ? name + message.slice(field.length) : message);
  }
}

/** The tenant that a call names as `tenantId` or `orgId`: two names of one thing. */
export function tenantNamed(call: {
  readonly tenantId?: string | undefined;
  readonly orgId?: string | undefined;
}): string | undefined {
  const { tenantId, orgId } = call;
  if (tenantId !== undefined && orgId !== undefined && tenantId !== orgId)
    throw invalidInput("orgId", "given_twice", "tenantId and orgId name two tenants; give one");
  return tenantId ?? orgId;
}
