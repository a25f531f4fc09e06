import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import { call, startServer, type TestServer } from "../support/http-server.ts";

const EVENT = { provider: "openai", model: "gpt-4o-mini", tokensIn: 7, tokensOut: 3, agent: "a".repeat(200) };

let server: TestServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** The way to a PostgreSQL that can be cut: as if it had been stopped, then started again. */
async function cuttable(url: string) {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const accept = (client: Socket) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
    }
    client.pipe(upstream).pipe(client);
  };
  let listener: Server = createServer(accept);
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const proxied = new URL(url);
  proxied.port = String(port);
  const cut = async () => {
    const closed = new Promise((resolve) => listener.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const restore = async () => {
    listener = createServer(accept);
    await new Promise<void>((resolve) => listener.listen(port, "127.0.0.1", resolve));
  };
  return { url: proxied.href, cut, restore };
}

describe("a PostgreSQL that goes away", () => {
  it("is a 503 with Retry-After while it is gone; afterwards the server is well within 5 s and nothing is lost", async () => {
    const way = await cuttable(await freshPostgresUrl());
    server = await startServer(way.url);
    const { url } = server;
    const key = await server.keyOf("acme");
    const acknowledged: string[] = [];
    const statuses = new Set<number>();
    let isOver = false;
    const client = async (number: number) => {
      for (let request = 0; !isOver; request += 1) {
        const id = `c${number}-${request}`;
        for (;;) {
          const answer = await call(url, "/v1/events", { key, body: { ...EVENT, id } });
          statuses.add(answer.status);
          if (answer.status === 200) break;
          expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
          expect(answer.text).not.toMatch(/127\.0\.0\.1|ECONN|postgres:/);
          if (isOver) return;
          await sleep(20);
        }
        acknowledged.push(id);
      }
    };
    const clients = Promise.all([1, 2, 3, 4].map(client));
    await sleep(300);
    await way.cut();
    await sleep(300);
    expect((await call(url, "/ready")).status).toBe(503);
    expect((await call(url, "/health")).status).toBe(200);
    await way.restore();
    const back = performance.now();
    while ((await call(url, "/ready")).status !== 200) await sleep(50);
    expect(performance.now() - back).toBeLessThan(5_000);
    await sleep(200);
    isOver = true;
    await clients;
    expect([...statuses].sort()).toEqual([200, 503]);
    const events: string[] = [];
    for await (const event of server.engine.metering.events({ tenant: "acme" })) events.push(event.id);
    expect(acknowledged.filter((id) => !events.includes(id))).toEqual([]);
    expect(new Set(events).size).toBe(events.length);
    await server.close();
    server = undefined;
    await way.cut();
  });
});

describe("a database that is full", () => {
  it("is a 507 with a code, never a false 2xx, and is served again once there is room", async () => {
    server = await startServer(await freshSqliteUrl());
    const { url, engine } = server;
    const key = await server.keyOf("acme");
    const pages = async (count: number) => {
      await engine.store.transaction((tx) => tx.all(`PRAGMA max_page_count = ${count}`));
    };
    const [size] = await engine.store.transaction((tx) =>
      tx.all<{ page_count: bigint }>("PRAGMA page_count"),
    );
    await pages(Number(size?.page_count) + 40);
    let acknowledged = 0;
    let full: Awaited<ReturnType<typeof call>> | undefined;
    for (let n = 0; full === undefined && n < 2_000; n += 1) {
      const body = Array.from({ length: 20 }, (_, index) => ({ ...EVENT, id: `e${n}-${index}` }));
      const answer = await call(url, "/v1/events", { key, once: `b${n}`, body });
      if (answer.status === 200) acknowledged += answer.json.accepted;
      else full = answer;
    }
    expect([full?.status, full?.json.code]).toEqual([507, "storage_full"]);
    expect(full?.text).not.toContain("billing.db");
    expect((await call(url, "/v1/usage/summary", { key })).json.total.events).toBe(acknowledged);
    await pages(1_000_000);
    const again = await call(url, "/v1/events", { key, body: { ...EVENT, id: "after" } });
    expect([again.status, again.json.accepted]).toEqual([200, 1]);
    expect(await engine.verify()).toMatchObject({ ok: true, events: acknowledged + 1 });
  });
});
