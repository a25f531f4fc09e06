import { describe, expect, it } from "vitest";
import { freshSqliteUrl } from "../../test/support/database.ts";
import { OPERATOR, START, startSubscriptions } from "../domain/subscriptions/fixtures.ts";
import { DAY_MS } from "../kernel/index.ts";
import { getSubscription } from "./subscription.ts";

const T0 = Date.parse(START);

describe("getSubscription", () => {
  it("reads as the specification's Subscription through a trial, a plan, a cancellation and a pause", async () => {
    const billing = await startSubscriptions(await freshSqliteUrl());
    const { tenant } = await billing.make("org_123");
    const { subscriptions, clock, store } = billing;
    const get = () => getSubscription(tenant, billing);
    expect(await get()).toEqual({
      ...{ orgId: tenant, tier: "free", status: "active" },
      ...{ currentPeriodStart: new Date(T0), currentPeriodEnd: new Date("2026-02-28T12:00:00Z") },
      ...{ cancelAtPeriodEnd: false, trialStart: null, trialEnd: null, isTrialing: false, isActive: true },
      daysUntilRenewal: 28,
    });
    await subscriptions.change(OPERATOR, tenant, { kind: "start_trial" });
    clock.advance(1);
    const trialEnd = new Date(T0 + 7 * DAY_MS);
    expect(await get()).toMatchObject({
      ...{ status: "trialing", isTrialing: true, isActive: true, trialStart: new Date(T0), trialEnd },
      // One millisecond less than 7 days.
      daysUntilRenewal: 6,
    });
    await subscriptions.change(OPERATOR, tenant, { kind: "convert_trial" });
    await subscriptions.change(OPERATOR, tenant, { kind: "change_plan", tier: "starter" });
    expect(await get()).toMatchObject({ tier: "professional", cancelAtPeriodEnd: false, isTrialing: false });
    await subscriptions.change(OPERATOR, tenant, { kind: "cancel" });
    expect(await get()).toMatchObject({ cancelAtPeriodEnd: true, isActive: true });
    await subscriptions.change(OPERATOR, tenant, { kind: "resume" });
    await subscriptions.change(OPERATOR, tenant, { kind: "mark_past_due" });
    expect(await get()).toMatchObject({ status: "past_due", isActive: false });
    await subscriptions.change(OPERATOR, tenant, { kind: "mark_paid" });
    await subscriptions.change(OPERATOR, tenant, { kind: "pause" });
    clock.advance(90 * DAY_MS);
    expect(await get()).toMatchObject({ status: "paused", isActive: false, daysUntilRenewal: 0 });
    await expect(getSubscription("nobody", billing)).rejects.toThrow(
      expect.objectContaining({ code: "organization_not_found" }),
    );
    await store.close();
  });
});
