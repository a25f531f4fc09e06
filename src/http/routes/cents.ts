// Whole cents, and instants that may be absent, as credits and discounts give and take them.

import { Type } from "typebox";
import { Instant } from "../schemas.ts";

/** A billion dollars. */
export const MAX_CENTS = 100_000_000_000;
export const CentsInput = Type.Integer({ minimum: 1, maximum: MAX_CENTS });
export const OptionalInstant = Type.Union([Instant, Type.Null()]);

export function optionalInstantJson(at: Date | null): string | null {
  return at === null ? null : at.toISOString();
}
