import { createBilling, type UsageEvent, type UsageTotals } from "../src/index.ts";
import type { BenchEngine, EngineName } from "./databases.ts";
import { type Cost, collectGarbage, median, progress, timeBatches } from "./measure.ts";
import type { RawReplay } from "./prepared.ts";
import { postgresReplay } from "./raw-postgres.ts";
import { sqliteReplay } from "./raw-sqlite.ts";
import { batchesOf, ID_ORDERS, type IdOrder, type StreamName, stream } from "./streams.ts";

export interface IngestFigures {
  readonly engine: EngineName;
  readonly stream: StreamName;
  readonly ids: IdOrder;
  readonly batch: number;
  readonly events: number;
  readonly rounds: number;
  /** Medians of the rounds. */
  readonly rawPerSecond: number;
  readonly oursPerSecond: number;
  /** Median, least and largest of ours over raw of the same round. */
  readonly ratio: number;
  readonly ratioLeast: number;
  readonly ratioMost: number;
  readonly rawCpuMicros: number;
  readonly oursCpuMicros: number;
  readonly oursPeakRssMib: number;
}

export interface IngestOptions {
  readonly events: number;
  readonly rounds: number;
  readonly streams: readonly StreamName[];
}

const BATCH = 1_000;
const UNTIMED = 3;
const WARM_UP = { events: 40_000, rounds: 1 };

/** Durable ingest in batches of 1,000 against the raw limit, interleaved, a fresh database each time. */
export async function benchIngest(engine: BenchEngine, options: IngestOptions): Promise<IngestFigures[]> {
  const figures: IngestFigures[] = [];
  // The first code to run is slow until it is compiled, and there is more of ours.
  await measure(engine, { name: "bursty", ids: "ordered" }, WARM_UP);
  for (const name of options.streams) {
    for (const ids of ID_ORDERS) {
      const figure = summary(await measure(engine, { name, ids }, options), options.events);
      figures.push({ engine: engine.name, stream: name, ids, batch: BATCH, ...figure });
      progress(
        `ingest ${engine.name} ${name} ${ids}: raw ${figure.rawPerSecond.toFixed(0)}/s, ` +
          `ours ${figure.oursPerSecond.toFixed(0)}/s, ratio ${figure.ratio.toFixed(2)}`,
      );
    }
  }
  return figures;
}

function measure(
  engine: BenchEngine,
  kind: { name: StreamName; ids: IdOrder },
  { events, rounds }: { events: number; rounds: number },
): Promise<Pair[]> {
  const batches = [...batchesOf(stream({ ...kind, events: events + UNTIMED * BATCH }), BATCH)];
  return interleaved(engine, rounds, {
    raw: (url) => raw(engine, url, batches, UNTIMED),
    ours: (url) => ours(url, batches),
  });
}

/** A replay of the batches by the product's SQL alone, timed after the first `untimed` of them. */
export async function raw(
  engine: BenchEngine,
  url: string,
  batches: readonly (readonly UsageEvent[])[],
  untimed: number,
): Promise<Cost> {
  const open = engine.name === "sqlite" ? sqliteReplay : postgresReplay;
  const replay: RawReplay = await open(url, batches);
  try {
    collectGarbage();
    return await timeBatches(batches.length, untimed, (index) => replay.write(index));
  } finally {
    await replay.close();
  }
}

async function ours(url: string, batches: readonly (readonly UsageEvent[])[]): Promise<Cost> {
  const billing = createBilling({ database: url });
  try {
    await billing.ready();
    collectGarbage();
    return await timeBatches(batches.length, UNTIMED, async (index) => {
      const verdicts = await billing.metering.record(batches[index] ?? []);
      for (const { id, status } of verdicts) {
        if (status !== "accepted" && status !== "duplicate") throw new Error(`event ${id}: ${status}`);
      }
    });
  } finally {
    await billing.close();
  }
}

export interface Pair {
  readonly raw: Cost;
  readonly ours: Cost;
}

/**
 * Measures both in turn, the order alternating, so that a slow spell of the machine hits both; each on a database of
 * its own. Throws when the two did not record the same usage.
 */
export async function interleaved(
  engine: BenchEngine,
  rounds: number,
  contestants: { raw(url: string): Promise<Cost>; ours(url: string): Promise<Cost> },
): Promise<Pair[]> {
  const pairs: Pair[] = [];
  const recorded = new Set<string>();
  const onFresh = async (contestant: (url: string) => Promise<Cost>) => {
    const url = await engine.fresh();
    try {
      const cost = await contestant(url);
      const { events, costUsd } = await recordedUsage(url);
      recorded.add(`${events} events, $${costUsd.toFixed()}`);
      return cost;
    } finally {
      await engine.drop(url);
    }
  };
  for (let round = 0; round < rounds; round += 1) {
    if (round % 2 === 0) {
      const raw = await onFresh(contestants.raw);
      pairs.push({ raw, ours: await onFresh(contestants.ours) });
    } else {
      const ours = await onFresh(contestants.ours);
      pairs.push({ raw: await onFresh(contestants.raw), ours });
    }
  }
  if (recorded.size !== 1)
    throw new Error(`raw and ours recorded different usage: ${[...recorded].join("; ")}`);
  return pairs;
}

/** Rates, ratio and cost of pairs that each wrote `events`. */
export function summary(pairs: readonly Pair[], events: number) {
  const ratios = pairs.map(({ raw, ours }) => raw.seconds / ours.seconds);
  const micros = (cost: Cost) => (cost.cpuSeconds * 1e6) / events;
  return {
    events,
    rounds: pairs.length,
    rawPerSecond: median(pairs.map(({ raw }) => events / raw.seconds)),
    oursPerSecond: median(pairs.map(({ ours }) => events / ours.seconds)),
    ratio: median(ratios),
    ratioLeast: Math.min(...ratios),
    ratioMost: Math.max(...ratios),
    rawCpuMicros: median(pairs.map(({ raw }) => micros(raw))),
    oursCpuMicros: median(pairs.map(({ ours }) => micros(ours))),
    oursPeakRssMib: Math.max(...pairs.map(({ ours }) => ours.peakRssMib)),
  };
}

/** What a database holds, as its own report tells it. */
export async function recordedUsage(url: string): Promise<UsageTotals> {
  const billing = createBilling({ database: url });
  try {
    return (await billing.analytics.usageAcrossTenants()).total;
  } finally {
    await billing.close();
  }
}
