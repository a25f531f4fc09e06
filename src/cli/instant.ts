import { parseTimestamp } from "../kernel/index.ts";

/** The help text of an instant. */
export const INSTANT_HELP = "an ISO instant with offset, or YYYY-MM-DD for 00:00 UTC of that day";

/**
 * An instant as written on the command line; a bare date is its midnight in UTC, in every time zone.
 *
 * @throws BillingError invalid_input naming `field`.
 */
export function instantOf(text: string | undefined, field: string): Date | undefined {
  if (text === undefined) return undefined;
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(text);
  return new Date(parseTimestamp(isDate ? `${text}T00:00:00Z` : text, field));
}
