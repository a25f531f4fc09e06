// A plan ends at its instant, also for those who look at the organization before the job of renewals has come.

import { describe, expect, it, onTestFinished } from "vitest";
import { createBilling } from "../../src/billing.ts";
import { ManualClock } from "../../src/kernel/index.ts";
import { ENGINES } from "../support/database.ts";

const OPERATOR = { kind: "operator", id: "op" } as const;
const ADA = { kind: "user", id: "ada" } as const;
const BOB = { kind: "user", id: "bob" } as const;
const DAY_MS = 86_400_000;
const tenant = "acme";

describe.each(ENGINES.filter(({ name }) => name !== "sqlite memory"))(
  "a trial that has ended on $name, and no job has run",
  ({ freshUrl }) => {
    /** An organization on the last instant of its trial but `left` ms. */
    async function start(left: number) {
      const clock = new ManualClock("2026-01-31T12:00:00Z");
      const billing = createBilling({ database: await freshUrl(), clock });
      onTestFinished(() => billing.close());
      await billing.organizations.createOrganization(OPERATOR, { id: tenant, name: "Acme", ownerId: ADA.id });
      await billing.organizations.putUser(OPERATOR, { id: BOB.id, email: "bob@example.com" });
      await billing.subscriptions.change(ADA, tenant, { kind: "start_trial", tier: "professional" });
      clock.advance(DAY_MS);
      const invited = { email: "bob@example.com", role: "member" } as const;
      const { token } = await billing.organizations.inviteMember(ADA, tenant, invited);
      clock.advance(6 * DAY_MS - left);
      return { billing, token };
    }
    const codeOf = (work: Promise<unknown>) =>
      work.then(
        () => "done",
        ({ code }) => code,
      );

    it.each([
      [1, "done"],
      [0, "seat_limit_reached"],
    ])("gives a seat of the plan of now: %i ms before its end it is %s", async (left, expected) => {
      const { billing, token } = await start(left);
      expect(await codeOf(billing.organizations.acceptInvitation(BOB, token))).toBe(expected);
      const { used } = await billing.entitlements.may(tenant, "seats");
      expect(used).toBe(expected === "done" ? 2 : 1);
      expect((await billing.verify()).differences).toEqual([]);
    });

    it("admits a code of the plan of now", async () => {
      const codes = async (left: number) => {
        const { billing } = await start(left);
        await billing.discounts.createCode({
          code: "PRO",
          discountPercent: 20,
          eligibleTiers: ["professional"],
        });
        await billing.discounts.createCode({ code: "FREE", discountPercent: 20, eligibleTiers: ["free"] });
        const use = (code: string) => ({ tenant, code, purchaseAmountCents: 1_000 });
        const { valid } = await billing.discounts.validate(use("PRO"));
        return [valid, await codeOf(billing.discounts.apply(use("FREE")))];
      };
      expect(await codes(1)).toEqual([true, "tier_not_eligible"]);
      expect(await codes(0)).toEqual([false, "done"]);
    });

    it("counts debates of the plan of now, by whatever call", async () => {
      const { billing } = await start(1);
      const debate = { tenant, type: "debate" } as const;
      for (let n = 0; n < 10; n += 1) await billing.holds.spend(debate);
      expect(await codeOf(billing.holds.authorize(debate))).toBe("budget_exceeded");
      expect((await billing.holds.check(debate)).allowed).toBe(false);
      const later = await start(0);
      for (let n = 0; n < 10; n += 1) {
        const { id } = await later.billing.holds.authorize(debate);
        await later.billing.holds.capture(id, {}, tenant);
      }
      expect(await codeOf(later.billing.holds.authorize(debate))).toBe("budget_exceeded");
      // All of them in the period that has begun: none was counted in the one that has ended.
      expect(await later.billing.entitlements.may(tenant, "debates")).toMatchObject({
        used: 10,
        tier: "free",
      });
    });
  },
);
