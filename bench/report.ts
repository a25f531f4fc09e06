import { type Billing, createBilling } from "../src/index.ts";
import type { BenchEngine, EngineName } from "./databases.ts";
import { type Cost, collectGarbage, progress, quantile, Stopwatch } from "./measure.ts";
import { batchesOf, DAY_MS, START, seeded, stream, TRACE_DAYS } from "./streams.ts";

const GROUPINGS = ["agent", "model"] as const;

export interface ReportFigures {
  readonly engine: EngineName;
  readonly events: number;
  readonly by: (typeof GROUPINGS)[number];
  readonly reports: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How the database under the reports was filled. */
  readonly load: {
    readonly batch: number;
    readonly perSecond: number;
    readonly cpuMicros: number;
    readonly peakRssMib: number;
    readonly databaseBytesPerEvent: number;
  };
}

const REPORTS = 300;
const WARM_UP = 20;
const TENANTS = 1_000;
const MONTH = { from: new Date("2025-01-01T00:00:00Z"), to: new Date("2025-02-01T00:00:00Z") };

/** One tenant's month by agent and by model, 1,000 tenants, bursty usage spread over 45 days. */
export async function benchReport(
  engine: BenchEngine,
  { events, batch }: { events: number; batch: number },
): Promise<ReportFigures[]> {
  const url = await engine.fresh();
  try {
    const { cost, times } = await loadAndReport(url, events, batch, engine.name);
    const load = {
      batch,
      perSecond: events / cost.seconds,
      cpuMicros: (cost.cpuSeconds * 1e6) / events,
      peakRssMib: cost.peakRssMib,
      databaseBytesPerEvent: (await engine.size(url)) / events,
    };
    return GROUPINGS.map((by) => {
      const [p50Ms, p99Ms] = [quantile(times[by], 0.5), quantile(times[by], 0.99)];
      progress(`report ${engine.name} ${events} events by ${by}: p50 ${p50Ms.toFixed(2)} ms`);
      return { engine: engine.name, events, by, reports: REPORTS, p50Ms, p99Ms, load };
    });
  } finally {
    await engine.drop(url);
  }
}

/** Closed again when it returns: only then has the whole database its size. */
async function loadAndReport(url: string, events: number, batch: number, engine: EngineName) {
  const billing = createBilling({ database: url });
  try {
    collectGarbage();
    const cost = await load(billing, events, batch, engine);
    return {
      cost,
      times: { agent: await reports(billing, "agent"), model: await reports(billing, "model") },
    };
  } finally {
    await billing.close();
  }
}

async function load(billing: Billing, events: number, batch: number, engine: string): Promise<Cost> {
  await billing.ready();
  const stepMs = (TRACE_DAYS * DAY_MS) / events;
  const watch = new Stopwatch();
  let count = 0;
  for (const inputs of batchesOf(stream({ name: "bursty", events, ids: "ordered", stepMs }), batch)) {
    await billing.metering.record(inputs);
    watch.sample();
    count += inputs.length;
    if (count % 500_000 === 0) progress(`report ${engine}: ${count} of ${events} events loaded`);
  }
  return watch.stop();
}

async function reports(billing: Billing, by: (typeof GROUPINGS)[number]): Promise<number[]> {
  const random = seeded(19);
  const times: number[] = [];
  for (let count = 0; count < REPORTS + WARM_UP; count += 1) {
    const tenant = `tenant-${String(Math.floor(random() * TENANTS)).padStart(4, "0")}`;
    const askedAt = performance.now();
    await billing.analytics.usage({ tenant, ...MONTH, by: [by] });
    if (count >= WARM_UP) times.push(performance.now() - askedAt);
  }
  return times;
}

/** The month of the reports lies within the days of the stream. */
if (MONTH.from.getTime() !== START) throw new Error("the stream no longer starts with the reports' month");
