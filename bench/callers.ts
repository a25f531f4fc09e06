import { createBilling, type UsageEvent } from "../src/index.ts";
import type { BenchEngine, EngineName } from "./databases.ts";
import { type IngestOptions, interleaved, type Pair, raw, summary } from "./ingest.ts";
import { type Cost, collectGarbage, progress, quantile, Stopwatch } from "./measure.ts";
import { batchesOf, type StreamName, stream } from "./streams.ts";

export interface CallersFigures extends ReturnType<typeof summary> {
  readonly engine: EngineName;
  readonly stream: StreamName;
  readonly callers: number;
  /** From the call to its verdict, over all rounds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const CALLERS = 64;
const UNTIMED = 10;
const WARM_UP = { events: 20_000, rounds: 1 };

/** Single events from 64 callers, each of which awaits its verdict; beside it the raw limit at 64 rows a commit. */
export async function benchCallers(engine: BenchEngine, options: IngestOptions): Promise<CallersFigures[]> {
  const figures: CallersFigures[] = [];
  // Compilation, as in batches: the way of a single event is another one.
  await measure(engine, "bursty", WARM_UP);
  for (const name of options.streams) {
    const { pairs, latencies } = await measure(engine, name, options);
    const figure = summary(pairs, options.events);
    const [p50Ms, p99Ms] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
    figures.push({ engine: engine.name, stream: name, callers: CALLERS, ...figure, p50Ms, p99Ms });
    progress(
      `callers ${engine.name} ${name}: ${figure.oursPerSecond.toFixed(0)}/s, p50 ${p50Ms.toFixed(1)} ms, ` +
        `p99 ${p99Ms.toFixed(1)} ms`,
    );
  }
  return figures;
}

async function measure(
  engine: BenchEngine,
  name: StreamName,
  { events, rounds }: { events: number; rounds: number },
): Promise<{ pairs: Pair[]; latencies: number[] }> {
  const inputs = [...stream({ name, events: events + UNTIMED * CALLERS, ids: "ordered" })];
  const batches = [...batchesOf(inputs, CALLERS)];
  const latencies: number[] = [];
  const pairs = await interleaved(engine, rounds, {
    raw: (url) => raw(engine, url, batches, UNTIMED),
    ours: (url) => ours(url, inputs, latencies),
  });
  return { pairs, latencies };
}

async function ours(url: string, inputs: readonly UsageEvent[], latencies: number[]): Promise<Cost> {
  const billing = createBilling({ database: url });
  const untimed = UNTIMED * CALLERS;
  let next = 0;
  let watch: Stopwatch | undefined;
  const call = async (end: number) => {
    while (next < end) {
      const index = next;
      next += 1;
      const calledAt = performance.now();
      await billing.metering.record(inputs[index] as UsageEvent);
      if (watch === undefined) continue;
      latencies.push(performance.now() - calledAt);
      if (index % CALLERS === 0) watch.sample();
    }
  };
  const callAll = (end: number) => Promise.all(Array.from({ length: CALLERS }, () => call(end)));
  try {
    await billing.ready();
    collectGarbage();
    await callAll(untimed);
    watch = new Stopwatch();
    await callAll(inputs.length);
    return watch.stop();
  } finally {
    await billing.close();
  }
}
