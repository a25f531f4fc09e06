// Who a request is from, once its key or token was checked, and what follows from that.

import { BillingError, invalidInput } from "../../kernel/index.ts";
import type { Actor } from "../organizations/index.ts";
import type { ApiKeyKind } from "./api-key.ts";
import type { Scope } from "./scope.ts";

export interface Principal {
  /** `operator` and `tenant`: a key of that kind; `user`: somebody who signed in. */
  readonly kind: ApiKeyKind | "user";
  /** Of the key or the user. */
  readonly id: string;
  /** Null for an operator, and for a user who named no organization. */
  readonly tenant: string | null;
  /** Spelled out: never `*`. */
  readonly scopes: readonly Scope[];
}

/**
 * Lets a request pass whose key has the scope.
 *
 * @throws BillingError forbidden `scope_missing`.
 */
export function requireScope({ scopes }: Principal, scope: Scope): void {
  if (scopes.includes(scope)) return;
  const text = `this takes a key or a role with the scope ${scope}`;
  throw new BillingError("forbidden", "scope_missing", text, { details: { scope } });
}

/**
 * The tenant of a request: the one that an operator names, a tenant's own. There is no way for a tenant's key to reach
 * another: naming one is refused in the same words whether it exists or not.
 *
 * @throws BillingError invalid_input `tenant_required`; forbidden `other_tenant`.
 */
export function tenantFor({ tenant }: Principal, named: string | undefined): string {
  if (tenant === null) {
    if (typeof named === "string" && named !== "") return named;
    throw invalidInput("tenant", "tenant_required", "an operator's key names the tenant of every request");
  }
  if (named === undefined || named === tenant) return tenant;
  throw new BillingError("forbidden", "other_tenant", "a tenant's key is for its own tenant");
}

/** The actor of changes that a principal asks for. */
export function actorOf({ kind, id, tenant, scopes }: Principal, requestId?: string): Actor {
  if (kind === "user") return { kind, id, requestId };
  if (kind === "operator" || tenant === null) return { kind: "operator", id, scopes, requestId };
  return { kind: "key", id, tenant, scopes, requestId };
}
