// Two servers on one database, in this process; killed ones are in test/http/crash.test.ts.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import { call, startServer, type TestServer } from "../support/http-server.ts";

const TENANT = "acme";
const CLIENTS = 8;

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl },
  { name: "postgres", freshUrl: freshPostgresUrl },
])("two servers on one $name", ({ freshUrl }) => {
  let servers: readonly [TestServer, TestServer];
  let key: string;

  beforeAll(async () => {
    const url = await freshUrl();
    const first = await startServer(url);
    servers = [first, await startServer(url)];
    key = await first.keyOf(TENANT);
  });
  afterAll(async () => {
    for (const server of servers) await server.close();
  });

  const at = (turn: number) => servers[turn % 2 === 0 ? 0 : 1].url;
  const post = (turn: number, path: string, body: unknown, once?: string) =>
    call(at(turn), path, { key, body, once });

  it("never hold more of a budget than its limit, whichever of them is asked", async () => {
    const { json: budget } = await post(0, "/v1/budgets", { name: "shared", limit: "5" });
    const path = `/v1/budgets/${budget.id}/status`;
    let isOver = false;
    let most = 0;
    const watch = (async () => {
      for (let turn = 0; !isOver; turn += 1) {
        const [counter] = (await call(at(turn), path, { key })).json.counters;
        most = Math.max(most, Math.round((Number(counter.spent) + Number(counter.held)) * 1_000));
      }
    })();
    const statuses: number[] = [];
    let asked = 0;
    const client = async (number: number) => {
      while (asked < 120) {
        asked += 1;
        const hold = await post(number + asked, "/v1/holds", { estimatedCostUsd: "0.1" });
        statuses.push(hold.status);
        // Half of them are captured, by the other one.
        if (hold.status !== 201 || asked % 2 === 0) continue;
        const capture = `/v1/holds/${hold.json.id}/capture`;
        expect((await post(number + asked + 1, capture, { costUsd: "0.1" })).status).toBe(200);
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
    isOver = true;
    await watch;
    expect(statuses.filter((status) => status === 201).length).toBe(50);
    expect(new Set(statuses)).toEqual(new Set([201, 402]));
    expect(most).toBe(5_000);
    for (const server of servers) expect(await server.engine.verify()).toMatchObject({ ok: true });
    await post(1, `/v1/budgets/${budget.id}/close`, { reason: "over" });
    expect((await post(0, "/v1/holds", { estimatedCostUsd: "0.1" })).status).toBe(201);
  });

  it("give a request that both get at once one effect and one answer", async () => {
    for (const [path, body] of [
      ["/v1/holds", { estimatedCostUsd: "0.1" }],
      ["/v1/spends", { amountUsd: "0.1" }],
      ["/v1/budgets", { name: "once", limit: "100" }],
      ["/v1/api-keys", { name: "once", scopes: ["usage:read"] }],
      ["/v1/events", { tokensIn: 1 }],
    ] as const) {
      for (let round = 0; round < 3; round += 1) {
        const both = [0, 1, 2, 3].map((turn) => post(turn, path, body, `${path}-${round}`));
        const answers = await Promise.all(both);
        expect([path, answers[0]?.status ?? 500]).toEqual([path, expect.toBeOneOf([200, 201])]);
        expect([path, new Set(answers.map(({ text }) => text)).size]).toEqual([path, 1]);
      }
    }
    const { json } = await call(at(0), "/v1/budgets?limit=500", { key });
    expect(json.items.filter(({ name }: { name: string }) => name === "once").length).toBe(3);
    expect((await call(at(1), "/v1/usage/summary", { key })).json.total.events).toBe(3);
  });

  it("refuse a key at the next request once it was revoked at either of them", async () => {
    for (const turn of [0, 1]) {
      const issued = await post(turn, "/v1/api-keys", { name: "short", scopes: ["usage:read"] });
      const used = issued.json.key;
      const statusAt = async (server: number) => (await call(at(server), "/v1/events", { key: used })).status;
      // Both have seen it.
      expect([await statusAt(0), await statusAt(1)]).toEqual([200, 200]);
      expect((await post(turn, `/v1/api-keys/${issued.json.id}/revoke`, {})).status).toBe(200);
      expect([await statusAt(turn + 1), await statusAt(turn)]).toEqual([401, 401]);
    }
  });
});
