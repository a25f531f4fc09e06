// What every list of these domains shares: one row more than asked for is read, and tells whether there is a next page.

import { encodeCursor, invalidInput, type Page } from "../../kernel/index.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 500;

/** How a caller asks for a page. */
export interface PageQuery {
  /** From the page before. */
  readonly cursor?: string | undefined;
  /** 1 to 500, default 100. */
  readonly limit?: number | undefined;
}

/**
 * The size of a page.
 *
 * @throws BillingError invalid_input `invalid_limit`.
 */
export function pageLimit(limit: number = DEFAULT_LIMIT): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw invalidInput("limit", "invalid_limit", `limit must be a whole number from 1 to ${MAX_LIMIT}`);
}

/** The page of a list from up to `limit + 1` of its rows. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  position: (row: Row) => readonly (string | number)[],
  item: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return { items: shown.map(item), nextCursor: hasMore ? encodeCursor(position(last)) : null };
}
