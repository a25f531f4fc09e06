import { describe, expect, it } from "vitest";
import {
  alertFor,
  SECRET,
  serviceOn,
  storeWithNotifications,
} from "../../src/domain/notifications/fixtures.ts";
import type { NotificationInput, NotificationResult } from "../../src/domain/notifications/index.ts";
import { ManualClock } from "../../src/kernel/index.ts";
import { freshSqliteUrl } from "../support/database.ts";
import { startHttpSink } from "../support/http-sink.ts";
import { run } from "./program.ts";

interface Shown {
  readonly id: string;
  readonly tenant: string;
  readonly state: string;
  readonly recipient: string | null;
  readonly lastError: string | null;
}

/** A database in which these notifications were tried once. */
async function databaseWith(inputs: readonly NotificationInput[]) {
  const url = await freshSqliteUrl();
  const store = await storeWithNotifications(url);
  const { service } = serviceOn(store, { clock: new ManualClock(new Date()) });
  const results: NotificationResult[] = [];
  for (const input of inputs) results.push(await service.notify(input));
  await service.close();
  await store.close();
  return { database: ["--database", url], results };
}

async function listed(args: readonly string[]): Promise<Shown[]> {
  const { code, stdout } = await run(["notifications", "list", ...args, "--json"]);
  expect(code).toBe(0);
  return JSON.parse(stdout) as Shown[];
}

describe("notifications", () => {
  it("lists those of all tenants, of one, and in one state", async () => {
    const http = await startHttpSink();
    http.answer = () => ({ status: 410 });
    const { database, results } = await databaseWith([
      alertFor("acme"),
      alertFor("other"),
      alertFor("acme", { recipient: { webhook: `${http.url}/planted?token=planted`, secret: SECRET } }),
    ]);
    const ids = results.map(({ id }) => id);
    expect((await listed(database)).map(({ id }) => id)).toEqual([...ids].reverse());
    expect((await listed(["--tenant", "acme", ...database])).map(({ id }) => id)).toEqual([ids[2], ids[0]]);
    const dead = await listed(["--state", "dead", ...database]);
    expect(dead).toEqual([
      expect.objectContaining({
        id: ids[2],
        state: "dead",
        recipient: `${http.url}/…`,
        lastError: "HTTP 410: the endpoint is gone",
      }),
    ]);
    const table = await run(["notifications", "list", ...database]);
    expect(table.stdout).toMatch(new RegExp(`${ids[0]} .* acme +budget_alert +delivered +1\\b`));
    expect(table.stdout).toContain("3 notifications");
    expect(JSON.stringify([table, dead])).not.toMatch(/planted|whsec_/);
  });

  it("makes a dead one due again, and says why another one cannot be", async () => {
    const http = await startHttpSink();
    http.answer = () => ({ status: 410 });
    const { database, results } = await databaseWith([
      alertFor("acme"),
      alertFor("acme", { recipient: { webhook: http.url } }),
    ]);
    const [delivered = "", dead = ""] = results.map(({ id }) => id);
    const retried = await run(["notifications", "retry", dead, ...database]);
    expect([retried.code, retried.stdout]).toEqual([0, expect.stringContaining(`${dead} is due again`)]);
    expect((await listed(["--state", "pending", ...database])).map(({ id }) => id)).toEqual([dead]);
    const codes = await Promise.all(
      [delivered, "ntf_none"].map(
        async (id) => (await run(["notifications", "retry", id, ...database])).code,
      ),
    );
    expect(codes).toEqual([5, 4]);
  });

  it("refuses a state that is none, and creates no database", async () => {
    expect((await run(["notifications", "list", "--state", "lost"])).code).toBe(2);
    expect((await run(["notifications", "list", "--database", await freshSqliteUrl()])).code).toBe(4);
  });
});
