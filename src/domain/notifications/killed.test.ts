import { describe, expect, it } from "vitest";
import { freshPostgresUrl, freshSqliteUrl } from "../../../test/support/database.ts";
import { startHttpSink } from "../../../test/support/http-sink.ts";
import { ManualClock } from "../../kernel/index.ts";
import { startProcess } from "../../store/fixtures.ts";
import { serviceOn, storeWithNotifications } from "./fixtures.ts";

const MODULES = ["./index.ts", "../../adapters/webhook/index.ts", "../../kernel/index.ts"].map(
  (path) => new URL(path, import.meta.url).href,
);
const LEASE_MS = 60_000;

/** A process that writes 12 notifications in one transaction, begins to deliver them, and tries another one at once. */
function scriptFor(sink: string): string {
  return `
    const [domain, adapters, kernel] = await Promise.all(${JSON.stringify(MODULES)}.map((url) => import(url)));
    const store = await open(url);
    const clock = kernel.systemClock;
    const ids = kernel.createIds(clock);
    const endpoints = new adapters.WebhookEndpoints({ allowInsecure: true });
    const channels = { endpoints, log: () => {} };
    const service = new domain.NotificationService({ store, clock, ids }, { channels });
    const inputFor = (index) => ({
      kind: "trial_ending",
      tenant: "acme",
      recipient: { webhook: ${JSON.stringify(sink)} + "/" + (index % 4) },
      payload: { orgName: "Acme", daysRemaining: index },
    });
    const all = Array.from({ length: 12 }, (_, index) => domain.newNotification(inputFor(index), ids));
    await store.transaction((tx) => domain.enqueueNotifications(tx, all, clock.now()));
    for (const { id } of all) say(id);
    await Promise.all([service.deliverDue(), service.notify(inputFor(3))]);`;
}

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl },
  { name: "postgres", freshUrl: freshPostgresUrl },
])("a process killed with kill -9 while it delivers on $name", ({ freshUrl }) => {
  it("leaves every notification to others, once its leases are over and no sooner, under its id", async () => {
    const url = await freshUrl();
    const store = await storeWithNotifications(url);
    const http = await startHttpSink();
    http.answer = () => ({ status: 200, hangs: true });
    const child = startProcess(url, scriptFor(http.url));
    await child.printed(12);
    // Four endpoints are called by the delivery, one of them also by the first try.
    await expect.poll(() => http.calls.length, { timeout: 20_000 }).toBe(5);
    await child.kill();
    const killedAt = Date.now();
    const cut = http.calls.map(({ headers }) => headers["webhook-id"]);

    http.answer = () => ({ status: 200 });
    const clock = new ManualClock(killedAt);
    const { service } = serviceOn(store, { clock });
    expect(await service.deliverDue()).toMatchObject({ delivered: 0 });
    expect(http.calls).toHaveLength(5);
    clock.set(killedAt + LEASE_MS);
    expect(await service.deliverDue()).toMatchObject({ delivered: 13 });
    const brought = http.calls.slice(5).map(({ headers }) => headers["webhook-id"] as string);
    expect(new Set(brought).size).toBe(13);
    expect(brought).toEqual(expect.arrayContaining([...child.lines, ...cut]));
    const { items } = await service.list({ tenant: "acme", state: "delivered" });
    expect(items).toHaveLength(13);
  });
});
