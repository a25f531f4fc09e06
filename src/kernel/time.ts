// Instants: epoch milliseconds inside, ISO 8601 / RFC 3339 text and Date outside. Text is read by hand
// because it is read for every ingested event, and because `new Date(text)` reads a text without offset
// in the machine's own zone and rolls 2025-02-29 over to March.

import { type BillingError, invalidInput } from "./errors.ts";

/** Milliseconds in an hour. */
export const HOUR_MS = 3_600_000;

/** Milliseconds in a UTC day. */
export const DAY_MS = 86_400_000;

/**
 * Reads a point in time as epoch milliseconds, the same in every process time zone.
 *
 * Text must be a full date, "T" (or "t", or one space), hours and minutes, optional seconds with an optional
 * fraction of 1 to 9 digits (cut to milliseconds), and an offset: `Z`, `z`, `+HH:MM`, `-HH:MM` or the same
 * without the colon, up to 18:00. The time must be from 1970 to 9999, in UTC.
 *
 * @throws BillingError invalid_input `timestamp_without_zone` for a good date, or date and time, without offset.
 * @throws BillingError invalid_input `invalid_timestamp` for all else: 2025-02-29, hour 24, second 60, 1969.
 * @example
 * parseTimestamp("2025-01-01T05:45:00+05:45", "timestamp"); // 1735689600000
 */
export function parseTimestamp(input: Date | string, field: string): number {
  const ms = typeof input === "string" ? readText(input) : readDateObject(input);
  if (isInRange(ms)) {
    return ms;
  }
  throw refusal(input, field);
}

/**
 * Returns the number of whole UTC days from 1970-01-01 to an instant: the key of daily rollups.
 *
 * @example
 * dayOf(DAY_MS); // 1
 */
export function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS);
}

/**
 * Writes epoch milliseconds as UTC text with milliseconds. `parseTimestamp` reads it back.
 *
 * @example
 * isoInstant(1735689600000); // "2025-01-01T00:00:00.000Z"
 */
export function isoInstant(ms: number): string {
  return new Date(ms).toISOString();
}

const RANGE_END_MS = 253_402_300_800_000; // 10000-01-01T00:00:00Z
const MAX_OFFSET_MINUTES = 18 * 60;

const ZERO = 48;
const SPACE = 32;
const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const COLON = 58;
const UPPER_T = 84;
const LOWER_T = 116;
const UPPER_Z = 90;
const LOWER_Z = 122;

function isInRange(ms: number): boolean {
  return ms >= 0 && ms < RANGE_END_MS;
}

function readDateObject(input: Date): number {
  return input instanceof Date ? input.getTime() : Number.NaN;
}

/** The instant that a text names, NaN when it names none. */
function readText(text: string): number {
  const separator = text.charCodeAt(10);
  if (
    text.charCodeAt(4) !== MINUS ||
    text.charCodeAt(7) !== MINUS ||
    (separator !== UPPER_T && separator !== LOWER_T && separator !== SPACE) ||
    text.charCodeAt(13) !== COLON
  ) {
    return Number.NaN;
  }
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  let position = 16;
  let second = 0;
  let millisecond = 0;
  if (text.charCodeAt(position) === COLON) {
    second = twoDigits(text, position + 1);
    position += 3;
    if (text.charCodeAt(position) === POINT) {
      const fractionEnd = digitsEnd(text, position + 1);
      millisecond = readMilliseconds(text, position + 1, fractionEnd);
      position = fractionEnd;
    }
  }
  // Comparisons are written so that NaN, the mark of a bad field, fails them.
  if (!(hour <= 23 && minute <= 59 && second <= 59)) {
    return Number.NaN;
  }
  const timeMs = ((hour * 60 + minute) * 60 + second) * 1000 + millisecond;
  return readDate(text) + timeMs - readOffsetMinutes(text, position) * 60_000;
}

function readDate(text: string): number {
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  // 1969 is let through because an offset may carry it into range. Date.UTC reads years below 100 as 19xx.
  const isDate = year >= 1969 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
  return isDate ? Date.UTC(year, month - 1, day) : Number.NaN;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) {
    return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  }
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function readMilliseconds(text: string, start: number, end: number): number {
  const count = end - start;
  if (count < 1 || count > 9) {
    return Number.NaN;
  }
  let value = 0;
  for (let place = 0; place < 3; place += 1) {
    value = value * 10 + (place < count ? text.charCodeAt(start + place) - ZERO : 0);
  }
  return value;
}

function readOffsetMinutes(text: string, start: number): number {
  const sign = text.charCodeAt(start);
  if (sign === UPPER_Z || sign === LOWER_Z) {
    return text.length === start + 1 ? 0 : Number.NaN;
  }
  const minuteStart = text.charCodeAt(start + 3) === COLON ? start + 4 : start + 3;
  const hours = twoDigits(text, start + 1);
  const minutes = twoDigits(text, minuteStart);
  const total = hours * 60 + minutes;
  const isOffset = minutes <= 59 && total <= MAX_OFFSET_MINUTES && text.length === minuteStart + 2;
  if (!isOffset || (sign !== PLUS && sign !== MINUS)) {
    return Number.NaN;
  }
  return sign === PLUS ? total : -total;
}

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO;
  const ones = text.charCodeAt(at + 1) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function digitsEnd(text: string, start: number): number {
  let end = start;
  while (text.charCodeAt(end) >= ZERO && text.charCodeAt(end) < ZERO + 10) {
    end += 1;
  }
  return end;
}

function refusal(input: Date | string, field: string): BillingError {
  const completions = [`${input}Z`, `${input}T00:00Z`];
  if (typeof input === "string" && completions.some((text) => isInRange(readText(text)))) {
    const message = `${field} must have a time and an offset, like 2025-01-01T00:00:00Z`;
    return invalidInput(field, "timestamp_without_zone", message);
  }
  const message = `${field} must be an ISO 8601 time from 1970 to 9999, like 2025-01-01T00:00:00Z`;
  return invalidInput(field, "invalid_timestamp", message);
}
