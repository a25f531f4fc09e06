import { type Clock, invalidInput } from "../kernel/index.ts";

/** A period as the engine's queries take it. */
export interface ReportPeriod {
  readonly from: Date | undefined;
  readonly to: Date | undefined;
}

/** An end this close to the present, or after it, means "until now". */
const NOW_MS = 1_000;

/**
 * The half-open period [start, end) of a report. An end of now leaves nothing out: a date taken just before the call
 * would otherwise miss what was recorded in its own millisecond.
 *
 * @param names of the two dates, for errors.
 * @throws BillingError invalid_input naming the date that is none, or the end that is before the start.
 */
export function reportPeriod(
  clock: Clock,
  start: Date | undefined,
  end: Date | undefined,
  names: readonly [string, string] = ["startDate", "endDate"],
): ReportPeriod {
  const from = instant(start, names[0]);
  const to = instant(end, names[1]);
  const untilNow = to !== undefined && to >= clock.now() - NOW_MS;
  if (from !== undefined && to !== undefined && (from > to || (from === to && !untilNow))) {
    throw invalidInput(names[1], "invalid_period", `${names[1]} must be after ${names[0]}`);
  }
  return { from: start, to: untilNow ? undefined : end };
}

function instant(date: Date | undefined, field: string): number | undefined {
  if (date === undefined) return undefined;
  if (!(date instanceof Date) || Number.isNaN(date.getTime())) {
    throw invalidInput(field, "invalid_timestamp", `${field} must be a valid Date`);
  }
  return date.getTime();
}
