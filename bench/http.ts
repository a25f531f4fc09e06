// The server beside the engine without HTTP, in turn in one run:
// `tsx bench/http.ts [--seconds N] [--rounds N] [--engine sqlite|postgres|all]`. The load comes from a third process
// (autocannon). Then a calm tenant's single events: alone, beside a process that only takes a core, as any client does, and
// beside another tenant's flood of batches.
//
// On two cores the rates are no fair comparison: alone, the engine shares them with the database only, while over HTTP the
// client takes its part too. CPU per event is that of the engine's own process in both, so its ratio is the fair one; it
// leaves out PostgreSQL, whose processes take the same per group of events, and more where groups are small.

import { execFile, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import {
  type ServerProcess,
  servedEngine,
  startServerProcess,
  tenantKeyOf,
} from "../test/support/http-server.ts";
import {
  type BenchEngine,
  benchFolder,
  DURABILITY,
  ENGINES,
  type EngineName,
  startEngine,
} from "./databases.ts";

const TENANT = "acme";
const CALM_TENANT = "globex";
const EVENT = {
  ...{ provider: "openai", model: "gpt-4o-mini", user: "user_1", agent: "agent_1" },
  ...{ tokensIn: 1_200, tokensOut: 300 },
};
const PARTS: readonly Part[] = [
  { name: "single events", size: 1, connections: 64 },
  { name: "batches of 100", size: 100, connections: 8 },
  { name: "batches of 100", size: 100, connections: 32 },
];
const FLOOD: Part = { name: "flood", size: 100, connections: 32 };
const PROBES = 200;
const MAX_FLOOD_SECONDS = 60;
const PROBE_EVERY_MS = 5;

interface Part {
  readonly name: string;
  /** Events of a call. */
  readonly size: number;
  readonly connections: number;
}

interface Load {
  readonly errors: number;
  readonly non2xx: number;
  readonly duration: number;
  readonly "2xx": number;
  readonly latency: { readonly p50: number; readonly p99: number };
}

const run = promisify(execFile);
const AUTOCANNON = createRequire(import.meta.url).resolve("autocannon");

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "3" },
      rounds: { type: "string", default: "3" },
      engine: { type: "string", default: "all" },
    },
  });
  const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)];
  const names = ENGINES.filter((name) => values.engine === "all" || values.engine === name);
  for (const name of names) {
    const engine = await startEngine(name);
    console.log(`\n${name}: ${DURABILITY[name]}`);
    try {
      for (const part of PARTS) await benchPart(name, engine, part, { seconds, rounds });
      await benchFairness(name, engine, { rounds });
    } finally {
      await engine.stop();
    }
  }
}

interface Length {
  readonly seconds: number;
  readonly rounds: number;
}

async function benchPart(
  name: EngineName,
  engine: BenchEngine,
  part: Part,
  { seconds, rounds }: Length,
): Promise<void> {
  const runs: Record<"alone" | "aloneCpu" | "http" | "cpu" | "p50" | "p99" | "loop" | "failed", number>[] =
    [];
  for (let round = 0; round < rounds; round += 1) {
    const alone = await withoutHttp(engine, part, seconds);
    const { load, cpuSeconds, loopDelayMs } = await overHttp(engine, part, seconds);
    const events = load["2xx"] * part.size;
    runs.push({
      ...{ alone: alone.perSecond, aloneCpu: alone.cpuMicros },
      ...{ http: events / load.duration, cpu: (cpuSeconds * 1e6) / events },
      ...{
        p50: load.latency.p50,
        p99: load.latency.p99,
        loop: loopDelayMs,
        failed: load.errors + load.non2xx,
      },
    });
  }
  const middle = (of: (run: (typeof runs)[number]) => number) => median(runs.map(of));
  const figures = [
    `engine ${whole(middle((run) => run.alone))} events/s at ${middle((run) => run.aloneCpu).toFixed(0)} us of CPU`,
    `HTTP ${whole(middle((run) => run.http))} events/s at ${middle((run) => run.cpu).toFixed(0)} us`,
    `ratio ${middle((run) => run.http / run.alone).toFixed(2)}; by CPU ${middle((run) => run.aloneCpu / run.cpu).toFixed(2)}`,
    `p50 ${middle((run) => run.p50)} ms`,
    `p99 ${middle((run) => run.p99)} ms`,
    `event loop delay p99 ${middle((run) => run.loop).toFixed(1)} ms`,
    `failed ${runs.reduce((sum, { failed }) => sum + failed, 0)}`,
  ];
  console.log(`${name}, ${part.name}, ${part.connections} connections: ${figures.join(", ")}`);
}

/** One tenant's single events, one after the other, without and beside another tenant's flood. */
async function benchFairness(name: EngineName, bench: BenchEngine, { rounds }: Pick<Length, "rounds">) {
  const ratios: { p50: number; p99: number }[] = [];
  const shown: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const served = await serve(bench);
    const flood = fireAt(served, FLOOD);
    await flood(1);
    await probe(served, PROBES / 3);
    const calm = await probe(served, PROBES);
    const burning = spawn(process.execPath, ["-e", "for (;;);"]);
    const busy = await probe(served, PROBES);
    burning.kill();
    const isOver = new AbortController();
    const flooding = flood(MAX_FLOOD_SECONDS, isOver.signal).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const loud = await probe(served, PROBES);
    isOver.abort();
    if ((await flooding) !== undefined) throw new Error("the flood ended before the calm tenant did");
    await served.end();
    ratios.push({ p50: loud.p50 / calm.p50, p99: loud.p99 / calm.p99 });
    shown.push(`${calm.p99.toFixed(1)}, ${busy.p99.toFixed(1)}, ${loud.p99.toFixed(1)} ms`);
  }
  const [p50, p99] = [median(ratios.map((ratio) => ratio.p50)), median(ratios.map((ratio) => ratio.p99))];
  console.log(
    `${name}, a calm tenant beside a flood: p50 x${p50.toFixed(2)}, p99 x${p99.toFixed(2)} (p99 alone, beside a process that takes a core, beside the flood: ${shown.join("; ")})`,
  );
}

async function probe({ server, calmKey }: Served, count: number): Promise<{ p50: number; p99: number }> {
  const times: number[] = [];
  const headers = { authorization: `Bearer ${calmKey}`, "content-type": "application/json" };
  for (let n = 0; n < count; n += 1) {
    const at = performance.now();
    const answer = await fetch(`${server.url}/v1/events`, {
      ...{ method: "POST", headers, body: JSON.stringify(EVENT) },
    });
    await answer.arrayBuffer();
    if (answer.status !== 200) throw new Error(`a calm tenant's event was answered ${answer.status}`);
    times.push(performance.now() - at);
    await new Promise((resolve) => setTimeout(resolve, PROBE_EVERY_MS));
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

/** The same calls in this process, without HTTP: events per second. */
async function withoutHttp(bench: BenchEngine, { size, connections }: Part, seconds: number) {
  const url = await bench.fresh();
  const engine = servedEngine(url);
  await engine.ready();
  const batch = Array.from({ length: size }, () => ({ ...EVENT, tenant: TENANT }));
  const recordFor = async (duration: number) => {
    let calls = 0;
    const end = performance.now() + duration * 1_000;
    const caller = async () => {
      while (performance.now() < end) {
        await engine.metering.record(batch);
        calls += 1;
      }
    };
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: connections }, caller));
    return (calls * size) / ((performance.now() - startedAt) / 1_000);
  };
  await recordFor(2);
  const cpu = process.cpuUsage();
  const perSecond = await recordFor(seconds);
  const { user, system } = process.cpuUsage(cpu);
  await engine.close();
  await bench.drop(url);
  return { perSecond, cpuMicros: (user + system) / (perSecond * seconds) };
}

interface Served {
  readonly server: ServerProcess;
  readonly key: string;
  readonly calmKey: string;
  readonly end: () => Promise<void>;
}

/** A server as a process, on a new database with two tenants. */
async function serve(bench: BenchEngine): Promise<Served> {
  const url = await bench.fresh();
  const engine = servedEngine(url);
  await engine.ready();
  const [key, calmKey] = [await tenantKeyOf(engine, TENANT), await tenantKeyOf(engine, CALM_TENANT)];
  await engine.close();
  const server = await startServerProcess(url, 0, { perKey: null, perTenant: null });
  const end = async () => {
    await server.terminate();
    await bench.drop(url);
  };
  return { server, key, calmKey, end };
}

/** Load for so many seconds. */
function fireAt({ server, key }: Served, { size, connections }: Part) {
  const body = join(benchFolder(), `body-${size}.json`);
  writeFileSync(body, JSON.stringify(size === 1 ? EVENT : Array.from({ length: size }, () => EVENT)));
  return async (seconds: number, signal?: AbortSignal): Promise<Load> => {
    const headers = [`authorization=Bearer ${key}`, "content-type=application/json"];
    const args = [
      ...[AUTOCANNON, "--json", "-m", "POST", "-c", String(connections), "-d", String(seconds)],
      ...headers.flatMap((header) => ["-H", header]),
      ...["-i", body, `${server.url}/v1/events`],
    ];
    return JSON.parse(
      (await run(process.execPath, args, { maxBuffer: 64 * 2 ** 20, signal })).stdout,
    ) as Load;
  };
}

async function overHttp(bench: BenchEngine, part: Part, seconds: number) {
  const served = await serve(bench);
  const { server } = served;
  const operatorKey = /ara_\S+/.exec(server.said())?.[0] ?? "";
  const metrics = async () => {
    const headers = { authorization: `Bearer ${operatorKey}` };
    const text = await (await fetch(`${server.url}/metrics`, { headers })).text();
    return (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
  };
  const fire = fireAt(served, part);
  await fire(2);
  const before = (await metrics())("process_cpu_seconds_total");
  const load = await fire(seconds);
  const read = await metrics();
  await served.end();
  return {
    load,
    cpuSeconds: read("process_cpu_seconds_total") - before,
    loopDelayMs: read("aragora_event_loop_delay_p99_seconds") * 1_000,
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

await main();
