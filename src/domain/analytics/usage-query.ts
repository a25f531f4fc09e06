import { DAY_MS, dayOf, invalidInput } from "../../kernel/index.ts";
import { ROLLED_UP_DIMENSIONS, type RolledUpDimension } from "../metering/index.ts";

/** What a report can be grouped by. Hours, days, weeks (from Monday) and months are cut in UTC. */
export const GROUPINGS = Object.freeze([
  "tenant",
  "workspace",
  "user",
  "agent",
  "debate",
  "provider",
  "model",
  "type",
  "hour",
  "day",
  "week",
  "month",
] as const);
export type Grouping = (typeof GROUPINGS)[number];

/** Usage within the half-open period [from, to); without them, all usage. */
export interface UsageQuery {
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly by?: readonly Grouping[] | undefined;
}

/** A checked query. Times are epoch ms. */
export interface UsageSelection {
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly by: readonly Grouping[];
}

/** Where the figures come from: the smallest stored form that has every asked-for crossing. */
export type UsageSource =
  | { kind: "days" }
  | { kind: "dimension"; dimension: RolledUpDimension }
  | { kind: "events" };

export const TIME_GROUPINGS: ReadonlySet<Grouping> = new Set<Grouping>(["hour", "day", "week", "month"]);
const CROSSED_WITH_DIMENSIONS: ReadonlySet<Grouping> = new Set<Grouping>(["tenant", "day", "week", "month"]);

export function parseUsageQuery(query: UsageQuery): UsageSelection {
  const from = instant(query.from, "from");
  const to = instant(query.to, "to");
  if (from !== undefined && to !== undefined && from >= to) {
    throw invalidInput(
      "to",
      "invalid_period",
      "to must be after from: the period holds from and ends before to",
    );
  }
  const by = query.by ?? [];
  for (const grouping of by) {
    if (!GROUPINGS.includes(grouping)) {
      const text = `by: ${JSON.stringify(grouping)} is no grouping; use any of ${GROUPINGS.join(", ")}`;
      throw invalidInput("by", "unknown_grouping", text);
    }
  }
  if (new Set(by).size !== by.length)
    throw invalidInput("by", "repeated_grouping", "by names a grouping twice");
  return { from, to, by };
}

export function sourceFor(by: readonly Grouping[]): UsageSource {
  const dimensions = by.filter((grouping) => grouping in ROLLED_UP_DIMENSIONS) as RolledUpDimension[];
  const [dimension] = dimensions;
  if (dimension === undefined) return { kind: "days" };
  const others = by.filter((grouping) => grouping !== dimension);
  const rolledUp =
    dimensions.length === 1 && others.every((grouping) => CROSSED_WITH_DIMENSIONS.has(grouping));
  return rolledUp ? { kind: "dimension", dimension } : { kind: "events" };
}

/** A period as whole UTC days plus what sticks out at its ends. Times are epoch ms, days are numbers, both ends named. */
export interface Coverage {
  readonly days: { readonly first: number; readonly last: number } | undefined;
  readonly edges: readonly { readonly from: number; readonly to: number }[];
}

/** Cuts a period, narrowed to the days on record, into whole days and edges of less than a day. */
export function coverageOf(selection: UsageSelection, onRecord: { first: number; last: number }): Coverage {
  const from = Math.max(selection.from ?? 0, onRecord.first * DAY_MS);
  const to = Math.min(selection.to ?? Number.MAX_SAFE_INTEGER, (onRecord.last + 1) * DAY_MS);
  if (from >= to) return { days: undefined, edges: [] };
  const first = Math.ceil(from / DAY_MS);
  const last = dayOf(to) - 1;
  if (first > last + 1) return { days: undefined, edges: [{ from, to }] };
  const edges = [
    { from, to: first * DAY_MS },
    { from: (last + 1) * DAY_MS, to },
  ].filter((edge) => edge.from < edge.to);
  return { days: first <= last ? { first, last } : undefined, edges };
}

function instant(value: Date | undefined, field: string): number | undefined {
  if (value === undefined) return undefined;
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) {
    throw invalidInput(field, "invalid_timestamp", `${field} must be a valid Date`);
  }
  return value.getTime();
}
