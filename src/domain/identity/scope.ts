import { invalidInput } from "../../kernel/index.ts";

/** What a key may be used for. */
export const SCOPES = Object.freeze([
  "events:write",
  "usage:read",
  "prices:read",
  "prices:write",
  "budgets:read",
  "budgets:write",
  "holds:write",
  "invoices:read",
  "invoices:write",
  "organizations:read",
  "organizations:write",
  "keys:write",
  "webhooks:write",
  "audit:read",
  "verify:run",
] as const);
export type Scope = (typeof SCOPES)[number];

/** What concerns the whole installation: no tenant's key can have it. */
const INSTALLATION_ONLY: ReadonlySet<string> = new Set<Scope>([
  "prices:write",
  "invoices:write",
  "verify:run",
]);
const ALL = "*";

/**
 * The scopes of a new key as they are kept: each once, in the list's order; `*` alone if it is among them.
 *
 * @throws BillingError invalid_input `invalid_scopes`.
 */
export function checkedScopes(scopes: unknown, isOperator: boolean): readonly (Scope | "*")[] {
  const asked: readonly unknown[] = Array.isArray(scopes) ? scopes : [];
  if (asked.length === 0) throw invalid(`a non-empty list of: ${allowed(isOperator).join(", ")}, *`);
  if (!asked.every((scope) => scope === ALL || allowed(isOperator).some((known) => known === scope))) {
    throw invalid(`some of: ${allowed(isOperator).join(", ")}, *`);
  }
  return asked.includes(ALL) ? [ALL] : SCOPES.filter((scope) => asked.includes(scope));
}

/** What kept scopes allow: `*` is everything that the kind of key can have. */
export function grantedScopes(kept: readonly string[], isOperator: boolean): readonly Scope[] {
  const can = allowed(isOperator);
  return kept.includes(ALL) ? can : can.filter((scope) => kept.includes(scope));
}

function allowed(isOperator: boolean): readonly Scope[] {
  return isOperator ? SCOPES : SCOPES.filter((scope) => !INSTALLATION_ONLY.has(scope));
}

function invalid(rule: string): Error {
  return invalidInput("scopes", "invalid_scopes", `scopes must be ${rule}`);
}
