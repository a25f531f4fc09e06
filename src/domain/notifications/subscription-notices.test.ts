import { describe, expect, it } from "vitest";
import { ENGINES } from "../../../test/support/database.ts";
import { createIds, DAY_MS, ManualClock, secureRandom } from "../../kernel/index.ts";
import { storeAt } from "../../store/index.ts";
import { type Actor, OrganizationService } from "../organizations/index.ts";
import { SubscriptionService } from "../subscriptions/index.ts";
import { NotificationService } from "./notification-service.ts";
import { SubscriptionNotices } from "./subscription-notices.ts";

const OPERATOR: Actor = { kind: "operator", id: "op_1" };

describe.each(ENGINES)("notices of subscriptions on $name", ({ freshUrl }) => {
  it("are mails to the billing profile's address, written with the change, once each", async () => {
    const store = storeAt(await freshUrl());
    const clock = new ManualClock("2026-01-01T00:00:00Z");
    const ids = createIds(clock);
    const subscriptions = new SubscriptionService({
      ...{ store, clock, ids, limits: { put: async () => undefined } },
      notices: new SubscriptionNotices({ clock, ids }),
    });
    const organizations = new OrganizationService({
      ...{ store, clock, ids, random: secureRandom, holders: [], plans: subscriptions.keeper },
    });
    const lines: string[] = [];
    const notifications = new NotificationService(
      { store, clock, ids },
      { tenant: "acme", channels: { log: (line: string) => void lines.push(line) } as never },
    );
    await organizations.createOrganization(OPERATOR, { id: "acme", name: "Acme Corp", ownerId: "ada" });
    await subscriptions.change(OPERATOR, "acme", { kind: "start_trial" });
    clock.advance(4 * DAY_MS);
    await subscriptions.settleDue();
    await organizations.setBillingProfile(OPERATOR, "acme", {
      ...{ legalName: "Acme Corp Ltd", address: "1 High Street", country: "GB", currency: "GBP" },
      email: "bills@acme.example",
    });
    clock.advance(3 * DAY_MS);
    await subscriptions.settleDue();
    await subscriptions.settleDue();
    await subscriptions.change(OPERATOR, "acme", { kind: "change_plan", tier: "enterprise_plus" });
    await subscriptions.change(OPERATOR, "acme", { kind: "change_plan", tier: "starter" });
    await subscriptions.change(OPERATOR, "acme", { kind: "cancel" });
    const { items } = await notifications.list({ tenant: "acme" });
    const effectiveAt = "2026-02-08T00:00:00.000Z";
    const orgName = "Acme Corp";
    expect(items.map(({ kind, recipient, payload }) => [kind, recipient, payload]).reverse()).toEqual([
      ["trial_ending", null, { orgName, daysRemaining: 3 }],
      [
        "subscription_downgraded",
        "bills@acme.example",
        {
          ...{ orgName, fromPlan: "Professional", toPlan: "Free", effectiveAt: "2026-01-08T00:00:00.000Z" },
          reason: "the trial has ended",
        },
      ],
      [
        "subscription_downgraded",
        "bills@acme.example",
        { orgName, fromPlan: "Enterprise+", toPlan: "Starter", effectiveAt },
      ],
      ["subscription_canceled", "bills@acme.example", { orgName, plan: "Enterprise+", endsAt: effectiveAt }],
    ]);
    await store.close();
  });
});
