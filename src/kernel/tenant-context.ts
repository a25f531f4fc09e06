import { AsyncLocalStorage } from "node:async_hooks";
import { invalidInput } from "./errors.ts";

/**
 * Runs a function for a tenant: every call inside it that names no tenant gets this one, also after an `await`.
 * The innermost wins; other requests that run at the same time never see it.
 *
 * @throws BillingError invalid_input `invalid_tenant` for an empty tenant.
 * @example
 * await withTenant("org_1", () => billing.record(event));
 */
export function withTenant<T>(tenant: string, fn: () => T): T {
  if (typeof tenant !== "string" || tenant === "") {
    throw invalidInput("tenant", "invalid_tenant", "tenant must be a non-empty text");
  }
  return tenants.run(tenant, fn);
}

/**
 * Returns the tenant of the innermost `withTenant` around the caller, undefined outside of any.
 *
 * @example
 * withTenant("org_1", () => currentTenant()); // "org_1"
 */
export function currentTenant(): string | undefined {
  return tenants.getStore();
}

const tenants = new AsyncLocalStorage<string>();
