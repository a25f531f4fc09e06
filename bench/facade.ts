import {
  type Billing,
  CostTracker,
  createBilling,
  EnterpriseMeter,
  type UsageEvent,
  UsageMeter,
  UsageTracker,
} from "../src/index.ts";
import type { BenchEngine, EngineName } from "./databases.ts";
import { type IngestOptions, interleaved, type Pair } from "./ingest.ts";
import { type Cost, collectGarbage, median, progress, Stopwatch } from "./measure.ts";
import { stream } from "./streams.ts";

export interface FacadeFigures {
  readonly engine: EngineName;
  /** The class and its method. */
  readonly call: string;
  readonly callers: number;
  readonly events: number;
  readonly rounds: number;
  /** CPU microseconds per event, medians of the rounds: of `metering.record`, and of the class. */
  readonly engineCpuMicros: number;
  readonly facadeCpuMicros: number;
  /** Median, least and largest of the differences of the same round. */
  readonly overheadMicros: number;
  readonly overheadLeast: number;
  readonly overheadMost: number;
}

/** An event of the engine, and the call of a class that says the same. */
interface Told {
  readonly event: UsageEvent;
  readonly call: object;
}

interface Preset {
  readonly name: string;
  readonly told: (event: UsageEvent) => Told;
  readonly over: (billing: Billing) => (call: never) => Promise<unknown>;
}

const CALLERS = 64;
const UNTIMED = 10 * CALLERS;
const WARM_UP = { events: 20_000, rounds: 1 };

const EXTRAS = { requestType: "debate", latencyMs: 1_250 };
const NOTES = { sessionId: "session-1", operation: "critique" };

/** Both sides are written out, as callers write them: an object made by rest or spread is slower to read. */
const PRESETS: readonly Preset[] = [
  {
    name: "UsageTracker.recordDebate",
    told: ({ id, tenant, timestamp, user, debate, provider, model, tokensIn, cachedTokens, tokensOut }) => ({
      event: {
        type: "debate",
        id,
        tenant,
        timestamp,
        user,
        debate,
        provider,
        model,
        tokensIn,
        cachedTokens,
        tokensOut,
      },
      call: {
        id,
        orgId: tenant,
        timestamp,
        userId: user,
        debateId: debate,
        provider,
        model,
        tokensIn,
        cachedTokens,
        tokensOut,
      },
    }),
    over: (billing) => {
      const meter = new UsageTracker({}, billing);
      return (call) => meter.recordDebate(call);
    },
  },
  {
    name: "UsageMeter.recordTokens",
    told: ({
      id,
      tenant,
      timestamp,
      workspace,
      user,
      agent,
      debate,
      provider,
      model,
      tokensIn,
      cachedTokens,
      tokensOut,
    }) => ({
      event: {
        type: "tokens",
        id,
        tenant,
        timestamp,
        workspace,
        user,
        agent,
        debate,
        provider,
        model,
        tokensIn,
        cachedTokens,
        tokensOut,
      },
      call: {
        id,
        tenant,
        timestamp,
        workspace,
        user,
        agent,
        debateId: debate,
        provider,
        model,
        tokensIn,
        cachedTokens,
        tokensOut,
      },
    }),
    over: (billing) => {
      const meter = new UsageMeter({}, billing);
      return (call) => meter.recordTokens(call);
    },
  },
  {
    name: "UsageMeter.recordApiCall",
    told: ({ id, tenant, timestamp, workspace, user }) => ({
      event: {
        type: "api_call",
        id,
        tenant,
        timestamp,
        workspace,
        user,
        metadata: { resource: "debates/create" },
      },
      call: { id, tenant, timestamp, workspace, user, resource: "debates/create" },
    }),
    over: (billing) => {
      const meter = new UsageMeter({}, billing);
      return (call) => meter.recordApiCall(call);
    },
  },
  {
    name: "EnterpriseMeter.recordTokenUsage",
    told: ({
      id,
      tenant,
      timestamp,
      workspace,
      user,
      agent,
      debate,
      provider,
      model,
      tokensIn,
      cachedTokens,
      tokensOut,
    }) => ({
      event: {
        type: "tokens",
        id,
        tenant,
        timestamp,
        workspace,
        user,
        agent,
        debate,
        provider,
        model,
        tokensIn,
        cachedTokens,
        tokensOut,
        metadata: EXTRAS,
      },
      call: {
        id,
        timestamp,
        tenantId: tenant,
        workspaceId: workspace,
        userId: user,
        debateId: debate,
        agentId: agent,
        provider,
        model,
        tokensIn,
        cachedTokens,
        tokensOut,
        requestType: "debate",
        latencyMs: 1_250,
      },
    }),
    over: (billing) => {
      const meter = new EnterpriseMeter({}, billing);
      return (call) => meter.recordTokenUsage(call);
    },
  },
  {
    name: "CostTracker.record",
    told: ({
      id,
      tenant,
      timestamp,
      workspace,
      user,
      agent,
      debate,
      provider,
      model,
      tokensIn,
      cachedTokens,
      tokensOut,
    }) => ({
      event: {
        type: "tokens",
        id,
        tenant,
        timestamp,
        workspace,
        user,
        agent,
        debate,
        provider,
        model,
        tokensIn,
        cachedTokens,
        tokensOut,
        metadata: NOTES,
      },
      call: {
        id,
        timestamp,
        tenantId: tenant,
        workspaceId: workspace,
        userId: user,
        debateId: debate,
        agentName: agent,
        provider,
        model,
        tokensIn,
        cachedTokens,
        tokensOut,
        sessionId: "session-1",
        operation: "critique",
      },
    }),
    over: (billing) => {
      const meter = new CostTracker({}, billing);
      return (call) => meter.record(call);
    },
  },
];

/**
 * CPU of each of the specification's classes beside the engine's own `metering.record` of the same events: 64 callers,
 * each awaits its answer, interleaved, a fresh database each time.
 */
export async function benchFacade(
  engine: BenchEngine,
  options: Pick<IngestOptions, "events" | "rounds">,
): Promise<FacadeFigures[]> {
  const figures: FacadeFigures[] = [];
  for (const preset of PRESETS) {
    await proveSame(engine, preset);
    await measure(engine, preset, WARM_UP);
    const figure = overhead(await measure(engine, preset, options), options.events);
    figures.push({ engine: engine.name, call: preset.name, callers: CALLERS, ...figure });
    progress(`facade ${engine.name} ${preset.name}: ${figure.overheadMicros.toFixed(1)} us/event`);
  }
  return figures;
}

/** Throws unless the engine takes each event for a repetition of what the class recorded: nothing is left out. */
async function proveSame(engine: BenchEngine, preset: Preset): Promise<void> {
  const url = await engine.fresh();
  const billing = createBilling({ database: url });
  try {
    const record = preset.over(billing);
    for (const { call, event } of tellAll(preset, CALLERS)) {
      await record(call as never);
      const { status } = await billing.metering.record(event);
      if (status !== "duplicate") throw new Error(`${preset.name} records another event: ${status}`);
    }
  } finally {
    await billing.close();
    await engine.drop(url);
  }
}

async function measure(
  engine: BenchEngine,
  preset: Preset,
  { events, rounds }: { events: number; rounds: number },
): Promise<Pair[]> {
  const told = tellAll(preset, events + UNTIMED);
  const inputs = told.map(({ event }) => event);
  const calls = told.map(({ call }) => call);
  return interleaved(engine, rounds, {
    raw: (url) => run(url, inputs, (billing) => (event) => billing.metering.record(event)),
    ours: (url) => run(url, calls as never[], preset.over),
  });
}

/** Records all inputs by 64 callers; the first of them are not timed. */
async function run<Input>(
  url: string,
  inputs: readonly Input[],
  over: (billing: Billing) => (input: Input) => Promise<unknown>,
): Promise<Cost> {
  const billing = createBilling({ database: url });
  const record = over(billing);
  let next = 0;
  const caller = async (end: number) => {
    while (next < end) {
      next += 1;
      await record(inputs[next - 1] as Input);
    }
  };
  const callAll = (end: number) => Promise.all(Array.from({ length: CALLERS }, () => caller(end)));
  try {
    await billing.ready();
    await callAll(UNTIMED);
    collectGarbage();
    const watch = new Stopwatch();
    await callAll(inputs.length);
    return watch.stop();
  } finally {
    await billing.close();
  }
}

function overhead(pairs: readonly Pair[], events: number) {
  const micros = (cost: Cost) => (cost.cpuSeconds * 1e6) / events;
  const differences = pairs.map(({ raw, ours }) => micros(ours) - micros(raw));
  return {
    events,
    rounds: pairs.length,
    engineCpuMicros: median(pairs.map(({ raw }) => micros(raw))),
    facadeCpuMicros: median(pairs.map(({ ours }) => micros(ours))),
    overheadMicros: median(differences),
    overheadLeast: Math.min(...differences),
    overheadMost: Math.max(...differences),
  };
}

function tellAll(preset: Preset, events: number): Told[] {
  return Array.from(stream({ name: "bursty", events, ids: "ordered" }), preset.told);
}
