// Calendar periods worked out from wall clocks as Intl shows them: nothing here is shared with the engine's own calendar.

export type PeriodName = "daily" | "weekly" | "monthly" | "quarterly" | "annual";

/** Half-open, in epoch milliseconds. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const DAY = 86_400_000;
const QUARTER_HOUR = 900_000;
const MONTHS: Readonly<Record<"monthly" | "quarterly" | "annual", number>> = {
  monthly: 1,
  quarterly: 3,
  annual: 12,
};

/** The period that holds an instant: by the calendar of a zone, or counted from an anchor. */
export function periodAround(at: number, name: PeriodName, zone: string, anchor: number | null): Span {
  const boundary = anchor === null ? calendarBoundary(at, name, zone) : anchoredBoundary(anchor, name, zone);
  const length = { daily: 1, weekly: 7, monthly: 30.44, quarterly: 91.31, annual: 365.24 }[name] * DAY;
  let n = Math.floor((at - boundary(0)) / length) - 2;
  while (boundary(n + 1) <= at) n += 1;
  return { start: boundary(n), end: boundary(n + 1) };
}

/** Boundary n, where 0 is the start of some period near `at`. */
function calendarBoundary(at: number, name: PeriodName, zone: string): (n: number) => number {
  const wall = new Date(at + offsetAt(zone, at));
  const [year, month, day] = [wall.getUTCFullYear(), wall.getUTCMonth(), wall.getUTCDate()];
  return (n) => {
    switch (name) {
      case "daily":
        return instantOf(zone, Date.UTC(year, month, day + n));
      case "weekly":
        return instantOf(zone, Date.UTC(year, month, day - ((wall.getUTCDay() + 6) % 7) + 7 * n));
      case "monthly":
        return instantOf(zone, Date.UTC(year, month + n, 1));
      case "quarterly":
        return instantOf(zone, Date.UTC(year, month - (month % 3) + 3 * n, 1));
      case "annual":
        return instantOf(zone, Date.UTC(year + n, 0, 1));
    }
  };
}

/** Boundary n is the anchor's wall clock n units later, on the month's last day where the month is too short. */
function anchoredBoundary(anchor: number, name: PeriodName, zone: string): (n: number) => number {
  const wall = anchor + offsetAt(zone, anchor);
  return (n) => {
    if (n === 0) return anchor;
    if (name === "daily") return instantOf(zone, wall + n * DAY);
    if (name === "weekly") return instantOf(zone, wall + n * 7 * DAY);
    const date = new Date(wall);
    const first = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + n * MONTHS[name], 1));
    const lastDay = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
    const day = Math.min(date.getUTCDate(), lastDay);
    return instantOf(zone, first.getTime() + (day - 1) * DAY + (((wall % DAY) + DAY) % DAY));
  };
}

/** When a wall clock shows a time: the first of two; of a time that is skipped, later by what is skipped. */
function instantOf(zone: string, wall: number): number {
  const before = offsetAt(zone, wall - DAY);
  const after = offsetAt(zone, wall + DAY);
  const shown = [wall - before, wall - after].filter((instant) => instant + offsetAt(zone, instant) === wall);
  return shown.length === 0 ? wall - before : Math.min(...shown);
}

const formats = new Map<string, Intl.DateTimeFormat>();
const offsets = new Map<string, number>();

/** How far a zone's wall clock is ahead of UTC, in milliseconds. */
function offsetAt(zone: string, instant: number): number {
  if (zone === "UTC") return 0;
  // No zone has ever moved its clocks at another time than a quarter of an hour, since 1972.
  const quarter = Math.floor(instant / QUARTER_HOUR);
  const key = `${zone} ${quarter}`;
  let offset = offsets.get(key);
  if (offset === undefined) {
    offset = readOffset(zone, quarter * QUARTER_HOUR);
    offsets.set(key, offset);
  }
  return offset;
}

function readOffset(zone: string, instant: number): number {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      calendar: "iso8601",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formats.set(zone, format);
  }
  const part = new Map(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  const of = (type: Intl.DateTimeFormatPartTypes) => part.get(type) ?? 0;
  const wall = Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
  return wall - instant;
}
