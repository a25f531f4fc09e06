import { startBudgets } from "../src/domain/budgets/fixtures.ts";
import { systemClock } from "../src/kernel/index.ts";
import type { BenchEngine, EngineName } from "./databases.ts";
import { benchFsync, type FsyncFigures } from "./fsync.ts";
import { collectGarbage, median, progress, quantile } from "./measure.ts";
import { batchesOf, stream } from "./streams.ts";

export interface BudgetFigures {
  readonly engine: EngineName;
  /** Durable authorize + capture pairs of 64 callers, each of which awaits its own. */
  readonly pairsPerSecond: number;
  /** One caller alone: from the call to the answer. */
  readonly authorizeP50Ms: number;
  readonly authorizeP99Ms: number;
  /** What one commit cannot be cheaper than, in the same run. */
  readonly fsync: FsyncFigures;
  readonly checksPerSecond: number;
  /** Events a second without budgets, with five that match each event, and with over without of the same round. */
  readonly ingestPerSecond: number;
  readonly budgetedPerSecond: number;
  readonly ratio: number;
  readonly ratioLeast: number;
  readonly ratioMost: number;
}

export interface BudgetBenchOptions {
  readonly events: number;
  readonly rounds: number;
}

const CALLERS = 64;
const PAIRS = 6_000;
const ALONE = 300;
const CHECKS = 3_000;
const BATCH = 1_000;
const UNTIMED = 3;
const DIMENSIONS = {
  workspace: "ws",
  user: "u1",
  agent: "judge",
  debate: "d1",
  provider: "openai",
  model: "gpt-4o",
};

/** Holds, checks, and what budgets cost the ingest beside ingest without them. */
export async function benchBudgets(engine: BenchEngine, options: BudgetBenchOptions): Promise<BudgetFigures> {
  const holds = await onFresh(engine, measureHolds);
  const fsync = benchFsync();
  const ingest = await measureIngest(engine, options);
  const figures = { engine: engine.name, ...holds, fsync, ...ingest };
  progress(
    `budgets ${engine.name}: ${holds.pairsPerSecond.toFixed(0)} pairs/s, alone p50 ${holds.authorizeP50Ms.toFixed(2)} ms, ` +
      `p99 ${holds.authorizeP99Ms.toFixed(2)} ms, ${holds.checksPerSecond.toFixed(0)} checks/s, ` +
      `ingest with 5 budgets ${ingest.ratio.toFixed(2)} of without`,
  );
  return figures;
}

async function measureHolds(url: string) {
  const { budgets, holds, store } = await startBudgets(url, { tenant: "acme", clock: systemClock });
  try {
    await budgets.create({ name: "org", limit: "1000000" });
    await budgets.create({ name: "debate", scope: { workspace: "ws", debate: "each" }, limit: "1000000" });
    const request = { dimensions: DIMENSIONS, tokensIn: 1_000, maxOutputTokens: 500 };
    const pairs = async (count: number) => {
      let next = 0;
      const caller = async () => {
        while (next < count) {
          next += 1;
          const { id } = await holds.authorize(request);
          await holds.capture(id, { tokensIn: 1_000, tokensOut: 200 });
        }
      };
      const startedAt = performance.now();
      await Promise.all(Array.from({ length: CALLERS }, caller));
      return count / ((performance.now() - startedAt) / 1_000);
    };
    await pairs(PAIRS / 3);
    collectGarbage();
    const pairsPerSecond = await pairs(PAIRS);
    const latencies: number[] = [];
    for (let call = 0; call < ALONE; call += 1) {
      const startedAt = performance.now();
      const { id } = await holds.authorize(request);
      latencies.push(performance.now() - startedAt);
      await holds.release(id);
    }
    for (let call = 0; call < CHECKS / 3; call += 1) await holds.check(request);
    const startedAt = performance.now();
    for (let call = 0; call < CHECKS; call += 1) await holds.check(request);
    const checksPerSecond = CHECKS / ((performance.now() - startedAt) / 1_000);
    return {
      pairsPerSecond,
      authorizeP50Ms: quantile(latencies, 0.5),
      authorizeP99Ms: quantile(latencies, 0.99),
      checksPerSecond,
    };
  } finally {
    await store.close();
  }
}

async function measureIngest(engine: BenchEngine, { events, rounds }: BudgetBenchOptions) {
  const inputs = [...stream({ name: "trace", ids: "ordered", events: events + UNTIMED * BATCH })];
  const batches = [...batchesOf(inputs, BATCH)];
  const tenants = [...new Set(inputs.map(({ tenant }) => tenant ?? ""))];
  const seconds = (isBudgeted: boolean) =>
    onFresh(engine, async (url) => {
      const { budgets, metering, store } = await startBudgets(url, { clock: systemClock });
      try {
        for (const tenant of isBudgeted ? tenants : []) {
          const always = { tenant, from: new Date(0), period: "total", limit: "1000000" } as const;
          await budgets.create({ ...always, name: "org" });
          await budgets.create({ ...always, name: "tokens", measure: "tokens", limit: 10 ** 15 });
          await budgets.create({ ...always, name: "calls", measure: "calls", limit: 10 ** 15 });
          await budgets.create({ ...always, name: "model", scope: { model: "each" } });
          await budgets.create({ ...always, name: "debate", scope: { debate: "each" } });
        }
        for (const batch of batches.slice(0, UNTIMED)) await metering.record(batch);
        collectGarbage();
        const startedAt = performance.now();
        for (const batch of batches.slice(UNTIMED)) await metering.record(batch);
        const took = (performance.now() - startedAt) / 1_000;
        if (isBudgeted) await requireFiveCounts(store, inputs.length);
        return took;
      } finally {
        await store.close();
      }
    });
  await seconds(true);
  const without: number[] = [];
  const ratios: number[] = [];
  const budgeted: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const isFirst = round % 2 === 0;
    const one = await seconds(!isFirst);
    const other = await seconds(isFirst);
    const [plain, counted] = isFirst ? [one, other] : [other, one];
    without.push(events / plain);
    budgeted.push(events / counted);
    ratios.push(plain / counted);
  }
  return {
    ingestPerSecond: median(without),
    budgetedPerSecond: median(budgeted),
    ratio: median(ratios),
    ratioLeast: Math.min(...ratios),
    ratioMost: Math.max(...ratios),
  };
}

/** A figure for budgets that did not match would be worth nothing. */
async function requireFiveCounts(store: Awaited<ReturnType<typeof startBudgets>>["store"], sent: number) {
  const row = await store.read((reader) =>
    reader.get<{ calls: bigint; counters: bigint }>(
      `SELECT (SELECT sum(spent_hi * 1000000 + spent_lo) FROM budget_counters WHERE budget IN
         (SELECT id FROM budgets WHERE measure = 'calls')) AS calls, (SELECT count(*) FROM budget_counters) AS counters`,
    ),
  );
  if (Number(row?.calls) !== sent || Number(row?.counters) < 5)
    throw new Error(`the budgets counted ${row?.calls} of ${sent} calls in ${row?.counters} counters`);
}

async function onFresh<T>(engine: BenchEngine, work: (url: string) => Promise<T>): Promise<T> {
  const url = await engine.fresh();
  try {
    return await work(url);
  } finally {
    await engine.drop(url);
  }
}
