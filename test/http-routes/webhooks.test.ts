import { createHmac, timingSafeEqual } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { NotificationInput } from "../../src/domain/notifications/index.ts";
import { createIds, HOUR_MS } from "../../src/kernel/index.ts";
import { ENGINES } from "../support/database.ts";
import { type HttpSink, type ReceivedCall, startHttpSink } from "../support/http-sink.ts";
import { engine, problemOf, type Server, startServer } from "./server.ts";

const { enqueueNotifications, newNotification, SAMPLES, WEBHOOK_EVENTS } = engine;
const DUAL = ENGINES.filter(({ name }) => name !== "sqlite");

/** As a receiver checks it: the signature over id, time and body. */
function isSigned({ headers, body }: ReceivedCall, secret: string): boolean {
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const text = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  const expected = Buffer.from(`v1,${createHmac("sha256", key).update(text).digest("base64")}`);
  const shown = Buffer.from(String(headers["webhook-signature"]));
  return shown.length === expected.length && timingSafeEqual(shown, expected);
}

function eventsAt(sink: HttpSink) {
  return sink.calls.map(({ body }) => JSON.parse(body));
}

async function register({ ok }: Server, key: string, url: string, events: readonly string[] = ["*"]) {
  return ok(key, "POST", "/v1/webhook-endpoints", { body: { url, events } });
}

/** Spends what crosses half of a budget. */
async function crossHalf({ ok }: Server, key: string, more: object = {}) {
  const budget = await ok(key, "POST", "/v1/budgets", {
    body: { name: "b", limit: "10", thresholds: [{ percent: 50, action: "notify" }], ...more },
  });
  await ok(key, "POST", "/v1/spends", { body: { amountUsd: "6" } });
  return budget;
}

describe.each(DUAL)("webhook endpoints on $name", ({ freshUrl }) => {
  it("show the secret once, are changed and removed, and are at most 20 a tenant however many ask at once", async () => {
    const server = await startServer(await freshUrl());
    const key = await server.organization("acme");
    const { secret, ...made } = await register(server, key, "https://hooks.acme.example/in", [
      "budget.alert",
    ]);
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(made).toEqual({
      id: expect.stringMatching(/^we_/),
      url: "https://hooks.acme.example/in",
      description: null,
      events: ["budget.alert"],
      enabled: true,
      createdAt: "2026-01-15T12:00:00.000Z",
      updatedAt: "2026-01-15T12:00:00.000Z",
    });
    const path = `/v1/webhook-endpoints/${made.id}`;
    expect(await server.ok(key, "GET", path)).toEqual(made);
    expect(await server.ok(key, "GET", "/v1/webhook-endpoints")).toEqual({ items: [made] });
    server.clock.advance(1_000);
    const body = { events: ["trial.ending", "*"], description: "all", enabled: false };
    expect(await server.ok(key, "PATCH", path, { body })).toEqual({
      ...made,
      ...{ events: ["*"], description: "all", enabled: false, updatedAt: "2026-01-15T12:00:01.000Z" },
    });
    const rotated = await server.ok(key, "POST", `${path}/rotate-secret`);
    expect(rotated.secret).toMatch(/^whsec_/);
    expect(rotated.secret).not.toBe(secret);
    const tries = Array.from({ length: 25 }, (_, index) =>
      server.call(key, "POST", "/v1/webhook-endpoints", {
        body: { url: `https://hooks.acme.example/${index}`, events: ["*"] },
      }),
    );
    const statuses = (await Promise.all(tries)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(19);
    expect(statuses.filter((status) => status === 402)).toHaveLength(6);
    expect(await server.ok(key, "DELETE", path)).toEqual({ id: made.id, removed: true });
    expect((await server.call(key, "GET", path)).json.code).toBe("endpoint_not_found");
    expect((await server.call(key, "DELETE", path)).status).toBe(404);
    await register(server, key, "https://hooks.acme.example/again");
    const audit = await server.ok(key, "GET", "/v1/audit-log?action=webhook_endpoint.key_rotated");
    expect(audit.items).toMatchObject([{ target: made.id, actor: { kind: "key" } }]);
  });

  it("get every alert of their own tenant once, signed, whoever else is told, and of no other tenant", async () => {
    const server = await startServer(await freshUrl());
    const sink = await startHttpSink();
    const alpha = await server.organization("alpha");
    const bravo = await server.organization("bravo");
    const { id, secret } = await register(server, alpha, `${sink.url}/alpha`, ["budget.alert"]);
    await register(server, alpha, `${sink.url}/other-type`, ["trial.ending"]);
    const off = await register(server, alpha, `${sink.url}/off`);
    await server.ok(alpha, "PATCH", `/v1/webhook-endpoints/${off.id}`, { body: { enabled: false } });
    await register(server, bravo, `${sink.url}/bravo`);
    await crossHalf(server, alpha, {
      notify: [{ email: "one@acme.example" }, { email: "two@acme.example" }],
      thresholds: [
        { percent: 50, action: "notify" },
        { percent: 55, action: "notify" },
      ],
    });
    await server.services.notifications.deliverDue();
    const received = sink.calls;
    expect(received.map(({ path }) => path)).toEqual(["/alpha", "/alpha"]);
    expect(received.every((call) => isSigned(call, secret))).toBe(true);
    expect(new Set(received.map(({ headers }) => headers["webhook-id"])).size).toBe(2);
    expect(eventsAt(sink)[0]).toEqual({
      id: received[0]?.headers["webhook-id"],
      type: "budget.alert",
      timestamp: "2026-01-15T12:00:00.000Z",
      tenant: "alpha",
      data: { level: "info", currentSpend: "$6", budgetLimit: "$10", percentUsed: 60, budgetName: "b" },
    });
    expect((await server.ok(alpha, "GET", `/v1/webhook-endpoints/${off.id}/deliveries`)).items).toEqual([]);
    const { items } = await server.ok(alpha, "GET", `/v1/webhook-endpoints/${id}/deliveries`);
    expect(items).toHaveLength(2);
    expect(items[1]).toEqual({
      id: received[0]?.headers["webhook-id"],
      endpointId: id,
      ...{ type: "budget.alert", state: "delivered", attempts: 1, lastError: null },
      data: eventsAt(sink)[0].data,
      createdAt: "2026-01-15T12:00:00.000Z",
      deliveredAt: "2026-01-15T12:00:00.000Z",
      deadAfter: "2026-01-18T12:00:00.000Z",
    });
  });

  it("get what was to be told exactly if the transaction commits that it tells of", async () => {
    const server = await startServer(await freshUrl());
    const key = await server.organization("acme");
    const { id } = await register(server, key, "https://hooks.acme.example/in");
    const input = { kind: "trial_ending", tenant: "acme", payload: SAMPLES.trial_ending } as const;
    const write = (fail: boolean) =>
      server.store.transaction(async (tx) => {
        await enqueueNotifications(tx, [newNotification(input, createIds(server.clock))], server.clock.now());
        if (fail) throw new Error("rolled back");
      });
    await expect(write(true)).rejects.toThrow("rolled back");
    const path = `/v1/webhook-endpoints/${id}/deliveries`;
    expect((await server.ok(key, "GET", path)).items).toEqual([]);
    await write(false);
    expect((await server.ok(key, "GET", path)).items).toMatchObject([
      { type: "trial.ending", state: "pending" },
    ]);
  });

  it("are gone with their addresses when the organization is erased: what was still to be sent never is", async () => {
    const server = await startServer(await freshUrl());
    const sink = await startHttpSink();
    const key = await server.organization("acme");
    const other = await server.organization("other");
    const { id } = await register(server, key, `${sink.url}/in`);
    await register(server, other, `${sink.url}/other`);
    sink.answer = () => ({ status: 500 });
    await crossHalf(server, key, { notify: [{ email: "planted@acme.example" }] });
    await crossHalf(server, other);
    await server.services.notifications.deliverDue();
    await server.ok(server.operator, "POST", "/v1/organizations/acme/erase", { body: { confirm: "acme" } });
    const before = sink.calls.length;
    sink.answer = () => ({ status: 200 });
    server.clock.advance(HOUR_MS);
    await server.services.notifications.deliverDue();
    expect(sink.calls.slice(before).map(({ path }) => path)).toEqual(["/other"]);
    const gone = await server.call(server.operator, "GET", `/v1/webhook-endpoints/${id}`, { tenant: "acme" });
    expect(gone.json.code).toBe("endpoint_not_found");
    const kept = await server.store.read((reader) =>
      reader.all<{ recipient: string; state: string }>(
        "SELECT recipient, state FROM notifications WHERE tenant = 'acme'",
      ),
    );
    expect(kept).toHaveLength(2);
    expect(kept.every(({ recipient, state }) => recipient === "" && state !== "pending")).toBe(true);
  });

  it("are tried again under one id until they answer, and replayed from the log, delivered ones too", async () => {
    const server = await startServer(await freshUrl());
    const sink = await startHttpSink();
    const key = await server.organization("acme");
    const { id, secret } = await register(server, key, `${sink.url}/in`);
    const path = `/v1/webhook-endpoints/${id}`;
    sink.answer = () => ({ status: 500 });
    await crossHalf(server, key);
    const deliver = async (ms: number) => {
      server.clock.advance(ms);
      await server.services.notifications.deliverDue();
    };
    const only = async () => (await server.ok(key, "GET", `${path}/deliveries`)).items[0];
    await deliver(0);
    expect(await only()).toMatchObject({ state: "pending", attempts: 1, lastError: "HTTP 500" });
    const early = await server.call(key, "POST", `${path}/deliveries/${(await only()).id}/replay`);
    expect([early.status, early.json.code]).toEqual([412, "delivery_pending"]);
    sink.answer = () => ({ status: 200 });
    await deliver(HOUR_MS);
    const delivered = await only();
    expect(delivered).toMatchObject({ state: "delivered", attempts: 2, lastError: null });
    // A new secret signs from the next call on, and the new address is the one that is called.
    const rotated = await server.ok(key, "POST", `${path}/rotate-secret`);
    await server.ok(key, "PATCH", path, { body: { url: `${sink.url}/moved` } });
    const again = await server.ok(key, "POST", `${path}/deliveries/${delivered.id}/replay`);
    expect(again).toMatchObject({ id: delivered.id, state: "pending", attempts: 0, deliveredAt: null });
    await deliver(0);
    expect(sink.calls.map(({ path, headers }) => [path, headers["webhook-id"]])).toEqual([
      ["/in", delivered.id],
      ["/in", delivered.id],
      ["/moved", delivered.id],
    ]);
    expect(sink.calls.map((call) => isSigned(call, secret))).toEqual([true, true, false]);
    expect(sink.calls.map((call) => isSigned(call, rotated.secret))).toEqual([false, false, true]);
    expect(new Set(sink.calls.map(({ body }) => body)).size).toBe(1);
    // Gone for good is given up, and can be replayed as well.
    sink.answer = () => ({ status: 410 });
    await server.ok(key, "POST", `${path}/deliveries/${delivered.id}/replay`);
    await deliver(0);
    expect(await only()).toMatchObject({ state: "dead", lastError: "HTTP 410: the endpoint is gone" });
    const dead = await server.ok(key, "GET", `${path}/deliveries?state=dead`);
    expect(dead.items).toHaveLength(1);
    expect((await server.ok(key, "POST", `${path}/deliveries/${delivered.id}/replay`)).state).toBe("pending");
  });

  it("are sent nothing once they are disabled or removed; what was on its way can be replayed", async () => {
    const server = await startServer(await freshUrl());
    const sink = await startHttpSink();
    const key = await server.organization("acme");
    const [kept, gone] = [
      await register(server, key, `${sink.url}/a`),
      await register(server, key, `${sink.url}/b`),
    ];
    await crossHalf(server, key);
    const path = `/v1/webhook-endpoints/${kept.id}`;
    await server.ok(key, "PATCH", path, { body: { enabled: false } });
    await server.ok(key, "DELETE", `/v1/webhook-endpoints/${gone.id}`);
    await server.services.notifications.deliverDue();
    expect(sink.connections()).toBe(0);
    const [delivery] = (await server.ok(key, "GET", `${path}/deliveries`)).items;
    expect(delivery).toMatchObject({ state: "dead", lastError: "the endpoint is disabled" });
    for (const action of [`deliveries/${delivery.id}/replay`, "test"]) {
      const { status, json } = await server.call(key, "POST", `${path}/${action}`);
      expect([status, json.code]).toEqual([412, "endpoint_disabled"]);
    }
    await server.ok(key, "PATCH", path, { body: { enabled: true } });
    await server.ok(key, "POST", `${path}/deliveries/${delivery.id}/replay`);
    await server.services.notifications.deliverDue();
    expect(sink.calls.map(({ path }) => path)).toEqual(["/a"]);
  });

  it("are sent a test event of each type that they want", async () => {
    const server = await startServer(await freshUrl());
    const sink = await startHttpSink();
    const key = await server.organization("acme");
    const { id } = await register(server, key, sink.url);
    await register(server, key, `${sink.url}/neighbour`);
    const path = `/v1/webhook-endpoints/${id}`;
    const types = Object.keys(WEBHOOK_EVENTS);
    for (const type of types) await server.ok(key, "POST", `${path}/test`, { body: { type } });
    await server.services.notifications.deliverDue();
    expect(new Set(eventsAt(sink).map(({ type }) => type))).toEqual(new Set(types));
    expect(sink.calls.every(({ path, body }) => path === "/" && body.includes("Test event"))).toBe(true);
    expect(sink.calls).toHaveLength(types.length);
    await server.ok(key, "PATCH", path, { body: { events: ["trial.ending"] } });
    expect(await server.ok(key, "POST", `${path}/test`)).toMatchObject({
      type: "trial.ending",
      state: "pending",
    });
    const unwanted = await server.call(key, "POST", `${path}/test`, { body: { type: "budget.alert" } });
    expect(unwanted.json).toMatchObject({ status: 422, code: "type_not_wanted", field: "type" });
    const first = await server.ok(key, "GET", `${path}/deliveries?limit=7`);
    const rest = await server.ok(key, "GET", `${path}/deliveries?limit=7&cursor=${first.nextCursor}`);
    const ids = [...first.items, ...rest.items].map((item: { id: string }) => item.id);
    expect([new Set(ids).size, rest.nextCursor]).toEqual([types.length + 1, null]);
  });

  it("hand their events to nobody who names another tenant's endpoint", async () => {
    const server = await startServer(await freshUrl());
    const sink = await startHttpSink();
    const bravo = await server.organization("bravo");
    await server.organization("alpha");
    const { id } = await register(server, bravo, `${sink.url}/bravo`);
    // Not by any route: no recipient can be written like this.
    const forged = {
      ...newNotification(
        { kind: "trial_ending", tenant: "alpha", payload: SAMPLES.trial_ending } as NotificationInput,
        createIds(server.clock),
      ),
      recipient: { webhook: `webhook-endpoint:${id}` },
    };
    await server.store.transaction((tx) => enqueueNotifications(tx, [forged], server.clock.now()));
    await server.services.notifications.deliverDue();
    expect(sink.connections()).toBe(0);
  });

  it("keep their secrets: in no other answer, no log line and no other column", async () => {
    const server = await startServer(await freshUrl());
    const sink = await startHttpSink();
    const key = await server.organization("acme");
    const made = await register(server, key, sink.url);
    const { id } = made;
    const path = `/v1/webhook-endpoints/${id}`;
    const rotated = await server.ok(key, "POST", `${path}/rotate-secret`, { once: "rotate" });
    await server.ok(key, "POST", `${path}/test`);
    await server.services.notifications.deliverDue();
    const answers = await Promise.all(
      [
        "/v1/webhook-endpoints",
        path,
        `${path}/deliveries`,
        "/v1/audit-log",
        "/v1/notifications",
        "/v1/api-keys",
      ].map(async (at) => (await server.call(key, "GET", at)).text),
    );
    const everything = [...answers, ...server.lines, ...(await rowsBeside(server))].join("\n");
    for (const secret of [made.secret, rotated.secret, key, server.operator]) {
      expect(secret.length).toBeGreaterThan(40);
      expect(everything).not.toContain(secret);
    }
    expect(server.lines.length).toBeGreaterThan(5);
  });
});

/** Every row of every table as text, but for the column where secrets are. */
async function rowsBeside({ store }: Server): Promise<string[]> {
  const tables = ["notifications", "outbox", "audit_log", "request_replies", "api_keys", "budget_changes"];
  return store.read(async (reader) => {
    const texts: string[] = [];
    for (const table of tables) {
      for (const row of await reader.all<object>(`SELECT * FROM ${table}`))
        texts.push(Object.values(row).join(" "));
    }
    return texts;
  });
}

const REFUSED = [
  ...[
    "http://hooks.example.com/",
    "ftp://hooks.example.com/",
    "file:///etc/passwd",
    "gopher://a",
    "x",
    "//a.example",
  ],
  ...[
    "https://user:pass@hooks.example.com/",
    "https://hooks.example.com:22/",
    "https://hooks.example.com:8080/",
  ],
  ...[
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://017700000001/",
  ],
  ...[
    "https://localhost/",
    "https://LOCALHOST./",
    "https://a.localhost/",
    "https://db.internal/",
    "https://nas.local/",
  ],
  ...[
    "https://0.0.0.0/",
    "https://10.1.2.3/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
  ],
  ...[
    "https://169.254.169.254/latest/meta-data/",
    "https://192.0.0.170/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
  ],
  ...[
    "https://255.255.255.255/",
    "https://240.0.0.1/",
    "https://[::1]/",
    "https://[::]/",
    "https://[fe80::1]/",
  ],
  ...[
    "https://[fc00::1]/",
    "https://[ff02::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:a9fe:a9fe]/",
  ],
  ...[
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://①②⑦.⓪.⓪.①/",
    "webhook-endpoint:we_1",
  ],
];

describe("an endpoint's address", () => {
  it("is refused at registration and at a change when it is not a public https one, in any spelling", async () => {
    const server = await startServer("sqlite::memory:", { strict: true });
    const key = await server.organization("acme");
    const { id } = await register(server, key, "https://hooks.example.com:8443/in");
    for (const url of REFUSED) {
      const post = await server.call(key, "POST", "/v1/webhook-endpoints", { body: { url, events: ["*"] } });
      expect([post.status, post.json.field], `${url} ${post.text}`).toEqual([422, "url"]);
      expect(["webhook_refused", "invalid_url"]).toContain(post.json.code);
      const patch = await server.call(key, "PATCH", `/v1/webhook-endpoints/${id}`, { body: { url } });
      expect(problemOf(patch)).toBe(problemOf(post));
      if (url.length > 3) expect(post.text).not.toContain(url);
    }
    expect((await server.ok(key, "GET", "/v1/webhook-endpoints")).items).toHaveLength(1);
  });
});
