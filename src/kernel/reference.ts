import { invalidInput } from "./errors.ts";

const RESERVED = /^(invoice|note|void):/;

/** Whether a reference is one under which invoices deduct credit, use codes and count volume. */
export function isReservedReference(reference: string | null): boolean {
  return reference !== null && RESERVED.test(reference);
}

/**
 * Returns a caller's reference unless it is like those of invoices: who took one of them first would pay an invoice with what
 * they have spent already.
 *
 * @throws BillingError invalid_input `reserved_reference`.
 */
export function requireFreeReference(reference: string): string {
  if (!isReservedReference(reference)) return reference;
  const text =
    "reference must not begin with invoice:, note: or void: as those of invoices do; put a word before it";
  throw invalidInput("reference", "reserved_reference", text);
}
