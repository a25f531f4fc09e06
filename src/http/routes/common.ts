// Pieces that the routes of budgets, organizations and webhooks share.

import type { Decimal } from "decimal.js";
import { Type } from "typebox";
import type { UserSession } from "../../domain/identity/index.ts";
import { BillingError, invalidInput, type Page } from "../../kernel/index.ts";
import { Cursor, DEFAULT_LIMIT, Limit, Money, Strict } from "../schemas.ts";

/** No control character: none is meant, and PostgreSQL takes no NUL. */
const PRINTABLE = "^[^\\u0000-\\u001f\\u007f]+$";

/** An id, a name: whatever stands on one line. */
export const Line = Type.String({ minLength: 1, maxLength: 256, pattern: PRINTABLE });
export const IdParams = Strict({ id: Line });
/** For a write that says all in its path. */
export const NoBody = Strict({});
export const NoQuery = Strict({});
export const OptionalMoney = Type.Union([Money, Type.Null()]);
export const PageQuery = { cursor: Type.Optional(Cursor), limit: Type.Optional(Limit) };
export const Period = Strict({
  name: Type.String(),
  from: Type.String({ format: "date-time" }),
  to: Type.Union([Type.String({ format: "date-time" }), Type.Null()]),
});

interface PageInput {
  readonly cursor?: string;
  readonly limit?: number;
}

/**
 * How services want a page. A cursor is not signed, so what is in one is checked before a database sees it.
 *
 * @throws BillingError invalid_input `invalid_cursor`.
 */
export function pageQuery({ cursor, limit = DEFAULT_LIMIT }: PageInput): {
  readonly cursor: string | undefined;
  readonly limit: number;
} {
  if (cursor !== undefined && !hasUsableItems(cursor)) {
    throw invalidInput("cursor", "invalid_cursor", "cursor must be one that this list has returned");
  }
  return { cursor, limit };
}

/** A page of views as it is sent. */
export function pageJson<T, Json>(
  { items, nextCursor }: Page<T>,
  json: (item: T) => Json,
): { items: Json[]; nextCursor: string | null } {
  return { items: items.map(json), nextCursor };
}

type Plain<T> = T extends readonly (infer Item)[]
  ? Plain<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Plain<T[Key]> }
    : T;

/** A view that is sent as it is. Schemas know no `readonly`. */
export function sent<T>(view: T): Plain<T> {
  return view as Plain<T>;
}

/** A choice among texts that a domain lists. */
export function choiceOf<const T extends string>(values: readonly T[]) {
  return Type.Unsafe<T>(Type.String({ enum: [...values] }));
}

export function moneyJson(amount: Decimal): string {
  return amount.toFixed();
}

export function optionalMoneyJson(amount: Decimal | null): string | null {
  return amount === null ? null : amount.toFixed();
}

/**
 * The same answer, to the byte, for whatever is not there: domains that repeat the id in theirs would tell two of them
 * apart.
 */
export async function orUnknown<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof BillingError) || error.kind !== "not_found") throw error;
    throw new BillingError("not_found", error.code, `there is no such ${what}`);
  }
}

/** The session of a route for users, which the guard has seen to. */
export function requireSession(session: UserSession | undefined): UserSession {
  if (session !== undefined) return session;
  throw new BillingError("forbidden", "users_only", "this is for people who signed in, not for keys");
}

/** @throws BillingError invalid_input `tenant_required` where an operator named none. */
export function requireTenant(tenant: string | null): string {
  if (tenant !== null) return tenant;
  throw invalidInput("tenant", "tenant_required", "name the tenant: Aragora-Tenant");
}

function hasUsableItems(cursor: string): boolean {
  let items: unknown;
  try {
    items = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    return false;
  }
  if (!Array.isArray(items)) return false;
  return items.every((item) =>
    typeof item === "number"
      ? Number.isSafeInteger(item) && item >= 0
      : typeof item === "string" && item.isWellFormed() && !/\p{Cc}/u.test(item),
  );
}
