import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import { call, startServer, type TestServer } from "../support/http-server.ts";
import { type Operation, ownOperationsOf, samplesOf } from "./samples.ts";

const TENANT = "acme";

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl },
  { name: "postgres", freshUrl: freshPostgresUrl },
])("an idempotency key on $name", ({ freshUrl }) => {
  let servers: readonly [TestServer, TestServer];
  let operations: Operation[];
  let tenantKey: string;
  let count = 0;

  beforeAll(async () => {
    const url = await freshUrl();
    const first = await startServer(url);
    servers = [first, await startServer(url)];
    operations = await ownOperationsOf(first.url);
    tenantKey = await first.keyOf(TENANT);
  });
  afterAll(async () => {
    for (const server of servers) await server.close();
  });

  const fresh = () => {
    count += 1;
    return `n${count}`;
  };
  const keyOf = ({ access }: Operation) => (access === "operator" ? servers[0].operatorKey : tenantKey);
  const writes = () => operations.filter(({ method, access }) => method !== "GET" && access !== "public");

  it("is taken by every route that writes", () => {
    expect(writes().length).toBeGreaterThan(4);
    for (const { name, isIdempotent } of writes()) expect([name, isIdempotent]).toEqual([name, true]);
  });

  it("makes five requests at once, on two servers, and five later one effect with one answer, byte for byte", async () => {
    for (const operation of writes()) {
      const { good, prepare, effects } = samplesOf(operation.name);
      const n = fresh();
      await prepare?.(servers[0], TENANT, n);
      const before = (await effects?.(servers[0], TENANT)) ?? 0;
      const { path, body } = good(n);
      const send = (index: number) =>
        call(servers[index % 2 === 0 ? 0 : 1].url, path, {
          ...{ method: operation.method, key: keyOf(operation), once: `once-${n}` },
          ...(body !== undefined && { body }),
        });
      const atOnce = await Promise.all([0, 1, 2, 3, 4].map(send));
      const later = [];
      for (const index of [5, 6, 7, 8, 9]) later.push(await send(index));
      const answers = [...atOnce, ...later];
      const [{ status, text } = { status: 0, text: "" }] = answers;
      expect([operation.name, status < 300]).toEqual([operation.name, true]);
      for (const answer of answers) {
        expect([operation.name, answer.status, answer.text]).toEqual([operation.name, status, text]);
      }
      const replayed = answers.filter(({ headers }) => headers.get("idempotent-replayed") === "true");
      expect([operation.name, replayed.length]).toEqual([operation.name, 9]);
      if (effects !== undefined) {
        expect([operation.name, (await effects(servers[0], TENANT)) - before]).toEqual([operation.name, 1]);
      }
    }
  });

  it("has one effect too when a server dies between the effect of a long write and its stored answer", async () => {
    const once = "died";
    const long = writes().filter(({ name }) => /rerates|verify/.test(name));
    expect(long.length).toBe(2);
    for (const operation of long) {
      const { good, prepare, effects } = samplesOf(operation.name);
      const n = fresh();
      await prepare?.(servers[0], TENANT, n);
      const before = (await effects?.(servers[0], TENANT)) ?? 0;
      const { path, body } = good(n);
      const send = (server: TestServer) =>
        call(server.url, path, { method: operation.method, key: keyOf(operation), once, body });
      const first = await send(servers[0]);
      expect([operation.name, first.status]).toEqual([operation.name, 200]);
      const isCommitted = await servers[0].engine.store.transaction((tx) =>
        tx.run(
          "UPDATE request_replies SET status = 0, body = '', claimed_until = created_at WHERE idempotency_key = ?",
          [once],
        ),
      );
      expect(isCommitted).toBe(1);
      const [again, ...others] = await Promise.all([send(servers[1]), send(servers[0]), send(servers[1])]);
      expect([operation.name, again.status, again.json.id]).toEqual([operation.name, 200, first.json.id]);
      for (const other of others) expect([operation.name, other.text]).toEqual([operation.name, again.text]);
      if (effects !== undefined) {
        expect([operation.name, (await effects(servers[0], TENANT)) - before]).toEqual([operation.name, 1]);
      }
      await servers[0].engine.store.transaction((tx) =>
        tx.run("DELETE FROM request_replies WHERE idempotency_key = ?", [once]),
      );
    }
  });

  it("is refused with another request", async () => {
    for (const operation of writes().filter(({ name }) => name !== "POST /v1/verify")) {
      const { good, prepare } = samplesOf(operation.name);
      const [n, other] = [fresh(), fresh()];
      for (const id of [n, other]) await prepare?.(servers[0], TENANT, id);
      const send = ({ path, body }: { path: string; body?: unknown }) =>
        call(servers[0].url, path, {
          ...{ method: operation.method, key: keyOf(operation), once: `once-${n}` },
          ...(body !== undefined && { body }),
        });
      expect((await send(good(n))).status).toBeLessThan(300);
      const answer = await send(good(other));
      expect([operation.name, answer.status, answer.json.code]).toEqual([
        operation.name,
        409,
        "idempotency_key_reused",
      ]);
    }
  });

  it("is free again after a request that failed, and belongs to one key alone", async () => {
    const { url } = servers[0];
    const once = fresh();
    const bad = await call(url, "/v1/events", { key: tenantKey, once, body: { tokensIn: -1 } });
    expect([bad.status, bad.json.code]).toEqual([422, "negative"]);
    const good = await call(url, "/v1/events", { key: tenantKey, once, body: { tokensIn: 1 } });
    expect([good.status, good.headers.get("idempotent-replayed")]).toEqual([200, null]);
    const otherKey = await servers[0].keyOf(TENANT);
    const other = await call(url, "/v1/events", { key: otherKey, once, body: { tokensIn: 2 } });
    expect([other.status, other.headers.get("idempotent-replayed")]).toEqual([200, null]);
  });

  it("is not readable in the database: neither the key's text nor the answer", async () => {
    const once = fresh();
    const { url, engine } = servers[0];
    await call(url, "/v1/events", { key: tenantKey, once, body: { id: "sealed-event", tokensIn: 1 } });
    const rows = await engine.store.read((reader) =>
      reader.all<{ body: string }>("SELECT body FROM request_replies WHERE idempotency_key = ?", [once]),
    );
    expect(rows.length).toBe(1);
    const stored = Buffer.from(rows[0]?.body ?? "", "base64").toString("latin1");
    expect(stored).not.toContain("sealed-event");
  });

  it("is kept for a day, then its row is removed by the job", async () => {
    const { engine } = servers[0];
    const job = engine.writes.cleanup();
    const now = engine.clock.now();
    expect(await job.hasWork(now + 23 * 3_600_000)).toBe(false);
    expect(await job.hasWork(now + 25 * 3_600_000)).toBe(true);
    expect(await job.runDue(now + 25 * 3_600_000)).toBeGreaterThan(10);
    expect(await job.hasWork(now + 25 * 3_600_000)).toBe(false);
  });

  it("writes an operator's change into the audit log in the same transaction, once", async () => {
    const { url, engine, operatorKey } = servers[0];
    const entries = async () =>
      (await engine.audit.listAcrossTenants({ action: "prices.added", limit: 500 })).items;
    const before = (await entries()).length;
    const body = { prices: [{ provider: "own", model: fresh(), input: "1", output: "2" }] };
    const once = fresh();
    const first = await call(url, "/v1/prices", { key: operatorKey, once, body });
    await call(url, "/v1/prices", { key: operatorKey, once, body });
    const bad = { prices: [{ ...body.prices[0], input: "-1" }] };
    expect((await call(url, "/v1/prices", { key: operatorKey, body: bad })).status).toBe(422);
    const [entry, ...rest] = await entries();
    expect(rest.length).toBe(before);
    expect(entry).toMatchObject({
      actor: { kind: "operator" },
      details: { route: "POST /v1/prices" },
      requestId: first.headers.get("x-request-id"),
    });
  });
});
