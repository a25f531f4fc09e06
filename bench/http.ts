// The server beside the engine without HTTP, in one run: `tsx bench/http.ts [--seconds N] [--engine sqlite|postgres|all]`.
// The load comes from a third process (autocannon).

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { servedEngine, startServerProcess, tenantKeyOf } from "../test/support/http-server.ts";
import {
  type BenchEngine,
  benchFolder,
  DURABILITY,
  ENGINES,
  type EngineName,
  startEngine,
} from "./databases.ts";

const TENANT = "acme";
const EVENT = {
  ...{ provider: "openai", model: "gpt-4o-mini", user: "user_1", agent: "agent_1" },
  ...{ tokensIn: 1_200, tokensOut: 300 },
};
const PARTS = [
  { name: "single events", size: 1, connections: 64 },
  { name: "batches of 100", size: 100, connections: 8 },
] as const;
type Part = (typeof PARTS)[number];

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
    options: { seconds: { type: "string", default: "5" }, engine: { type: "string", default: "all" } },
  });
  const seconds = Number(values.seconds);
  const names = ENGINES.filter((name) => values.engine === "all" || values.engine === name);
  for (const name of names) {
    const engine = await startEngine(name);
    console.log(`\n${name}: ${DURABILITY[name]}`);
    try {
      for (const part of PARTS) await benchPart(name, engine, part, seconds);
    } finally {
      await engine.stop();
    }
  }
}

async function benchPart(name: EngineName, engine: BenchEngine, part: Part, seconds: number): Promise<void> {
  const alone = await withoutHttp(engine, part, seconds);
  const served = await overHttp(engine, part, seconds);
  const perSecond = (served.load["2xx"] * part.size) / served.load.duration;
  const cpuMicros = (served.cpuSeconds * 1e6) / (served.load["2xx"] * part.size);
  const figures = [
    `engine ${whole(alone.perSecond)} events/s at ${alone.cpuMicros.toFixed(0)} us of CPU`,
    `HTTP ${whole(perSecond)} events/s at ${cpuMicros.toFixed(0)} us (${(perSecond / alone.perSecond).toFixed(2)}; by CPU ${(alone.cpuMicros / cpuMicros).toFixed(2)})`,
    `p50 ${served.load.latency.p50} ms`,
    `p99 ${served.load.latency.p99} ms`,
    `event loop delay p99 ${served.loopDelayMs.toFixed(1)} ms`,
    `failed ${served.load.errors + served.load.non2xx}`,
  ];
  console.log(`${name}, ${part.name}, ${part.connections} connections: ${figures.join(", ")}`);
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

async function overHttp(bench: BenchEngine, part: Part, seconds: number) {
  const url = await bench.fresh();
  const engine = servedEngine(url);
  await engine.ready();
  const key = await tenantKeyOf(engine, TENANT);
  await engine.close();
  const server = await startServerProcess(url, 0, { perKey: null, perTenant: null });
  const operatorKey = /ara_\S+/.exec(server.said())?.[0] ?? "";
  const body = join(benchFolder(), `body-${part.size}.json`);
  writeFileSync(
    body,
    JSON.stringify(part.size === 1 ? EVENT : Array.from({ length: part.size }, () => EVENT)),
  );
  const fire = async (duration: number): Promise<Load> => {
    const headers = [`authorization=Bearer ${key}`, "content-type=application/json"];
    const args = [
      ...[AUTOCANNON, "--json", "-m", "POST", "-c", String(part.connections), "-d", String(duration)],
      ...headers.flatMap((header) => ["-H", header]),
      ...["-i", body, `${server.url}/v1/events`],
    ];
    return JSON.parse((await run(process.execPath, args, { maxBuffer: 64 * 2 ** 20 })).stdout) as Load;
  };
  const metrics = async () => {
    const headers = { authorization: `Bearer ${operatorKey}` };
    const text = await (await fetch(`${server.url}/metrics`, { headers })).text();
    return (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
  };
  await fire(2);
  const before = (await metrics())("process_cpu_seconds_total");
  const load = await fire(seconds);
  const read = await metrics();
  await server.terminate();
  await bench.drop(url);
  return {
    load,
    cpuSeconds: read("process_cpu_seconds_total") - before,
    loopDelayMs: read("aragora_event_loop_delay_p99_seconds") * 1_000,
  };
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

await main();
