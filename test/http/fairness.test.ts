import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { freshSqliteUrl } from "../support/database.ts";
import { call, servedEngine, startServerProcess, tenantKeyOf } from "../support/http-server.ts";

const EVENT = { provider: "openai", model: "gpt-4o-mini", tokensIn: 7, tokensOut: 3 };
const BATCH = JSON.stringify(Array.from({ length: 100 }, () => EVENT));
const FLOOD = 80;
const PROBES = 15;

it("keeps one tenant's flood of batches from queueing another tenant's single events behind it", async () => {
  const url = await freshSqliteUrl();
  const engine = servedEngine(url);
  await engine.ready();
  const [loud, calm] = [await tenantKeyOf(engine, "acme"), await tenantKeyOf(engine, "globex")];
  await engine.close();
  const server = await startServerProcess(url, 0, { perKey: null, perTenant: null });
  let isOver = false;
  const floods: number[] = [];
  const flood = async () => {
    while (!isOver) {
      const at = performance.now();
      await call(server.url, "/v1/events", { key: loud, body: BATCH });
      floods.push(performance.now() - at);
    }
  };
  const flooding = Promise.all(Array.from({ length: FLOOD }, flood));
  await sleep(500);
  const probes: number[] = [];
  for (let n = 0; n < PROBES; n += 1) {
    const at = performance.now();
    expect((await call(server.url, "/v1/events", { key: calm, body: EVENT })).status).toBe(200);
    probes.push(performance.now() - at);
  }
  isOver = true;
  await flooding;
  await server.terminate();
  // In one queue for all, who asks waits as long as who floods.
  expect(median(probes)).toBeLessThan(median(floods) / 3);
});

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
