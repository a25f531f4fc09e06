import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OPERATOR, type Started, startSubscriptions } from "../../src/domain/subscriptions/fixtures.ts";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import { race } from "../support/race.ts";
import { NOW, type Seen, TRIALS } from "./subscriptions-child.ts";

const CHILD = fileURLToPath(new URL("./subscriptions-child.ts", import.meta.url));
const RENEWING = ["renew_1", "renew_2", "renew_3", "renew_4", "renew_5"];

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl },
  { name: "postgres", freshUrl: freshPostgresUrl },
])("subscriptions changed by two processes on $name", ({ freshUrl }) => {
  let here: Started;
  let seen: Seen[];

  beforeAll(async () => {
    const url = await freshUrl();
    here = await startSubscriptions(url);
    for (const tenant of ["race", "trial", ...RENEWING]) await here.make(tenant);
    const buy = { kind: "change_plan", tier: "professional" } as const;
    for (const tenant of RENEWING) await here.subscriptions.change(OPERATOR, tenant, buy);
    here.clock.set("2026-04-10T08:30:00Z");
    await here.subscriptions.change(OPERATOR, "race", buy);
    seen = await race<Seen>(CHILD, url);
    here.clock.set(NOW);
  });

  afterAll(() => here.store.close());

  it("fail in nothing, and are what their change logs say", async () => {
    expect(seen.flatMap(({ errors }) => errors)).toEqual([]);
    expect(await here.differences()).toEqual([]);
  });

  it("give each of 50 changes at once the lines that lead from the plan before it to its own", async () => {
    const { items } = await here.subscriptions.lines(OPERATOR, "race", { limit: 500 });
    const [bought, ...rest] = items.toReversed();
    const totals = seen.flatMap((one) => one.totals);
    expect(totals.length).toBeGreaterThan(10);
    expect(rest).toHaveLength(2 * totals.length);
    // 20 of 30 days are left: what the plan before had of them comes back, and the next one's begins.
    const share = { starter: 6_600, professional: 19_933, enterprise: 66_600 } as Record<string, number>;
    let tier = bought?.tier ?? "";
    for (let index = 0; index < rest.length; index += 2) {
      const [credit, charge] = [rest[index], rest[index + 1]];
      expect([credit?.kind, credit?.tier, credit?.amountCents]).toEqual([
        "credit",
        tier,
        -(share[tier] ?? 0),
      ]);
      tier = charge?.tier ?? "";
      expect([charge?.kind, charge?.amountCents]).toEqual(["charge", share[tier]]);
    }
    const sum = rest.reduce((cents, { amountCents }) => cents + amountCents, 0);
    expect(sum).toBe((share[tier] ?? 0) - 19_933);
    expect(sum).toBe(totals.reduce((cents, one) => cents + one, 0));
    expect((await here.subscriptions.get(OPERATOR, "race")).tier).toBe(tier);
  });

  it("start one trial of 50 attempts at once", async () => {
    const answers = seen.flatMap(({ trials }) => trials);
    expect(answers).toHaveLength(2 * TRIALS);
    expect(answers.filter((answer) => answer === "made")).toHaveLength(1);
    expect(new Set(answers)).toEqual(new Set(["made", "transition_refused"]));
  });

  it("are renewed once per period, however many jobs run at once", async () => {
    for (const tenant of RENEWING) {
      const { items } = await here.subscriptions.lines(OPERATOR, tenant);
      expect(items.map(({ from }) => from.toISOString().slice(0, 10)).reverse()).toEqual([
        ...["2026-01-31", "2026-02-28", "2026-03-31"],
      ]);
    }
  });
});
