import { BillingError, invalidInput } from "./errors.ts";

/** One page of a list, and the cursor to the next one: null at the end. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/**
 * Packs a sort position (the key of a page's last item) into an opaque, URL-safe cursor.
 * It is neither secret nor signed: a query must still be limited to the caller's tenant.
 *
 * @throws BillingError internal `cursor_too_long` when `decodeCursor` would refuse the result.
 * @example
 * encodeCursor([1735689600000, "inv_1"]);
 */
export function encodeCursor(position: readonly (string | number)[]): string {
  const cursor = pack(position);
  if (cursor.length > MAX_CURSOR_LENGTH) {
    throw new BillingError("internal", "cursor_too_long", "a page position does not fit into a cursor");
  }
  return cursor;
}

/**
 * Unpacks a cursor into the position that `encodeCursor` was given. `shape` lists the expected types. Anybody can make
 * a cursor up, so what it returns is safe to bind: whole numbers, and texts that every database takes.
 *
 * @throws BillingError invalid_input `invalid_cursor` for what `encodeCursor` would not write in this shape, a number
 * that is not whole, a text with control characters or broken Unicode.
 * @example
 * decodeCursor(cursor, ["number", "string"]); // [1735689600000, "inv_1"]
 */
export function decodeCursor(cursor: string, shape: readonly ("string" | "number")[]): (string | number)[] {
  const position =
    typeof cursor === "string" && cursor.length <= MAX_CURSOR_LENGTH ? unpack(cursor) : undefined;
  // Packing again refuses any other spelling of the position that lenient base64 and JSON would let through.
  if (!hasShape(position, shape) || !position.every(isUsable) || pack(position) !== cursor) {
    throw invalidInput("cursor", "invalid_cursor", "cursor must be one that this list has returned");
  }
  return position;
}

const MAX_CURSOR_LENGTH = 2048;

function pack(position: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(position), "utf8").toString("base64url");
}

function unpack(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}

function hasShape(value: unknown, shape: readonly ("string" | "number")[]): value is (string | number)[] {
  return (
    Array.isArray(value) &&
    value.length === shape.length &&
    value.every((item, index) => typeof item === shape[index])
  );
}

/** No column that lists are sorted by holds anything else. */
function isUsable(item: string | number): boolean {
  return typeof item === "number" ? Number.isSafeInteger(item) : item.isWellFormed() && !/\p{Cc}/u.test(item);
}
