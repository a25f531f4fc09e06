import { BillingError } from "../../kernel/index.ts";
import type { Scope } from "./scope.ts";

/** An operator's key names the tenant of every request; a tenant's key is bound to its own. */
export type ApiKeyKind = "operator" | "tenant";

/** A key as it is on record: nothing here can be used as one. */
export interface ApiKeyView {
  readonly id: string;
  readonly kind: ApiKeyKind;
  /** Null for an operator's key. */
  readonly tenant: string | null;
  readonly name: string;
  /** How the key begins, to tell it from others. */
  readonly prefix: string;
  readonly scopes: readonly (Scope | "*")[];
  /** From where alone it may be used; empty is from anywhere. */
  readonly networks: readonly string[];
  readonly createdBy: { readonly kind: string; readonly id: string };
  readonly createdAt: string;
  readonly expiresAt: string | null;
  /** To about a minute. */
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
}

/** A new key: its text is shown this once. */
export type IssuedKey = ApiKeyView & { readonly key: string };

export interface NewApiKey {
  /** Whose key it is. Absent: an operator's key, which operators only can make. */
  readonly tenant?: string | undefined;
  readonly name: string;
  readonly scopes: readonly (Scope | "*")[];
  /** Absent: until it is revoked. */
  readonly expiresAt?: Date | string | undefined;
  /** IP addresses and CIDR blocks. Absent or empty: from anywhere. */
  readonly networks?: readonly string[] | undefined;
}

export function keyNotFound(): BillingError {
  return new BillingError("not_found", "api_key_not_found", "there is no such API key");
}

/** One answer for a key that is malformed, unknown, expired or revoked: it tells nothing. */
export function unauthenticated(): BillingError {
  return new BillingError("unauthenticated", "invalid_api_key", "this takes a valid API key");
}
