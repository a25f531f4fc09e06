import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AragoraApiError, type Client, createClient } from "../../src/client/index.ts";
import { freshFolder, freshSqliteUrl } from "../support/database.ts";
import { guideExamples, promisedBy } from "./guide.ts";
import { collected, startLossyProxy, startWorld, type World } from "./peers.ts";

const EVENT = { provider: "openai", model: "gpt-4o-mini", tokensIn: 7, tokensOut: 3 } as const;

let world: World;
let key: string;
let client: Client;
let operator: Client;

beforeAll(async () => {
  world = await startWorld(await freshSqliteUrl());
  key = await world.keyOf("acme");
  client = createClient({ url: world.server.url, key });
  operator = createClient({ url: world.server.url, key: world.operatorKey });
});
afterAll(() => world?.server.terminate());

describe("a client of a server in another process", () => {
  it("records, lists, corrects and sums up usage", async () => {
    const { accepted, results } = await client.events.record({ ...EVENT, id: "a/b ü", user: "ada" });
    expect([accepted, results[0]?.costUsd]).toEqual([1, "0.00000285"]);
    const correction = { values: { ...EVENT, tokensOut: 2 }, reason: "the provider's log" };
    const corrected = await client.events.correct("a/b ü", correction);
    expect(corrected.replacement?.tokensOut).toBe(2);
    expect((await client.events.list({ limit: 1 })).items).toHaveLength(1);
    expect((await client.usage.events()).items).toHaveLength(3);
    const { total } = await client.usage.summary({ from: "2020-01-01" });
    expect(total).toMatchObject({ outputTokens: 2, costUsd: corrected.replacement?.costUsd });
    const { groups } = await client.usage.breakdown({ by: "user" });
    expect(groups.map(({ key }) => key.user)).toContain("ada");
    expect((await operator.usage.acrossTenants({ by: "tenant" })).groups[0]?.key.tenant).toBe("acme");
  });

  it("keeps amounts to the last digit, as text", async () => {
    await operator.prices.add({
      prices: [{ provider: "own", model: "m", input: "0.000001", output: "912.345678" }],
    });
    const input = { provider: "own", model: "m", tokensIn: 1, tokensOut: 1_000_000_000 };
    const { results } = await client.events.record(input);
    expect(results[0]?.costUsd).toBe("912345.678000000001");
    const { items } = await client.events.list({ limit: 500 });
    expect(items.map(({ costUsd }) => costUsd)).toContain("912345.678000000001");
  });

  it("walks all pages, and stops asking when its reader stops", async () => {
    for (const name of ["one", "two", "three"]) await client.budgets.create({ name, limit: "1000000" });
    const asked: string[] = [];
    const counting = createClient({
      ...{ url: world.server.url, key },
      fetch: (input, init) => {
        asked.push(String(input));
        return fetch(input, init);
      },
    });
    const names: string[] = [];
    for await (const { name } of counting.budgets.all({ limit: 1 })) names.push(name);
    expect([names, asked.length]).toEqual([["Debates of the plan", "one", "two", "three"], 4]);
    for await (const _ of counting.budgets.all({ limit: 1 })) break;
    expect(asked).toHaveLength(5);
  });

  it("streams events in and results out, in order, a result for each", async () => {
    async function* source() {
      for (let n = 0; n < 1_203; n += 1) yield { ...EVENT, id: `stream-${n}` };
      yield { tokensIn: -1 };
    }
    const proxy = await startLossyProxy(world.server.url, 1);
    const lossy = createClient({ url: proxy.url, key });
    const results = await collected(lossy.events.stream(source()));
    expect(results.slice(0, 1_203).map(({ id }) => id)).toEqual(
      Array.from({ length: 1_203 }, (_, n) => `stream-${n}`),
    );
    expect(results[1_203]).toMatchObject({ status: "rejected", field: "tokensIn" });
    // The answer to the first part was lost: it was sent again, and nothing was counted twice.
    expect(proxy.seen.map(({ body }) => body.split("\n").length - 1)).toEqual([500, 500, 500, 204]);
    expect(new Set(results.slice(0, 500).map(({ status }) => status))).toEqual(new Set(["duplicate"]));
    const { items } = await client.events.list({ limit: 500 });
    expect(items.filter(({ id }) => id === "stream-0")).toHaveLength(1);
  });

  it("counts events of a stream once that have no id, when the answer to their part is lost", async () => {
    const proxy = await startLossyProxy(world.server.url, 2);
    const lossy = createClient({ url: proxy.url, key });
    const before = (await client.usage.summary()).total.events;
    expect(await collected(lossy.events.stream([EVENT, EVENT, EVENT]))).toHaveLength(3);
    expect(proxy.seen).toHaveLength(3);
    expect((await client.usage.summary()).total.events).toBe(before + 3);
  });

  it("sends an event of a stream without waiting for the next one", async () => {
    let end = () => undefined as unknown;
    async function* source() {
      yield EVENT;
      await new Promise((resolve) => {
        end = () => resolve(undefined);
      });
    }
    const results = client.events.stream(source());
    expect((await results.next()).value).toMatchObject({ status: "accepted" });
    end();
    expect((await results.next()).done).toBe(true);
  });

  it("ends a stream of events whose source fails or whose signal is aborted", async () => {
    async function* failing() {
      yield EVENT;
      throw new Error("the source failed");
    }
    await expect(collected(client.events.stream(failing()))).rejects.toThrow("the source failed");
    async function* silent() {
      await new Promise(() => undefined);
      yield EVENT;
    }
    const signal = AbortSignal.timeout(50);
    const silenced = client.events.stream(silent(), { signal });
    await expect(silenced.next()).rejects.toThrow(signal.reason);
  });

  it("exports CSV as it arrives", async () => {
    let csv = "";
    let parts = 0;
    for await (const part of client.usage.export({ from: "2020-01-01" })) {
      csv += part;
      parts += 1;
    }
    const lines = csv.trimEnd().split("\r\n");
    expect(lines[0]).toMatch(/^timestamp,id,/);
    const total = (await client.usage.summary()).total.events;
    expect(lines.length - 1).toBeGreaterThanOrEqual(total);
    expect(parts).toBeGreaterThan(1);
    const noPeriod = client.usage.export({ from: "never" });
    await expect(noPeriod.next()).rejects.toMatchObject({ status: 422, field: "from" });
  });

  it("keeps budgets: limits, checks, holds, spends, alerts", async () => {
    const scope = { user: "bob" };
    const { id } = await client.budgets.create({ name: "bob", limit: "1", scope });
    const asked = { dimensions: scope, estimatedCostUsd: "0.6" };
    expect(await client.budgets.check(asked)).toMatchObject({ allowed: true, reason: null });
    const hold = await client.holds.authorize(asked);
    expect(hold.parts.find(({ budget }) => budget === id)?.amount).toBe("0.6");
    expect((await client.holds.get(hold.id)).state).toBe(hold.state);
    const refused = await client.holds.authorize(asked).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(AragoraApiError);
    expect(refused).toMatchObject({ status: 402, code: "budget_exceeded", retryable: false });
    expect(await client.budgets.check(asked)).toMatchObject({ allowed: false, reason: "budget_exceeded" });
    await client.holds.capture(hold.id, { costUsd: "0.95" });
    const other = await client.holds.authorize({ dimensions: scope, estimatedCostUsd: "0.01" });
    await client.holds.release(other.id);
    const spend = await client.spends.record({ dimensions: scope, amountUsd: "0.04" });
    expect(spend.costUsd).toBe("0.04");
    const status = await client.budgets.status(id);
    expect(status.counters[0]).toMatchObject({ spent: "0.99", held: "0" });
    const transactions = await collected(client.budgets.allTransactions(id));
    expect(transactions.map(({ costUsd }) => costUsd)).toContain("0.04");
    const [alert] = await collected(client.alerts.all());
    const seen = await client.alerts.acknowledge(alert?.id ?? "");
    expect(seen.acknowledgedBy).toMatch(/^key /);
    expect((await client.budgets.update(id, { limit: "2" })).limit).toBe("2");
    expect((await client.budgets.close(id, { reason: "done" })).status).toBe("closed");
  });

  it("manages people, keys and workspaces", async () => {
    const asAcme = createClient({ url: world.server.url, key: world.operatorKey, tenant: "acme" });
    await operator.users.set("bob", { email: "bob@example.com", name: "Bob" });
    expect((await operator.users.get("bob")).name).toBe("Bob");
    await asAcme.members.add({ userId: "bob", role: "member" });
    expect((await asAcme.members.update("bob", { role: "admin" })).role).toBe("admin");
    expect((await client.members.list()).items.map(({ userId }) => userId)).toContain("bob");
    expect(await client.members.remove("bob")).toEqual({ userId: "bob", removed: true });
    const { id } = await client.invitations.create({ email: "eve@example.com", role: "member" });
    expect((await client.invitations.revoke(id)).status).toBe("revoked");
    const issued = await client.apiKeys.create({ name: "reader", scopes: ["usage:read"] });
    expect((await client.apiKeys.revoke(issued.id)).revokedAt).not.toBeNull();
    const workspace = await client.workspaces.create({ name: "Lab" });
    expect((await client.workspaces.archive(workspace.id)).status).toBe("archived");
    expect((await client.organizations.get("acme")).name).toBe("Acme");
    expect((await operator.organizations.setTier("acme", { tier: "enterprise" })).tier).toBe("enterprise");
    expect((await client.plans.list()).items.length).toBeGreaterThan(1);
    expect(await client.sellerProfile.get()).toEqual({ profile: null });
    const entries = await collected(client.auditLog.all({ action: "workspace.created" }));
    expect(entries.map(({ target }) => target)).toContain(workspace.id);
  });

  it("manages prices, endpoints and notifications, and runs the server", async () => {
    expect((await client.prices.list({ provider: "own" })).items[0]?.model).toBe("m");
    await operator.priceRules.add({ rules: [{ tenant: "acme", percent: "20" }] });
    expect((await operator.priceRules.list()).items).toHaveLength(1);
    const period = { from: "2025-01-01", to: "2025-02-01" };
    expect((await operator.prices.rerate({ ...period, dryRun: true })).dryRun).toBe(true);
    const { id, secret } = await client.webhookEndpoints.create({
      url: "https://example.com/",
      events: ["*"],
    });
    expect((await client.webhookEndpoints.rotateSecret(id)).secret).not.toBe(secret);
    const delivery = await client.webhookEndpoints.test(id);
    const [first] = await collected(client.webhookEndpoints.allDeliveries(id));
    expect(first?.id).toBe(delivery.id);
    expect((await client.webhookEndpoints.remove(id)).removed).toBe(true);
    expect(Array.isArray((await client.notifications.list()).items)).toBe(true);
    expect((await operator.operations.verify()).ok).toBe(true);
    expect(await operator.operations.metrics()).toContain("# TYPE");
    expect(await client.operations.health()).toMatchObject({ status: "ok" });
  });

  it("says which field is wrong, and by what the server's log knows the request", async () => {
    const refused = await client.events.record({ ...EVENT, tokensIn: -1 }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(AragoraApiError);
    const { requestId = "", ...rest } = refused as AragoraApiError;
    expect(rest).toMatchObject({ status: 422, code: "negative", field: "tokensIn", retryable: false });
    expect(rest.details).toMatchObject({ rejected: 1 });
    await expect.poll(() => world.server.logged().includes(requestId)).toBe(true);
    const unknown = await client.budgets.get("no-such").catch((error: unknown) => error);
    expect(unknown).toMatchObject({ status: 404, message: "there is no such budget" });
    const strange = { ...EVENT, tokens: 1 };
    await expect(client.events.record(strange)).rejects.toMatchObject({ field: "tokens" });
  });

  it("has one effect when the answer to a write is lost, by the key alone", async () => {
    const proxy = await startLossyProxy(world.server.url, 2);
    const lossy = createClient({ url: proxy.url, key });
    const before = (await client.usage.summary()).total.events;
    // Without ids of their own, only the idempotency key tells the second request from another event.
    const answer = await lossy.events.record([EVENT, EVENT]);
    expect(answer.accepted).toBe(2);
    expect(proxy.seen).toHaveLength(3);
    expect(new Set(proxy.seen.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
    expect(new Set(proxy.seen.map(({ body }) => body)).size).toBe(1);
    expect((await client.usage.summary()).total.events).toBe(before + 2);
    // Another call is another effect, unless the caller gives both one key.
    await lossy.events.record([EVENT]);
    expect((await client.usage.summary()).total.events).toBe(before + 3);
    const once = { idempotencyKey: "nightly-2026-01-01" };
    const [one, two] = [await lossy.events.record([EVENT], once), await lossy.events.record([EVENT], once)];
    expect(two).toEqual(one);
    expect((await client.usage.summary()).total.events).toBe(before + 4);
  });
});

describe("the guide", () => {
  it("prints what it says, run as by a reader, from its first example to its last", async () => {
    const { setup, examples } = guideExamples();
    const folder = freshFolder();
    // One process for all of them: starting it takes longer than what it runs.
    const steps = examples.map((example, index) => {
      const file = join(folder, `example-${index}.ts`);
      writeFileSync(file, setup + example);
      return `await import(${JSON.stringify(file)});\nconsole.log("end");`;
    });
    writeFileSync(join(folder, "all.ts"), [...steps, "export {};"].join("\n"));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--import", import.meta.resolve("tsx"), join(folder, "all.ts")],
      {
        env: {
          PATH: process.env.PATH,
          BILLING_URL: world.server.url,
          BILLING_KEY: await world.keyOf("guide"),
        },
      },
    );
    expect(stdout).toBe(examples.map((code) => [...promisedBy(code), "end", ""].join("\n")).join(""));
  });
});

describe("a check of budgets, once the server was killed", () => {
  it("says no, or yes for who asked for that", async () => {
    const asked = { dimensions: { user: "eve" }, estimatedCostUsd: "0.5" };
    expect(await client.budgets.check(asked)).toMatchObject({ allowed: true, reason: null });
    await world.server.kill();
    const unavailable = { reason: "unavailable", warnings: [], budgets: [] };
    const closed = await client.budgets.check(asked);
    expect(closed).toMatchObject({ allowed: false, ...unavailable });
    expect(closed.message).toContain("ECONNREFUSED");
    const open = await client.budgets.check(asked, { onUnavailable: "open" });
    expect(open).toMatchObject({ allowed: true, ...unavailable });
    expect(await client.budgets.check(asked, { onUnavailable: "closed" })).toEqual(closed);
    await expect(client.holds.authorize(asked)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});
