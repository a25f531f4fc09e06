import type { Permission } from "../organizations/index.ts";
import { SCOPES, type Scope } from "./scope.ts";

/**
 * What the permissions of a role open over a wire. Who may change what of an organization is asked again, by role, where
 * it is changed: so everybody in it may ask.
 */
const OPENED_BY: Readonly<Partial<Record<Permission, readonly Scope[]>>> = {
  "debates.view": ["usage:read", "prices:read", "budgets:read", "organizations:read", "organizations:write"],
  "api.access": ["events:write", "holds:write"],
  "org.billing": ["budgets:write", "invoices:read"],
  "org.settings": ["budgets:write", "keys:write", "webhooks:write"],
  "audit.view": ["audit:read"],
};

/** The scopes of a signed-in user in an organization, in the list's order. What concerns the installation is not among them. */
export function scopesOf(permissions: readonly Permission[]): readonly Scope[] {
  const opened = new Set(permissions.flatMap((permission) => OPENED_BY[permission] ?? []));
  return SCOPES.filter((scope) => opened.has(scope));
}
