import { describe, expect, it } from "vitest";
import { ENGINES } from "../support/database.ts";
import { startServer } from "./server.ts";

const DUAL = ENGINES.filter(({ name }) => name !== "sqlite");

/** An organization on free. */
async function world(url: string) {
  const server = await startServer(url);
  const { ok, call, operator } = server;
  const key = await server.organization("acme");
  await ok(operator, "PUT", "/v1/organizations/acme/tier", { body: { tier: "free" } });
  const change = (step: string, body: object = {}) =>
    call(operator, "POST", `/v1/subscription/${step}`, { body, tenant: "acme" });
  return { ...server, key, change };
}

describe.each(DUAL)("a subscription over HTTP on $name", ({ freshUrl }) => {
  it("is looked at, previewed, changed at the previewed price, canceled and resumed", async () => {
    const { ok, call, operator, key, change, clock } = await world(await freshUrl());
    const professional = { tier: "professional", expectedTotalCents: 29_900 };
    const bought = await change("change", professional);
    expect(bought.json).toMatchObject({
      subscription: { status: "active", tier: "professional", priceMonthlyCents: 29_900, scheduled: null },
      lines: [{ kind: "charge", amountCents: 29_900, currency: "USD" }],
      totalCents: 29_900,
    });
    const { periodStart, periodEnd } = bought.json.subscription;
    // Half of the period to the second: 0.5 x 999.00 - 0.5 x 299.00.
    clock.set((Date.parse(periodStart) + Date.parse(periodEnd)) / 2);
    const asked = { kind: "change_plan", tier: "enterprise" };
    const preview = await change("preview", asked);
    expect(preview.json).toMatchObject({
      totalCents: 35_000,
      lines: [{ kind: "credit" }, { kind: "charge" }],
    });
    expect((await ok(key, "GET", "/v1/subscription")).tier).toBe("professional");
    const moved = await change("change", { tier: "enterprise", expectedTotalCents: 34_999 });
    expect(moved.json).toMatchObject({ status: 412, code: "total_moved" });
    const changed = await change("change", { tier: "enterprise", expectedTotalCents: 35_000 });
    expect(changed.json).toEqual(preview.json);
    expect((await change("cancel")).json).toMatchObject({
      subscription: { tier: "enterprise", scheduled: { tier: "free", at: periodEnd } },
      ...{ lines: [], effectiveAt: periodEnd },
    });
    expect((await change("resume")).json.subscription).toMatchObject({ tier: "enterprise", scheduled: null });
    expect(await ok(key, "GET", "/v1/subscription")).toMatchObject({ tier: "enterprise", periodEnd });
    const lines = await ok(operator, "GET", "/v1/subscription/lines?limit=2", { tenant: "acme" });
    expect(lines.items.map(({ amountCents }: { amountCents: number }) => amountCents)).toEqual([
      49_950, -14_950,
    ]);
    const rest = `/v1/subscription/lines?cursor=${lines.nextCursor}`;
    const { items } = await ok(operator, "GET", rest, { tenant: "acme" });
    expect(items.at(0)).toMatchObject({ amountCents: 29_900, periodStart });
    for (const [method, path] of [
      ["POST", "/v1/subscription/change"],
      ["POST", "/v1/subscription/pause"],
      ["GET", "/v1/subscription/lines"],
    ] as const) {
      expect((await call(key, method, path)).json, path).toMatchObject({
        status: 403,
        code: "operator_only",
      });
    }
  });

  it("is tried once, extended once, paused and marked by operators", async () => {
    const { change } = await world(await freshUrl());
    const trial = await change("trial", { tier: "starter" });
    const { start, end } = trial.json.subscription.trial;
    expect(Date.parse(end) - Date.parse(start)).toBe(7 * 86_400_000);
    expect((await change("extend-trial")).json.subscription.trial).toMatchObject({ start, isExtended: true });
    expect((await change("extend-trial")).json).toMatchObject({ status: 412, code: "trial_extended" });
    const paid = await change("convert-trial", { expectedTotalCents: 9_900 });
    expect(paid.json).toMatchObject({
      subscription: { status: "active", tier: "starter" },
      totalCents: 9_900,
    });
    expect((await change("mark-past-due")).json.subscription.status).toBe("past_due");
    expect((await change("mark-paid")).json.subscription.status).toBe("active");
    expect((await change("pause")).json).toMatchObject({
      subscription: { status: "paused" },
      totalCents: -9_900,
    });
    expect((await change("unpause")).json).toMatchObject({
      subscription: { status: "active" },
      totalCents: 9_900,
    });
    expect((await change("cancel", { when: "now" })).json.subscription.tier).toBe("free");
    expect((await change("trial")).json).toMatchObject({ status: 412, code: "trial_used" });
  });
});

describe.each(DUAL)("entitlements over HTTP on $name", ({ freshUrl }) => {
  it("say what is in the plan; the 11th debate of free is refused, a retry of the 10th is not", async () => {
    const { ok, call, key } = await world(await freshUrl());
    const check = (feature: string) => ok(key, "POST", "/v1/entitlements/check", { body: { feature } });
    expect(await check("ssoEnabled")).toMatchObject({
      ...{ allowed: false, tier: "free", limit: null, used: null, resetsAt: null, upgradeTo: "enterprise" },
    });
    const start = (debate: number) =>
      call(key, "POST", "/v1/debates", { body: { debate: `d_${debate}`, dimensions: { user: "u" } } });
    const begun = await Promise.all(Array.from({ length: 10 }, (_, index) => start(index)));
    expect(new Set(begun.map(({ status }) => status))).toEqual(new Set([201]));
    expect(await check("debates")).toMatchObject({ allowed: false, limit: 10, used: 10, remaining: 0 });
    const refused = await start(11);
    expect(refused.json).toMatchObject({
      ...{ status: 402, code: "debate_limit_reached" },
      details: { limit: 10, used: 10, upgradeTo: "starter" },
    });
    expect((await start(9)).json).toEqual(begun[9]?.json);
    const unheard = await call(key, "POST", "/v1/entitlements/check", { body: { feature: "gold" } });
    expect(unheard.json).toMatchObject({ status: 422, field: "feature" });
  });
});
