// A PostgreSQL of its own that is really ended and started again under a server and its clients. ARAGORA_KILLS says how
// often.

import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { call, startServer } from "../support/http-server.ts";
import { startPostgres } from "../support/postgres-server.ts";

const KILLS = Number(process.env.ARAGORA_KILLS ?? 1);
const CLIENTS = 8;
const WELL_WITHIN_MS = 5_000;
const EVENT = { provider: "openai", model: "gpt-4o-mini", tokensIn: 7, tokensOut: 3 };

it(`loses and doubles nothing when PostgreSQL is killed and shut down ${KILLS} times: 503 meanwhile, well within 5 s`, async () => {
  const postgres = await startPostgres();
  const server = await startServer(postgres.url);
  const { url } = server;
  const key = await server.keyOf("acme");
  const acknowledged: string[] = [];
  const odd: unknown[] = [];
  const statuses = new Set<number>();
  let isOver = false;
  const client = async (number: number) => {
    for (let request = 0; !isOver; request += 1) {
      const id = `c${number}-${request}`;
      for (;;) {
        const answer = await call(url, "/v1/events", {
          key,
          body: { ...EVENT, id },
          // Some clients retry by key as well.
          ...(number % 2 === 0 && { once: id }),
        });
        statuses.add(answer.status);
        if (answer.status === 200) break;
        const isWell = answer.status === 503 && answer.headers.get("retry-after") === "1";
        if (!isWell) odd.push([answer.status, answer.text]);
        if (isOver) return;
        await sleep(20);
      }
      acknowledged.push(id);
    }
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
  const outages: number[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    for (const signal of ["SIGKILL", "SIGINT"] as const) {
      await sleep(200 + Math.random() * 200);
      await postgres.end(signal);
      while ((await call(url, "/ready")).status !== 503) await sleep(10);
      expect((await call(url, "/health")).status).toBe(200);
      await postgres.restart();
      const back = performance.now();
      const before = acknowledged.length;
      while ((await call(url, "/ready")).status !== 200) await sleep(20);
      while (acknowledged.length === before) await sleep(10);
      outages.push(performance.now() - back);
    }
  }
  await sleep(200);
  isOver = true;
  await clients;
  const rows = await server.engine.store.read((reader) =>
    reader.all<{ id: string }>("SELECT id FROM usage_events"),
  );
  const recorded = new Set(rows.map(({ id }) => id));
  const verified = await server.engine.verify();
  await server.close();
  await postgres.stop();
  expect(odd.slice(0, 3)).toEqual([]);
  expect([...statuses].sort()).toEqual([200, 503]);
  expect(Math.max(...outages)).toBeLessThan(WELL_WITHIN_MS);
  expect({
    missing: acknowledged.filter((id) => !recorded.has(id)).length,
    duplicates: rows.length - recorded.size,
    differences: verified.differences,
  }).toEqual({ missing: 0, duplicates: 0, differences: [] });
  if (process.env.ARAGORA_KILLS !== undefined) {
    process.stderr.write(
      `acknowledged ${acknowledged.length}, slowest recovery ${Math.max(...outages).toFixed(0)} ms\n`,
    );
  }
});
