import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ENGINES } from "../../../test/support/database.ts";
import { closedPort, startHttpSink } from "../../../test/support/http-sink.ts";
import { headerOf, startSmtpSink } from "../../../test/support/smtp-sink.ts";
import { DAY_MS, HOUR_MS, ManualClock } from "../../kernel/index.ts";
import { claimFromOutbox, type Store } from "../../store/index.ts";
import { TOPIC } from "./enqueue.ts";
import { alertFor, SECRET, type Service, START, serviceOn, storeWithNotifications } from "./fixtures.ts";
import { enqueueNotifications, type NotificationInput, newNotification } from "./index.ts";

const TENANT = "acme";
const NOTHING = { delivered: 0, failed: 0, postponed: 0, dead: 0 };

async function enqueue(
  store: Store,
  { clock, ids }: ReturnType<typeof serviceOn>,
  inputs: readonly NotificationInput[],
): Promise<string[]> {
  const all = inputs.map((input) => newNotification(input, ids));
  const written = await store.transaction((tx) => enqueueNotifications(tx, all, clock.now()));
  return all.filter(({ id }) => written.has(id)).map(({ id }) => id);
}

function mailTo(index: number): NotificationInput {
  return alertFor(TENANT, { recipient: { email: `user${index}@b.example` } });
}

async function states(service: Service, tenant = TENANT): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  let cursor: string | null | undefined;
  do {
    const page = await service.list({ tenant, limit: 200, cursor: cursor ?? undefined });
    for (const { state } of page.items) counts[state] = (counts[state] ?? 0) + 1;
    cursor = page.nextCursor;
  } while (cursor !== null);
  return counts;
}

async function outboxRows(store: Store): Promise<number> {
  const row = await store.read((reader) => reader.get<{ n: bigint }>("SELECT count(*) AS n FROM outbox"));
  return Number(row?.n);
}

/** Runs deliveries as a background process would, until nothing is left or a week is over. */
async function deliverUntilEmpty(
  store: Store,
  { service, clock }: ReturnType<typeof serviceOn>,
): Promise<void> {
  const end = clock.now() + 7 * DAY_MS;
  while ((await outboxRows(store)) > 0 && clock.now() < end) {
    await service.deliverDue();
    clock.advance(60_000);
  }
}

describe.each(ENGINES)("the delivery of notifications on $name", ({ name, freshUrl }) => {
  it("brings every one exactly once to a mail server and an endpoint when all is well", async () => {
    const store = await storeWithNotifications(await freshUrl());
    const [smtp, http] = [await startSmtpSink(), await startHttpSink()];
    const box = serviceOn(store, { smtpPort: smtp.port });
    const count = 60;
    const endpoint = { webhook: `${http.url}/hook`, secret: SECRET };
    const ids = await enqueue(store, box, [
      ...Array.from({ length: count }, (_, index) => mailTo(index)),
      ...Array.from({ length: count }, () => alertFor(TENANT, { recipient: endpoint })),
    ]);
    expect(await box.service.deliverDue()).toEqual({ ...NOTHING, delivered: 2 * count });
    expect(await box.service.deliverDue()).toEqual(NOTHING);
    const mailIds = smtp.mails.flatMap((mail) => headerOf(mail, "Message-ID"));
    const callIds = http.calls.map(({ headers }) => headers["webhook-id"]);
    expect([...mailIds.map((id) => id.slice(1, id.indexOf("@"))), ...callIds].sort()).toEqual(ids.sort());
    expect(smtp.mails.map(({ to }) => to.join()).sort()).toEqual(
      Array.from({ length: count }, (_, index) => `user${index}@b.example`).sort(),
    );
    expect(await states(box.service)).toEqual({ delivered: 2 * count });
    expect(await outboxRows(store)).toBe(0);
  });

  it("loses none while every server refuses for an hour, and then brings each once", async () => {
    const store = await storeWithNotifications(await freshUrl());
    const [smtp, http] = [await startSmtpSink(), await startHttpSink()];
    const deadPort = await closedPort();
    const box = serviceOn(store, { smtpPort: smtp.port });
    smtp.refuse = (stage) => (stage === "rcpt" ? [450, "4.2.1 try again later"] : undefined);
    http.answer = () => ({ status: 503 });
    const [hook, away] = [`${http.url}/hook`, `http://127.0.0.1:${deadPort}/hook`];
    const ids = await enqueue(store, box, [
      ...Array.from({ length: 8 }, (_, index) => mailTo(index)),
      ...Array.from({ length: 8 }, () => alertFor(TENANT, { recipient: { webhook: hook } })),
      ...Array.from({ length: 8 }, () => alertFor(TENANT, { recipient: { webhook: away, secret: SECRET } })),
    ]);
    const end = box.clock.now() + HOUR_MS;
    while (box.clock.now() < end) {
      expect(await box.service.deliverDue()).toMatchObject({ delivered: 0, dead: 0 });
      box.clock.advance(60_000);
    }
    expect(await states(box.service)).toEqual({ pending: 24 });
    expect(smtp.mails).toHaveLength(0);
    const refused = http.calls.length;
    expect(refused).toBeGreaterThan(24);

    smtp.refuse = undefined;
    http.answer = () => ({ status: 200 });
    const back = await startHttpSink({ port: deadPort });
    await deliverUntilEmpty(store, box);
    const brought = [
      ...smtp.mails.flatMap((mail) => headerOf(mail, "Message-ID")).map((id) => id.slice(1, id.indexOf("@"))),
      ...http.calls.slice(refused).map(({ headers }) => headers["webhook-id"]),
      ...back.calls.map(({ headers }) => headers["webhook-id"]),
    ];
    expect(brought.sort()).toEqual(ids.sort());
    expect(await states(box.service)).toEqual({ delivered: 24 });
  });

  it("gives up after 72 hours, keeps the reason, and begins anew under the same id when told to", async () => {
    const store = await storeWithNotifications(await freshUrl());
    const http = await startHttpSink();
    http.answer = () => ({ status: 500 });
    const box = serviceOn(store);
    const [id = ""] = await enqueue(store, box, [
      alertFor(TENANT, { recipient: { webhook: http.url, secret: SECRET } }),
    ]);
    await expect(box.service.retry(id)).rejects.toMatchObject({ code: "notification_not_dead" });
    const start = box.clock.now();
    let deadAt = 0;
    while (deadAt === 0) {
      const { dead } = await box.service.deliverDue();
      if (dead === 1) deadAt = box.clock.now();
      else box.clock.advance(5 * 60_000);
    }
    expect(deadAt - start).toBe(72 * HOUR_MS);
    const [dead] = (await box.service.list({ tenant: TENANT, state: "dead" })).items;
    expect(dead).toMatchObject({ id, state: "dead", lastError: "HTTP 500", method: "webhook" });
    expect(await outboxRows(store)).toBe(0);
    const tries = http.calls.length;
    expect(tries).toBeGreaterThan(72);

    http.answer = () => ({ status: 204 });
    expect(await box.service.retry(id)).toMatchObject({ id, state: "pending", attempts: 0 });
    expect(await box.service.deliverDue()).toMatchObject({ delivered: 1 });
    expect(new Set(http.calls.map(({ headers }) => headers["webhook-id"]))).toEqual(new Set([id]));
    expect(http.calls).toHaveLength(tries + 1);
    expect(http.calls.at(-1)?.headers["webhook-signature"]).toBeDefined();
    await expect(box.service.retry(id)).rejects.toMatchObject({ code: "notification_not_dead" });
    await expect(box.service.retry("ntf_none")).rejects.toMatchObject({ kind: "not_found" });
  });

  it("gives up an address that is refused for good at once, with the reason", async () => {
    const store = await storeWithNotifications(await freshUrl());
    const [smtp, http] = [await startSmtpSink(), await startHttpSink()];
    const box = serviceOn(store, { smtpPort: smtp.port });
    smtp.refuse = (stage, address) =>
      stage === "rcpt" && address.startsWith("user1@") ? [550, "5.1.1 no such user"] : undefined;
    http.answer = () => ({ status: 410 });
    const gone = { webhook: http.url };
    await enqueue(store, box, [mailTo(1), mailTo(2), alertFor(TENANT, { recipient: gone })]);
    expect(await box.service.deliverDue()).toEqual({ ...NOTHING, delivered: 1, dead: 2 });
    const dead = (await box.service.list({ tenant: TENANT, state: "dead" })).items;
    expect(dead.map(({ lastError }) => lastError)).toEqual([
      "HTTP 410: the endpoint is gone",
      expect.stringContaining("550 5.1.1 no such user"),
    ]);
    expect(await outboxRows(store)).toBe(0);
  });

  it("gives a claim whose process died back after its lease, under the same id", async () => {
    const store = await storeWithNotifications(await freshUrl());
    const http = await startHttpSink();
    const box = serviceOn(store);
    const [id] = await enqueue(store, box, [alertFor(TENANT, { recipient: { webhook: http.url } })]);
    const claim = { topic: TOPIC, owner: "killed", limit: 10, now: box.clock.now(), leaseMs: 60_000 };
    expect(await claimFromOutbox(store, claim)).toHaveLength(1);
    box.clock.advance(59_999);
    expect(await box.service.deliverDue()).toEqual(NOTHING);
    box.clock.advance(1);
    expect(await box.service.deliverDue()).toEqual({ ...NOTHING, delivered: 1 });
    expect(http.calls.map(({ headers }) => headers["webhook-id"])).toEqual([id]);
  });

  it("leaves a first try that never ended to others after the lease", async () => {
    const store = await storeWithNotifications(await freshUrl());
    const http = await startHttpSink();
    const box = serviceOn(store, { timeoutMs: 300 });
    let isHanging = true;
    http.answer = () => ({ status: 200, hangs: isHanging });
    const trying = box.service.notify(alertFor(TENANT, { recipient: { webhook: http.url } }));
    while (http.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    isHanging = false;
    box.clock.advance(59_999);
    expect(await box.service.deliverDue()).toEqual(NOTHING);
    box.clock.advance(1);
    expect(await box.service.deliverDue()).toMatchObject({ delivered: 1 });
    await trying;
    expect(await states(box.service)).toEqual({ delivered: 1 });
    expect(await outboxRows(store)).toBe(0);
  });

  it("counts what arrived as delivered, also when the claim had gone to another process by then", async () => {
    const store = await storeWithNotifications(await freshUrl());
    const http = await startHttpSink();
    const box = serviceOn(store);
    let isTaken: Promise<unknown> | undefined;
    http.answer = () => {
      box.clock.advance(60_000);
      isTaken = claimFromOutbox(store, {
        topic: TOPIC,
        owner: "other",
        limit: 10,
        now: box.clock.now(),
        leaseMs: 60_000,
      });
      return { status: 200 };
    };
    await enqueue(store, box, [alertFor(TENANT, { recipient: { webhook: http.url } })]);
    // The other claim is made before the answer is settled: the store takes writes in the order of the calls.
    await box.service.deliverDue();
    expect(await isTaken).toHaveLength(1);
    expect(await states(box.service)).toEqual({ delivered: 1 });
    expect(await outboxRows(store)).toBe(1);
    box.clock.advance(60_000);
    expect(await box.service.deliverDue()).toEqual(NOTHING);
    expect(http.calls).toHaveLength(1);
    expect(await outboxRows(store)).toBe(0);
  });

  it("brings nothing twice when several deliver at once", async () => {
    const url = await freshUrl();
    const store = await storeWithNotifications(url);
    const http = await startHttpSink();
    const clock = new ManualClock(START);
    const others = name === "sqlite memory" ? [store, store] : [await storeWithNotifications(url), store];
    const boxes = [store, ...others].map((each) => serviceOn(each, { clock }));
    const first = boxes[0] as ReturnType<typeof serviceOn>;
    const inputs = Array.from({ length: 250 }, (_, index) =>
      alertFor(TENANT, { recipient: { webhook: `${http.url}/${index % 25}` } }),
    );
    const ids = await enqueue(store, first, inputs);
    const counts = await Promise.all(boxes.map(({ service }) => service.deliverDue()));
    expect(counts.reduce((sum, { delivered }) => sum + delivered, 0)).toBe(250);
    expect(http.calls.map(({ headers }) => headers["webhook-id"]).sort()).toEqual(ids.sort());
  });

  it("does not let an endpoint that never answers hold up the others", async () => {
    const store = await storeWithNotifications(await freshUrl());
    const [slow, quick] = [await startHttpSink(), await startHttpSink()];
    slow.answer = () => ({ status: 200, hangs: true });
    const box = serviceOn(store, { timeoutMs: 400 });
    await enqueue(store, box, [
      ...Array.from({ length: 150 }, () => alertFor(TENANT, { recipient: { webhook: slow.url } })),
      ...Array.from({ length: 20 }, () => alertFor("other", { recipient: { webhook: quick.url } })),
    ]);
    const startedAt = performance.now();
    const counts = await box.service.deliverDue();
    expect(counts).toEqual({ delivered: 20, failed: 1, postponed: 149, dead: 0 });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(slow.calls).toHaveLength(1);
    expect(await states(box.service)).toEqual({ pending: 150 });
    expect(await states(box.service, "other")).toEqual({ delivered: 20 });
  });

  it("writes nothing when the transaction that it tells of does not commit", async () => {
    const store = await storeWithNotifications(await freshUrl());
    const box = serviceOn(store);
    const notification = newNotification(alertFor(TENANT), box.ids);
    const failing = store.transaction(async (tx) => {
      await enqueueNotifications(tx, [notification], box.clock.now());
      throw new Error("the commit fails");
    });
    await expect(failing).rejects.toThrow("the commit fails");
    expect(await states(box.service)).toEqual({});
    expect(await outboxRows(store)).toBe(0);
  });

  it("writes one notification per tenant and dedup key, whoever asks, in whatever order", async () => {
    const url = await freshUrl();
    const store = await storeWithNotifications(url);
    const box = serviceOn(store);
    const keyed = (tenant: string, dedupKey: string) => alertFor(tenant, { dedupKey });
    expect(
      await enqueue(store, box, [keyed(TENANT, "k1"), keyed(TENANT, "k1"), keyed("other", "k1")]),
    ).toHaveLength(2);
    const rounds = Array.from({ length: 12 }, (_, round) => {
      const inputs = Array.from({ length: 10 }, (_, index) => keyed(TENANT, `r${index}`));
      return enqueue(store, box, round % 2 === 0 ? inputs : inputs.reverse());
    });
    const written = (await Promise.all(rounds)).flat();
    expect(written).toHaveLength(10);
    expect(await states(box.service)).toEqual({ pending: 11 });
    expect(await outboxRows(store)).toBe(12);
    expect(await enqueue(store, box, [alertFor(TENANT), alertFor(TENANT)])).toHaveLength(2);
  });

  it("tells a caller who repeats a dedup key how the first one stands, and sends nothing", async () => {
    const store = await storeWithNotifications(await freshUrl());
    const http = await startHttpSink();
    http.answer = () => ({ status: 503 });
    const box = serviceOn(store, { globalUrl: http.url });
    const first = await box.service.notify(alertFor(TENANT, { dedupKey: "once" }));
    expect(first).toEqual({
      id: first.id,
      success: false,
      method: "webhook",
      error: "HTTP 503",
      willRetry: true,
    });
    expect(await box.service.notify(alertFor(TENANT, { dedupKey: "once" }))).toEqual(first);
    expect(http.calls).toHaveLength(1);
    http.answer = () => ({ status: 200 });
    await deliverUntilEmpty(store, box);
    const { error, ...rest } = first;
    expect(await box.service.notify(alertFor(TENANT, { dedupKey: "once" }))).toEqual({
      ...rest,
      success: true,
      willRetry: false,
    });
    expect(http.calls).toHaveLength(2);
  });

  it("lists a tenant's own, the newest first, page by page", async () => {
    const store = await storeWithNotifications(await freshUrl());
    const box = serviceOn(store);
    const ids = await enqueue(
      store,
      box,
      Array.from({ length: 7 }, () => alertFor(TENANT)),
    );
    await enqueue(store, box, [alertFor("other")]);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await box.service.list({ tenant: TENANT, limit: 3, cursor });
      expect(page.items.length).toBeLessThanOrEqual(3);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toHaveLength(7);
    expect([...seen].sort()).toEqual(ids.sort());
    expect((await box.service.listAcrossTenants()).items).toHaveLength(8);
    expect((await box.service.listAcrossTenants({ state: "dead" })).items).toEqual([]);
    await expect(box.service.list({ tenant: TENANT, limit: 0 })).rejects.toMatchObject({
      code: "invalid_limit",
    });
    await expect(box.service.list({ tenant: TENANT, cursor: "x" })).rejects.toMatchObject({
      code: "invalid_cursor",
    });
  });

  it("shows no secret in any list, result, error or log line, and forgets it when it is delivered", async () => {
    const store = await storeWithNotifications(await freshUrl());
    const http = await startHttpSink();
    http.answer = () => ({ status: 500, body: "planted-in-answer" });
    const box = serviceOn(store);
    const recipient = { webhook: `${http.url}/planted-in-path?token=planted-in-query`, secret: SECRET };
    const result = await box.service.notify(alertFor(TENANT, { recipient }));
    const lists = async () => [
      await box.service.list({ tenant: TENANT }),
      await box.service.listAcrossTenants(),
    ];
    expect(JSON.stringify([result, await lists(), box.lines])).not.toMatch(/planted|whsec_/);
    expect((await lists())[0]?.items[0]?.recipient).toBe(`${http.url}/…`);
    const secrets = () =>
      store.read((reader) => reader.all<{ secret: string }>("SELECT secret FROM notifications"));
    expect(await secrets()).toEqual([{ secret: SECRET }]);
    http.answer = () => ({ status: 200 });
    await deliverUntilEmpty(store, box);
    expect(await secrets()).toEqual([{ secret: "" }]);
    const { headers, body } = http.calls.at(-1) ?? expect.fail("nothing arrived");
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
    const key = Buffer.from(SECRET.slice("whsec_".length), "base64");
    expect(headers["webhook-signature"]).toBe(
      `v1,${createHmac("sha256", key).update(signed).digest("base64")}`,
    );
  });
});

const [SQLITE] = ENGINES;

describe("the channel of a notification", () => {
  async function storeAndSinks() {
    const store = await storeWithNotifications(await (SQLITE ?? expect.fail()).freshUrl());
    return { store, smtp: await startSmtpSink(), http: await startHttpSink() };
  }
  const mail = alertFor(TENANT, { recipient: { email: "a@b.example" } });

  it("is mail for an address where a server is configured, also beside a webhook", async () => {
    const { store, smtp, http } = await storeAndSinks();
    const { service } = serviceOn(store, { smtpPort: smtp.port, globalUrl: http.url });
    expect(await service.notify(mail)).toMatchObject({ success: true, method: "email", willRetry: false });
    expect([smtp.mails.length, http.calls.length]).toEqual([1, 0]);
  });

  it("is the operator's webhook for an address without a server, and for nobody in particular", async () => {
    const { store, smtp, http } = await storeAndSinks();
    const without = serviceOn(store, { globalUrl: http.url });
    expect(await without.service.notify(mail)).toMatchObject({ success: true, method: "webhook" });
    const both = serviceOn(store, { smtpPort: smtp.port, globalUrl: http.url });
    expect(await both.service.notify(alertFor(TENANT))).toMatchObject({ success: true, method: "webhook" });
    expect([smtp.mails.length, http.calls.length]).toEqual([0, 2]);
    expect(http.calls[0]?.headers["webhook-signature"]).toBeUndefined();
    expect(JSON.parse(http.calls[0]?.body ?? "")).toMatchObject({ type: "budget.alert", tenant: TENANT });
  });

  it("is the endpoint that the recipient names, whatever else is configured", async () => {
    const { store, smtp, http } = await storeAndSinks();
    const other = await startHttpSink();
    const { service } = serviceOn(store, { smtpPort: smtp.port, globalUrl: http.url });
    const input = alertFor(TENANT, { recipient: { webhook: other.url, secret: SECRET } });
    expect(await service.notify(input)).toMatchObject({ success: true, method: "webhook" });
    expect([smtp.mails.length, http.calls.length, other.calls.length]).toEqual([0, 0, 1]);
  });

  it("is the log where nothing is configured, which is a success", async () => {
    const { store } = await storeAndSinks();
    const { service, lines } = serviceOn(store);
    const result = await service.notify(mail);
    expect(result).toEqual({ id: result.id, success: true, method: "log", willRetry: false });
    expect(lines).toEqual([
      `notification ${result.id} budget_alert for "acme": Warning: The budget is 75% used`,
    ]);
  });

  it("is none for nobody in particular where only mail is configured: it waits, and is not called a success", async () => {
    const { store, smtp, http } = await storeAndSinks();
    const { service, clock } = serviceOn(store, { smtpPort: smtp.port });
    expect(await service.notify(alertFor(TENANT))).toMatchObject({
      success: false,
      method: "log",
      willRetry: true,
      error: expect.stringContaining("ARAGORA_NOTIFICATION_WEBHOOK"),
    });
    clock.advance(HOUR_MS);
    const later = serviceOn(store, { smtpPort: smtp.port, globalUrl: http.url, clock });
    expect(await later.service.deliverDue()).toMatchObject({ delivered: 1 });
  });

  it("is none for a private endpoint: the notification is given up at once", async () => {
    const { store } = await storeAndSinks();
    const { service } = serviceOn(store);
    const result = await service.notify(alertFor(TENANT, { recipient: { webhook: "https://10.0.0.1/" } }));
    expect(result).toMatchObject({ success: false, method: "webhook", willRetry: false });
    expect(result.error).toContain("not a public one");
    expect(() => service.checkEndpoint("https://10.0.0.1/")).toThrow("not a public one");
  });
});
