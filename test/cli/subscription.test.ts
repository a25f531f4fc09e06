import { describe, expect, it } from "vitest";
import { createBilling } from "../../src/billing.ts";
import { addPlanCommand } from "../../src/cli/plan.ts";
import { addSubscriptionCommand } from "../../src/cli/subscription.ts";
import { ManualClock } from "../../src/kernel/index.ts";
import { freshSqliteUrl } from "../support/database.ts";
import { runHere } from "./in-process.ts";

const OPERATOR = { kind: "operator", id: "test" } as const;

/** Runs commands about the organization acme, which is made first. */
async function cli() {
  const url = await freshSqliteUrl();
  const billing = createBilling({ database: url, clock: new ManualClock(Date.now()) });
  await billing.organizations.createOrganization(OPERATOR, { id: "acme", name: "Acme", ownerId: "ann" });
  await billing.close();
  const whose = ["--tenant", "acme", "--database", url];
  const call = (...words: string[]) => runHere(addSubscriptionCommand, ["subscription", ...words, ...whose]);
  const plan = (...words: string[]) => runHere(addPlanCommand, ["plan", ...words]);
  return { url, whose, call, plan };
}

describe("aragora-billing subscription", () => {
  it("shows, previews, changes, cancels and resumes, and prints the lines", async () => {
    const { call } = await cli();
    const free = await call("show");
    expect(free.stdout).toMatch(/^free v\d+, active: \$0\.00 a month\nperiod \S+ to \S+\n$/);
    const preview = await call("preview", "--tier", "professional");
    expect([preview.code, preview.stdout]).toEqual([
      0,
      expect.stringMatching(/^total \$299\.00, effective \S+$/m),
    ]);
    expect((await call("show")).stdout).toBe(free.stdout);
    const moved = await call("change", "--tier", "professional", "--expected-total-cents", "1");
    expect([moved.code, moved.stderr]).toEqual([5, expect.stringContaining("29900 cents by now, not 1")]);
    const changed = await call("change", "--tier", "professional", "--expected-total-cents", "29900");
    expect(changed.stdout).toMatch(/^professional v\d+, active: \$299\.00 a month$/m);
    expect((await call("cancel")).stdout).toMatch(/^then free$/m);
    expect((await call("resume")).stdout).not.toContain("then");
    const lines = await call("lines");
    expect(lines.stdout).toMatch(/ \$299\.00 +plan professional, \S+ to \S+\n1 line\n$/);
    const shown = JSON.parse((await call("show", "--json")).stdout);
    expect(shown).toMatchObject({ status: "active", tier: "professional", priceMonthlyCents: 29_900 });
  });

  it("begins one trial, and says what is not possible with the exit code of its kind", async () => {
    const { url, call } = await cli();
    expect((await call("trial", "--tier", "starter")).stdout).toMatch(
      /^starter v\d+, trialing: .*\n.*\ntrial \S+ to/m,
    );
    const cases: [words: string[], code: number, text: string][] = [
      [["trial"], 5, "trialing on starter"],
      [["resume"], 5, "not possible"],
      [["change", "--tier", "gold"], 2, "Allowed choices are free"],
      [["preview"], 2, "--tier"],
      [["cancel", "--when", "later"], 2, "Allowed choices are now"],
      [["cancel"], 0, ""],
      [["trial"], 5, "one trial"],
      [["change", "--tier", "free"], 2, "tier must be a paid one"],
      [["lines", "--limit", "0"], 2, "limit"],
    ];
    for (const [words, code, text] of cases) {
      const result = await call(...words);
      expect([result.code, result.stderr], words.join(" ")).toEqual([code, expect.stringContaining(text)]);
    }
    const unknown = ["subscription", "show", "--tenant", "none", "--database", url];
    expect((await runHere(addSubscriptionCommand, unknown)).code).toBe(4);
  });
});

describe("aragora-billing plan", () => {
  it("shows the tiers, and refuses with exit code 6 what is not in the plan", async () => {
    const { whose, plan } = await cli();
    const list = await plan("list");
    expect(list.stdout).toMatch(/^free +\d+ +\$0\.00 +10 +1 +included$/m);
    expect(list.stdout).toMatch(/^enterprise_plus +\d+ +\$5,000\.00 +unlimited +unlimited +metered$/m);
    expect((await plan("show", "enterprise")).stdout).toMatch(/^features: .*ssoEnabled/m);
    expect((await plan("show", "gold")).code).toBe(2);
    const refused = await plan("check", "ssoEnabled", ...whose);
    expect([refused.code, refused.stdout, refused.stderr]).toEqual([
      ...[6, "", "error: refused: ssoEnabled is not in free: take enterprise\n"],
    ]);
    expect((await plan("check", "debates", ...whose)).stdout).toBe("allowed by free: 0 of 10 used\n");
    const asJson = await plan("check", "seats", ...whose, "--json");
    expect([asJson.code, JSON.parse(asJson.stdout)]).toMatchObject([
      6,
      { reason: "seat_limit_reached", used: 1 },
    ]);
    expect((await plan("check", "gold", ...whose)).stderr).toContain("must be one of");
  });
});
