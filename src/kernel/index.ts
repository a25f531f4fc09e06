export type { Clock } from "./clock.ts";
export { ManualClock, systemClock } from "./clock.ts";
export { type Cell, csvLine } from "./csv.ts";
export { currencyExponent, formatMinor, parseMinor, picoUsdToCents } from "./currency.ts";
export type { BillingErrorJson, BillingErrorOptions, ErrorKind } from "./errors.ts";
export { BillingError, ERROR_KINDS, exitCodeOf, invalidInput } from "./errors.ts";
export type { Ids } from "./ids.ts";
export { createIds, digest, secureRandom } from "./ids.ts";
export type { DecimalInput } from "./money.ts";
export {
  divideHalfUp,
  formatDecimal,
  formatUsd,
  joinMoney,
  PICO_PER_USD,
  parseDecimal,
  parseUsd,
  splitByLargestRemainder,
  usdToDecimal,
} from "./money.ts";
export type { Page } from "./page.ts";
export { decodeCursor, encodeCursor } from "./page.ts";
export type { Period, PeriodUnit } from "./period.ts";
export { nthBoundary, periodAt } from "./period.ts";
export { isReservedReference, requireFreeReference } from "./reference.ts";
export { currentTenant, withTenant } from "./tenant-context.ts";
export { DAY_MS, dayOf, HOUR_MS, isoInstant, parseTimestamp } from "./time.ts";
