// The server as a process of its own, ended without warning while clients record. ARAGORA_KILLS says how often.

import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import { type ServerProcess, servedEngine, startServerProcess, tenantKeyOf } from "../support/http-server.ts";

const KILLS = Number(process.env.ARAGORA_KILLS ?? 3);
const KILLS_OF_TWO = Number(process.env.ARAGORA_KILLS ?? 1);
const CLIENTS = 8;
const TENANT = "acme";
const EVENT = {
  timestamp: "2025-06-01T12:00:00Z",
  provider: "openai",
  model: "gpt-4o-mini",
  tokensIn: 7,
  tokensOut: 3,
};

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function preparedKey(url: string): Promise<string> {
  const engine = servedEngine(url);
  await engine.ready();
  const key = await tenantKeyOf(engine, TENANT);
  await engine.close();
  return key;
}

/** Sends until there is an answer, as clients do; the ids make that safe. Returns the ids that were acknowledged. */
async function ingest(base: () => string, key: string, client: number, isOver: () => boolean) {
  const acknowledged: string[] = [];
  let sent = 0;
  for (let request = 0; !isOver(); request += 1) {
    const size = request % 3 === 0 ? 20 : 1;
    const events = Array.from({ length: size }, (_, n) => ({ ...EVENT, id: `c${client}-${request}-${n}` }));
    for (;;) {
      sent += 1;
      try {
        const response = await fetch(`${base()}/v1/events`, {
          method: "POST",
          headers: {
            authorization: `Bearer ${key}`,
            "content-type": "application/json",
            // Some clients retry by key as well.
            ...(client % 4 === 0 && { "idempotency-key": `c${client}-${request}` }),
          },
          body: JSON.stringify(size === 1 ? events[0] : events),
          signal: AbortSignal.timeout(5_000),
        });
        const { accepted, duplicates } = (await response.json()) as { accepted: number; duplicates: number };
        if (response.ok && accepted + duplicates === size) {
          acknowledged.push(...events.map(({ id }) => id));
          break;
        }
      } catch {
        // Not answered: sent again.
      }
      if (isOver()) return { acknowledged, sent };
      await sleep(20);
    }
  }
  return { acknowledged, sent };
}

async function proveNothingLost(url: string, acknowledged: readonly string[]): Promise<void> {
  const engine = servedEngine(url);
  const rows = await engine.store.read((reader) => reader.all<{ id: string }>("SELECT id FROM usage_events"));
  const recorded = new Set(rows.map(({ id }) => id));
  expect({
    duplicates: rows.length - recorded.size,
    missing: acknowledged.filter((id) => !recorded.has(id)).length,
    verified: (await engine.verify()).differences,
    counted: (await engine.analytics.usage({ tenant: TENANT })).total.events,
  }).toEqual({ duplicates: 0, missing: 0, verified: [], counted: rows.length });
  await engine.close();
}

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl },
  { name: "postgres", freshUrl: freshPostgresUrl },
])("a server on $name", ({ freshUrl }) => {
  it(`loses nothing it acknowledged and counts nothing twice when it is killed ${KILLS} times`, async () => {
    const url = await freshUrl();
    const key = await preparedKey(url);
    const port = await freePort();
    let server: ServerProcess = await startServerProcess(url, port);
    let isOver = false;
    const clients = Array.from({ length: CLIENTS }, (_, client) =>
      ingest(
        () => `http://127.0.0.1:${port}`,
        key,
        client,
        () => isOver,
      ),
    );
    for (let kill = 0; kill < KILLS; kill += 1) {
      await sleep(150 + Math.random() * 350);
      await server.kill();
      server = await startServerProcess(url, port);
    }
    await sleep(200);
    isOver = true;
    const results = await Promise.all(clients);
    const acknowledged = results.flatMap((result) => result.acknowledged);
    expect(await server.terminate()).toBe(0);
    expect(acknowledged.length).toBeGreaterThan(10 * KILLS);
    await proveNothingLost(url, acknowledged);
    if (process.env.ARAGORA_KILLS !== undefined)
      process.stderr.write(`acknowledged ${acknowledged.length}\n`);
  });

  it("keeps every promise when one of two servers on a database is killed and its clients go on at the other", async () => {
    const url = await freshUrl();
    const key = await preparedKey(url);
    const port = await freePort();
    const servers = await Promise.all([startServerProcess(url, port), startServerProcess(url)]);
    const second = servers[1];
    let first = servers[0];
    const one = { method: "POST", headers: { authorization: `Bearer ${key}`, "idempotency-key": "both" } };
    const asked = await Promise.all(
      Array.from({ length: 6 }, (_, n) =>
        fetch(`${servers[n % 2]?.url}/v1/events`, {
          ...one,
          headers: { ...one.headers, "content-type": "application/json" },
          body: JSON.stringify(EVENT),
        }).then((response) => response.text()),
      ),
    );
    expect(new Set(asked).size).toBe(1);
    let isOver = false;
    const clients = Array.from({ length: CLIENTS }, (_, client) => {
      let turn = client;
      const next = () => {
        turn += 1;
        return (turn % 2 === 0 ? first : second).url;
      };
      return ingest(next, key, client, () => isOver);
    });
    for (let kill = 0; kill < KILLS_OF_TWO; kill += 1) {
      await sleep(200 + Math.random() * 200);
      await first.kill();
      await sleep(200);
      if (kill < KILLS_OF_TWO - 1) first = await startServerProcess(url, port);
    }
    await sleep(200);
    isOver = true;
    const acknowledged = (await Promise.all(clients)).flatMap((result) => result.acknowledged);
    expect(await second.terminate()).toBe(0);
    expect(acknowledged.length).toBeGreaterThan(20);
    await proveNothingLost(url, acknowledged);
    if (process.env.ARAGORA_KILLS !== undefined)
      process.stderr.write(`acknowledged by two ${acknowledged.length}\n`);
  });

  it("shares its database with another server, and both end in order within 10 s when asked to", async () => {
    const url = await freshUrl();
    const key = await preparedKey(url);
    const servers = await Promise.all([startServerProcess(url), startServerProcess(url)]);
    const [first, second] = servers;
    // One of them made the operator's key and said it; neither logs it.
    const said = servers.map(({ said }) => said()).join("");
    expect(said.match(/ara_\S+/g)?.length).toBe(1);
    const shownKey = /ara_\S+/.exec(said)?.[0] ?? "";
    let isOver = false;
    const clients = Array.from({ length: CLIENTS }, (_, client) =>
      ingest(
        () => (client % 2 === 0 ? first : second).url,
        key,
        client,
        () => isOver,
      ),
    );
    await sleep(700);
    const at = performance.now();
    const ends = Promise.all(servers.map((server) => server.terminate()));
    isOver = true;
    expect(await ends).toEqual([0, 0]);
    expect(performance.now() - at).toBeLessThan(10_000);
    const acknowledged = (await Promise.all(clients)).flatMap((result) => result.acknowledged);
    await proveNothingLost(url, acknowledged);
    for (const { logged } of servers) {
      expect(logged()).not.toContain(key);
      expect(logged()).not.toContain(shownKey);
      const lines = logged()
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      const { settings } = lines.find((line) => line.msg === "serving");
      expect(settings.database.settings).toMatchObject(
        settings.database.kind === "sqlite"
          ? { journal_mode: "wal", synchronous: "FULL" }
          : { fsync: "on", synchronous_commit: "on" },
      );
      expect(logged()).not.toContain("postgres:");
    }
  });
});
