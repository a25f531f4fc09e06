import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ENGINES } from "../../../test/support/database.ts";
import { BillingError, DAY_MS } from "../../kernel/index.ts";
import { type Store, storeAt } from "../../store/index.ts";
import { AuditLog } from "../audit/index.ts";
import { type Actor, MembershipRole } from "../organizations/index.ts";
import type { SubscriptionTier } from "../plans/index.ts";
import { CHANGES } from "./access.ts";
import { OPERATOR, START, type Started, subscriptionsOver, user } from "./fixtures.ts";
import { type ChangeKind, POSSIBLE, type SubscriptionChange } from "./lifecycle.ts";

const T0 = Date.parse(START); // 31 January 2026, noon

async function refusalOf(work: Promise<unknown> | (() => Promise<unknown>)): Promise<BillingError> {
  const error = await (typeof work === "function" ? Promise.resolve().then(work) : work).then(
    (value) => value,
    (thrown: unknown) => thrown,
  );
  if (error instanceof BillingError) return error;
  throw new Error(`expected a BillingError, got ${String(error)}`);
}

async function codeOf(work: Promise<unknown> | (() => Promise<unknown>)): Promise<string> {
  return (await refusalOf(work)).code;
}

describe.each(ENGINES)("subscriptions on $name", ({ freshUrl }) => {
  let store: Store;
  let made = 0;

  beforeAll(async () => {
    store = storeAt(await freshUrl());
  });

  afterAll(() => store.close());

  /** An organization of its own on the database that these tests share. */
  async function start(tier?: SubscriptionTier) {
    made += 1;
    const all = subscriptionsOver(store);
    const who = await all.make(`org_${made}`, tier);
    const change = (wanted: SubscriptionChange, actor: Actor = OPERATOR) =>
      all.subscriptions.change(actor, who.tenant, wanted);
    const get = () => all.subscriptions.get(OPERATOR, who.tenant);
    return { ...all, ...who, change, get, limit: () => planBudget(all, who.tenant) };
  }

  /** The open budget of the plan. */
  async function planBudget({ budgets }: Pick<Started, "budgets">, tenant: string) {
    const open = (await budgets.list({ tenant })).filter(
      ({ id, status }) => id.startsWith("plan_") && status !== "closed",
    );
    expect(open).toHaveLength(1);
    return { limit: open[0]?.limit?.toString() ?? null, anchor: open[0]?.anchor?.getTime() };
  }

  /** The lines so far: kind, tier, cents. */
  async function linesOf({ subscriptions, tenant }: Started & { tenant: string }) {
    const { items } = await subscriptions.lines(OPERATOR, tenant);
    return items.toReversed().map(({ kind, tier, amountCents }) => [kind, tier, amountCents]);
  }

  afterEach(async () => {
    expect(await subscriptionsOver(store).differences()).toEqual([]);
  });

  it("begin with the organization: free, active, in periods from its creation, with a budget of 10 debates", async () => {
    const { get, limit, planAt, tenant, clock } = await start();
    expect(await get()).toEqual({
      ...{ tenant, status: "active", tier: "free", planVersion: 1, priceMonthlyCents: 0 },
      ...{
        periodStart: new Date(T0),
        periodEnd: new Date("2026-02-28T12:00:00Z"),
        scheduled: null,
        trial: null,
      },
    });
    expect(await limit()).toEqual({ limit: "10", anchor: T0 });
    clock.set("2026-05-31T12:00:00Z");
    expect(await get()).toMatchObject({
      periodStart: new Date("2026-05-31T12:00:00Z"),
      periodEnd: new Date("2026-06-30T12:00:00Z"),
    });
    expect(await planAt(tenant, clock.now() - 1)).toEqual({
      ...{ tier: "free", planVersion: 1, status: "active", trialEndsAt: null, trialEnded: false },
      ...{ periodStart: Date.parse("2026-04-30T12:00:00Z"), periodEnd: Date.parse("2026-05-31T12:00:00Z") },
    });
    expect(await planAt("nobody", T0)).toBeUndefined();
  });

  it("are not made when the organization is not", async () => {
    const { organizations, tenant, planAt, make } = await start();
    expect(await codeOf(make(tenant))).toBe("organization_exists");
    expect(
      await codeOf(
        organizations.createOrganization(OPERATOR, { id: "unmade", name: "x", ownerId: "o", slug: "org-1" }),
      ),
    ).toBe("slug_taken");
    expect(await planAt("unmade", T0)).toBeUndefined();
  });

  it("charge a paid plan in advance from now, and every period from the anchor, by the job or by whoever looks", async () => {
    const all = await start();
    const { change, owner, clock, get, limit, subscriptions } = all;
    const { lines, totalCents, effectiveAt } = await change(
      { kind: "change_plan", tier: "professional" },
      owner,
    );
    expect([totalCents, effectiveAt]).toEqual([29_900, new Date(T0)]);
    expect(lines).toEqual([
      {
        ...{ kind: "charge", tier: "professional", planVersion: 1, amountCents: 29_900, currency: "USD" },
        ...{ from: new Date(T0), to: new Date("2026-02-28T12:00:00Z") },
        ...{ periodStart: new Date(T0), periodEnd: new Date("2026-02-28T12:00:00Z") },
        description: "plan professional, 2026-01-31 to 2026-02-28",
      },
    ]);
    expect(await limit()).toEqual({ limit: "200", anchor: T0 });
    clock.set("2026-04-30T12:00:00Z");
    const before = await get();
    expect(before).toMatchObject({
      periodStart: new Date("2026-04-30T12:00:00Z"),
      periodEnd: new Date("2026-05-31T12:00:00Z"),
    });
    expect(await subscriptions.renewals.hasWork(clock.now())).toBe(true);
    expect(await subscriptions.renewals.runDue()).toBeGreaterThan(0);
    expect(await subscriptions.renewals.runDue()).toBe(0);
    expect(await subscriptions.renewals.hasWork(clock.now())).toBe(false);
    expect(await get()).toEqual(before);
    const { items } = await subscriptions.lines(owner, all.tenant);
    // Three months were missed: a line each, at its own time.
    expect(items.toReversed().map(({ number, at, from, to }) => [number, at, from, to])).toEqual(
      ["01-31", "02-28", "03-31", "04-30"].map((day, index) => [
        ...[index + 1, new Date(`2026-${day}T12:00:00Z`), new Date(`2026-${day}T12:00:00Z`)],
        new Date(`2026-${["02-28", "03-31", "04-30", "05-31"][index]}T12:00:00Z`),
      ]),
    );
    const first = await subscriptions.lines(owner, all.tenant, { limit: 3 });
    const second = await subscriptions.lines(owner, all.tenant, {
      limit: 3,
      cursor: first.nextCursor as string,
    });
    expect([...first.items, ...second.items]).toEqual(items);
    expect(second.nextCursor).toBeNull();
  });

  it("go up at once for the rest of the period to the second, and show before what they will write", async () => {
    const all = await start();
    const { subscriptions, change, clock, tenant, owner, limit, organizations } = all;
    await change({ kind: "change_plan", tier: "starter" });
    // 28 days, 2,419,200 s; 691,200 s of them are left after 20 days: 9,900 x 2/7 = 2,828.57, 99,900 x 2/7 = 28,542.86.
    clock.set(T0 + 20 * DAY_MS);
    const up = { kind: "change_plan", tier: "enterprise" } as const;
    const preview = await subscriptions.preview(owner, tenant, up);
    expect(preview.lines.map(({ kind, tier, amountCents }) => [kind, tier, amountCents])).toEqual([
      ["credit", "starter", -2_829],
      ["charge", "enterprise", 28_543],
    ]);
    expect(preview).toMatchObject({ totalCents: 25_714, effectiveAt: new Date(clock.now()) });
    expect((await subscriptions.get(owner, tenant)).tier).toBe("starter");
    const moved = await refusalOf(subscriptions.change(owner, tenant, up, { expectedTotalCents: 25_713 }));
    expect([moved.kind, moved.code]).toEqual(["failed_precondition", "total_moved"]);
    expect(await subscriptions.change(owner, tenant, up, { expectedTotalCents: 25_714 })).toEqual(preview);
    expect(preview.subscription.periodEnd).toEqual(new Date("2026-02-28T12:00:00Z"));
    expect(await linesOf(all)).toHaveLength(3);
    expect(await limit()).toEqual({ limit: null, anchor: T0 });
    expect(await organizations.get(owner, tenant)).toMatchObject({ tier: "enterprise", seats: "unlimited" });
    clock.set("2026-02-28T12:00:00Z");
    expect(await codeOf(subscriptions.change(owner, tenant, up, { expectedTotalCents: 25_714 }))).toBe(
      "nothing_to_change",
    );
  });

  it("go down at the period's end, with what was scheduled for all to see, or at once where an operator asks so", async () => {
    const all = await start();
    const { subscriptions, change, clock, tenant, owner, get, limit, told } = all;
    await change({ kind: "change_plan", tier: "professional" });
    const end = new Date("2026-02-28T12:00:00Z");
    const down = { kind: "change_plan", tier: "starter" } as const;
    expect(await change(down, owner)).toMatchObject({ totalCents: 0, lines: [], effectiveAt: end });
    expect(told).toMatchObject([
      { kind: "downgraded", from: "professional", to: "starter", effectiveAt: end.getTime(), tenant },
    ]);
    expect(await get()).toMatchObject({ tier: "professional", scheduled: { tier: "starter", at: end } });
    expect(await codeOf(subscriptions.change(owner, tenant, { ...down, when: "now" }))).toBe(
      "permission_denied",
    );
    expect(await codeOf(subscriptions.preview(owner, tenant, { ...down, when: "now" }))).toBe(
      "permission_denied",
    );
    clock.set(end.getTime() - 1);
    expect((await get()).tier).toBe("professional");
    clock.advance(1);
    expect(await get()).toMatchObject({ tier: "starter", status: "active", scheduled: null });
    await subscriptions.settle(tenant);
    expect(await limit()).toEqual({ limit: "50", anchor: T0 });
    expect(await linesOf(all)).toEqual([
      ["charge", "professional", 29_900],
      ["charge", "starter", 9_900],
    ]);
    await change({ kind: "change_plan", tier: "professional" });
    // Within the same instant: what was charged for the rest comes back whole.
    expect((await change({ ...down, when: "now" })).totalCents).toBe(-20_000);
  });

  it("stay canceled when an operator gives them the tier that they are on", async () => {
    const { change, owner, get, organizations, tenant, clock } = await start();
    await change({ kind: "change_plan", tier: "starter" });
    await change({ kind: "cancel" }, owner);
    await organizations.setTier(OPERATOR, tenant, "starter");
    expect((await get()).scheduled).toMatchObject({ tier: "free" });
    await organizations.setTier(OPERATOR, tenant, "professional");
    expect((await get()).scheduled).toBeNull();
    clock.set("2026-02-28T12:00:00Z");
    expect(await get()).toMatchObject({ status: "active", tier: "professional" });
  });

  it("are canceled at the period's end, can be resumed before it, and stay free after it", async () => {
    const all = await start();
    const { subscriptions, change, clock, tenant, owner, get, limit, told, organizations } = all;
    await change({ kind: "change_plan", tier: "professional" });
    const end = Date.parse("2026-02-28T12:00:00Z");
    await change({ kind: "cancel" }, owner);
    expect(await get()).toMatchObject({ status: "active", scheduled: { tier: "free", at: new Date(end) } });
    await change({ kind: "cancel" }, owner);
    await change({ kind: "resume" }, owner);
    expect(await codeOf(change({ kind: "resume" }, owner))).toBe("nothing_scheduled");
    clock.set(end);
    expect((await get()).tier).toBe("professional");
    await change({ kind: "cancel" }, owner);
    // Twice the same is told once.
    expect(told.map((notice) => (notice.kind === "canceled" ? notice.endsAt : 0))).toEqual([
      end,
      Date.parse("2026-03-31T12:00:00Z"),
    ]);
    clock.set("2026-03-31T12:00:00Z");
    expect(await get()).toMatchObject({
      status: "canceled",
      tier: "free",
      periodEnd: new Date("2026-04-30T12:00:00Z"),
    });
    await subscriptions.settleDue();
    expect(await limit()).toEqual({ limit: "10", anchor: clock.now() });
    expect((await organizations.get(owner, tenant)).tier).toBe("free");
    clock.advance(400 * DAY_MS);
    expect(await linesOf(all)).toHaveLength(2);
    expect(await get()).toMatchObject({ status: "canceled", tier: "free" });
  });

  it("end at once without a refund where that is asked", async () => {
    const all = await start();
    const { change, clock, get, told } = all;
    await change({ kind: "change_plan", tier: "enterprise" });
    clock.advance(DAY_MS);
    expect(await change({ kind: "cancel", when: "now" })).toMatchObject({ totalCents: 0, lines: [] });
    expect(await get()).toMatchObject({
      status: "canceled",
      tier: "free",
      periodStart: new Date(clock.now()),
    });
    expect(told).toMatchObject([{ kind: "canceled", tier: "enterprise", endsAt: clock.now() }]);
    await change({ kind: "change_plan", tier: "starter" });
    expect(await linesOf(all)).toEqual([
      ["charge", "enterprise", 99_900],
      ["charge", "starter", 9_900],
    ]);
  });

  it("give the rest back when they are paused, charge nothing meanwhile, and begin a period when they are not any more", async () => {
    const all = await start();
    const { change, clock, get } = all;
    await change({ kind: "change_plan", tier: "professional" });
    await change({ kind: "cancel" });
    expect(await codeOf(change({ kind: "pause" }))).toBe("change_scheduled");
    await change({ kind: "resume" });
    clock.advance(14 * DAY_MS);
    expect((await change({ kind: "pause" })).totalCents).toBe(-14_950);
    clock.advance(100 * DAY_MS);
    expect(await get()).toMatchObject({
      status: "paused",
      tier: "professional",
      periodEnd: new Date("2026-02-28T12:00:00Z"),
    });
    expect((await change({ kind: "unpause" })).totalCents).toBe(29_900);
    expect(await get()).toMatchObject({ status: "active", periodStart: new Date(clock.now()) });
    await change({ kind: "pause" });
    expect(await codeOf(change({ kind: "cancel", when: "period_end" }))).toBe("not_applicable");
    expect(await change({ kind: "cancel" })).toMatchObject({
      totalCents: 0,
      subscription: { status: "canceled" },
    });
    expect((await linesOf(all)).map(([, , cents]) => cents)).toEqual([29_900, -14_950, 29_900, -29_900]);
  });

  it("keep their access and go on being charged while a payment is open", async () => {
    const all = await start();
    const { change, clock, get } = all;
    await change({ kind: "change_plan", tier: "starter" });
    await change({ kind: "mark_past_due" });
    expect(await codeOf(change({ kind: "mark_past_due" }))).toBe("transition_refused");
    clock.set("2026-03-01T00:00:00Z");
    expect(await get()).toMatchObject({ status: "past_due", tier: "starter" });
    expect(await linesOf(all)).toHaveLength(2);
    await change({ kind: "mark_paid" });
    expect(await get()).toMatchObject({ status: "active", tier: "starter" });
  });

  it("let an organization try a paid tier once: 7 days, 10 debates, its seats, and free from the very end on", async () => {
    const all = await start();
    const { change, clock, get, limit, organizations, owner, tenant, subscriptions, told, planAt } = all;
    const { subscription, totalCents } = await change({ kind: "start_trial" }, owner);
    const end = new Date(T0 + 7 * DAY_MS);
    expect([subscription.status, subscription.tier, subscription.periodEnd, totalCents]).toEqual([
      "trialing",
      "professional",
      end,
      0,
    ]);
    expect(await limit()).toEqual({ limit: "10", anchor: T0 });
    expect(await organizations.get(owner, tenant)).toMatchObject({ tier: "professional", seats: 10 });
    expect(await planAt(tenant, T0)).toMatchObject({ trialEndsAt: end.getTime(), trialEnded: false });
    clock.set(T0 + 4 * DAY_MS);
    await subscriptions.settleDue();
    clock.set(T0 + 6 * DAY_MS);
    await subscriptions.settleDue();
    clock.set(end.getTime() - 1);
    await subscriptions.settleDue();
    expect(told.filter((notice) => notice.tenant === tenant)).toMatchObject([
      { kind: "trial_ending", daysRemaining: 3, endsAt: end.getTime() },
      { kind: "trial_ending", daysRemaining: 1 },
    ]);
    expect((await get()).status).toBe("trialing");
    clock.advance(1);
    expect(await get()).toMatchObject({
      status: "active",
      tier: "free",
      periodStart: end,
      trial: { start: new Date(T0), end },
    });
    expect(await planAt(tenant, clock.now())).toMatchObject({ trialEnded: true, trialEndsAt: null });
    clock.advance(3 * DAY_MS);
    await subscriptions.settleDue();
    expect(told.at(-1)).toMatchObject({
      kind: "downgraded",
      from: "professional",
      to: "free",
      reason: "trial_ended",
      effectiveAt: end.getTime(),
    });
    expect(await limit()).toEqual({ limit: "10", anchor: end.getTime() });
    expect((await organizations.get(owner, tenant)).tier).toBe("free");
    expect(await codeOf(change({ kind: "start_trial", tier: "starter" }))).toBe("trial_used");
    await change({ kind: "change_plan", tier: "starter" });
    expect(await planAt(tenant, clock.now())).toMatchObject({ trialEnded: false });
    await change({ kind: "cancel", when: "now" });
    expect(await codeOf(change({ kind: "start_trial" }, owner))).toBe("trial_used");
  });

  it("tell late of a trial's end what is true by then, once, and nothing of its approach when it is over", async () => {
    const late = await start();
    await late.change({ kind: "start_trial" });
    late.clock.set(T0 + 6.5 * DAY_MS);
    await late.subscriptions.settle(late.tenant);
    expect(late.told).toMatchObject([{ kind: "trial_ending", daysRemaining: 1 }]);
    const over = await start();
    await over.change({ kind: "start_trial" });
    over.clock.set(T0 + 8 * DAY_MS);
    await over.subscriptions.settle(over.tenant);
    expect(over.told.map(({ kind }) => kind)).toEqual(["downgraded"]);
  });

  it("extend a trial by 7 days once, and convert it into a paid period from now", async () => {
    const all = await start();
    const { change, clock, owner, get, limit } = all;
    await change({ kind: "start_trial", tier: "enterprise" }, owner);
    expect(await codeOf(change({ kind: "extend_trial" }, owner))).toBe("permission_denied");
    clock.advance(6 * DAY_MS);
    await change({ kind: "extend_trial" });
    expect(await get()).toMatchObject({ periodEnd: new Date(T0 + 14 * DAY_MS), trial: { isExtended: true } });
    expect(await codeOf(change({ kind: "extend_trial" }))).toBe("trial_extended");
    expect(await codeOf(change({ kind: "cancel", when: "period_end" }))).toBe("not_applicable");
    clock.set(T0 + 13 * DAY_MS);
    expect(await change({ kind: "convert_trial", tier: "professional" }, owner)).toMatchObject({
      totalCents: 29_900,
    });
    expect(await get()).toMatchObject({
      ...{ status: "active", tier: "professional", periodStart: new Date(clock.now()) },
      trial: { end: new Date(clock.now()) },
    });
    expect(await limit()).toEqual({ limit: "200", anchor: clock.now() });
    clock.set(T0 + 20 * DAY_MS);
    expect((await get()).status).toBe("active");
  });

  it("take a tier by hand at once and without a line, and charge the next period of it", async () => {
    const all = await start("professional");
    const { organizations, tenant, clock, get, limit, change, owner } = all;
    expect(await linesOf(all)).toEqual([]);
    expect(await limit()).toEqual({ limit: "200", anchor: T0 });
    // Nothing was charged for the period, so nothing of it comes back.
    clock.advance(14 * DAY_MS);
    expect((await change({ kind: "change_plan", tier: "enterprise" }, owner)).lines).toMatchObject([
      { kind: "charge", amountCents: 49_950 },
    ]);
    await organizations.setTier(OPERATOR, tenant, "starter");
    expect(await get()).toMatchObject({ tier: "starter", status: "active", periodStart: new Date(T0) });
    expect(await limit()).toEqual({ limit: "50", anchor: T0 });
    clock.set("2026-02-28T12:00:00Z");
    expect((await linesOf(all)).map(([, tier, cents]) => [tier, cents])).toEqual([
      ["enterprise", 49_950],
      ["starter", 9_900],
    ]);
    await organizations.setTier(OPERATOR, tenant, "free");
    expect(await get()).toMatchObject({ tier: "free", status: "canceled" });
    await change({ kind: "start_trial" });
    await organizations.setTier(OPERATOR, tenant, "professional");
    expect(await get()).toMatchObject({ tier: "professional", status: "active" });
    await change({ kind: "pause" });
    await organizations.setTier(OPERATOR, tenant, "professional");
    expect(await get()).toMatchObject({ status: "active" });
    expect(await linesOf(all)).toHaveLength(2);
  });

  it("refuse in each state what is not in its table, and say what is possible", async () => {
    const every = Object.keys(CHANGES) as ChangeKind[];
    const into: Record<keyof typeof POSSIBLE, SubscriptionChange[]> = {
      free: [],
      trialing: [{ kind: "start_trial" }],
      active: [{ kind: "change_plan", tier: "starter" }],
      past_due: [{ kind: "change_plan", tier: "starter" }, { kind: "mark_past_due" }],
      paused: [{ kind: "change_plan", tier: "starter" }, { kind: "pause" }],
      canceled: [
        { kind: "change_plan", tier: "starter" },
        { kind: "cancel", when: "now" },
      ],
    };
    for (const [situation, changes] of Object.entries(into)) {
      const { change } = await start();
      for (const one of changes) await change(one);
      const possible = POSSIBLE[situation as keyof typeof POSSIBLE];
      for (const kind of every.filter((one) => !possible.includes(one))) {
        const error = await refusalOf(
          change({ kind, tier: "starter" } as SubscriptionChange).catch(async (thrown) => {
            if ((thrown as BillingError).code !== "unknown_field") throw thrown;
            return change({ kind } as SubscriptionChange);
          }),
        );
        expect([error.kind, error.code], `${kind} in ${situation}`).toEqual([
          "failed_precondition",
          "transition_refused",
        ]);
        expect(error.details).toMatchObject({ possible });
        expect(error.message).toContain(possible.join(", "));
      }
    }
  });

  it("refuse a call that is wrong, and change nothing", async () => {
    const { subscriptions, tenant, get, change } = await start();
    const before = await get();
    const wrong: [unknown, string][] = [
      [null, "invalid_type"],
      [{ kind: "upgrade" }, "invalid_choice"],
      [{ kind: "toString" }, "invalid_choice"],
      [{ kind: "change_plan" }, "unknown_tier"],
      [{ kind: "change_plan", tier: "gold" }, "unknown_tier"],
      [{ kind: "change_plan", tier: "free" }, "not_applicable"],
      [{ kind: "start_trial", tier: "free" }, "not_applicable"],
      [{ kind: "change_plan", tier: "starter", when: "tomorrow" }, "invalid_choice"],
      [{ kind: "change_plan", tier: "starter", when: "period_end" }, "not_applicable"],
      [{ kind: "pause", tier: "starter" }, "unknown_field"],
    ];
    for (const [input, code] of wrong) {
      expect(await codeOf(() => change(input as SubscriptionChange)), JSON.stringify(input)).toBe(code);
      expect(await codeOf(() => subscriptions.preview(OPERATOR, tenant, input as SubscriptionChange))).toBe(
        code,
      );
    }
    const start_trial = { kind: "start_trial" } as const;
    expect(
      await codeOf(subscriptions.change(OPERATOR, tenant, start_trial, { expectedTotalCents: 0.5 })),
    ).toBe("not_whole");
    expect(await codeOf(subscriptions.change(OPERATOR, tenant, start_trial, { expected: 0 } as object))).toBe(
      "unknown_field",
    );
    for (const unknown of ["nobody", 5 as unknown as string]) {
      expect(await codeOf(subscriptions.change(OPERATOR, unknown, start_trial))).toBe(
        "organization_not_found",
      );
    }
    expect(await codeOf(subscriptions.get(OPERATOR, "nobody"))).toBe("organization_not_found");
    expect(await get()).toEqual(before);
  });

  it("are changed by those in the table of docs/subscriptions.md, and by nobody else; each change is in the audit log", async () => {
    const text = readFileSync(new URL("../../../docs/subscriptions.md", import.meta.url), "utf8");
    const rows = text.matchAll(/^\| `(\w+)` \| ((?:yes|–)(?: \| (?:yes|–))*) \|$/gm);
    const table = new Map([...rows].map(([, kind = "", cells = ""]) => [kind, cells.split(" | ")]));
    expect([...table.keys()]).toEqual(Object.keys(CHANGES));
    const all = await start("enterprise");
    const { organizations, subscriptions, tenant } = all;
    const roles = ["admin", "member", "viewer", "billing"] as const;
    for (const role of roles)
      await organizations.addMember(
        OPERATOR,
        tenant,
        `${tenant}_${role}`,
        MembershipRole[role.toUpperCase() as "ADMIN"],
      );
    const actors: Actor[] = [
      OPERATOR,
      ...[tenant, ...roles.map((role) => `${tenant}_${role}`)].map(user),
      { kind: "key", id: "k", tenant, scopes: ["*"] },
      user("outsider"),
    ];
    for (const [kind, cells] of table) {
      for (const [index, actor] of actors.entries()) {
        // What may be refused by the state is refused after the right to ask.
        const code = await subscriptions
          .change(actor, tenant, {
            kind,
            ...(kind === "change_plan" ? { tier: "enterprise" } : {}),
            ...(kind === "cancel" ? { when: "period_end" } : {}),
          } as SubscriptionChange)
          .then(
            () => "made",
            (error: BillingError) => error.code,
          );
        const isAllowed = !["permission_denied", "organization_not_found"].includes(code);
        expect(isAllowed, `${kind} by ${actor.kind} ${actor.id}: ${code}`).toBe(cells[index] === "yes");
      }
    }
    const { items } = await new AuditLog(store).list({ tenant });
    expect(items.map(({ action }) => action)).toEqual(
      expect.arrayContaining(["subscription.cancel", "subscription.resume", "subscription.pause"]),
    );
    expect(await codeOf(subscriptions.lines(user(`${tenant}_member`), tenant))).toBe("permission_denied");
    expect((await subscriptions.get(user(`${tenant}_viewer`), tenant)).tenant).toBe(tenant);
    expect(await codeOf(subscriptions.get(user("outsider"), tenant))).toBe("organization_not_found");
  });

  it("tell whose tokens are billed: those of the plans that meter them, and of tenants without a plan", async () => {
    const { subscriptions, tenant, organizations } = await start("enterprise");
    const meters = (whose: string) => store.read((reader) => subscriptions.metersTokens(whose, [T0], reader));
    expect([await meters(tenant), await meters("nobody")]).toEqual([[false], [true]]);
    await organizations.setTier(OPERATOR, tenant, "enterprise_plus");
    expect(await meters(tenant)).toEqual([true]);
  });

  it("tell it of any day, also of one before a change, and of one before the organization", async () => {
    const { subscriptions, tenant, organizations, clock } = await start("enterprise");
    clock.advance(10 * DAY_MS);
    await organizations.setTier(OPERATOR, tenant, "enterprise_plus");
    clock.advance(DAY_MS);
    const instants = [-1, 0, 9.999, 10, 11].map((days) => T0 + days * DAY_MS);
    const meters = await store.read((reader) => subscriptions.metersTokens(tenant, instants, reader));
    expect(meters).toEqual([false, false, false, true, true]);
  });

  it("are charged no more when their organization is erased", async () => {
    const all = await start();
    const { change, organizations, tenant, clock, owner, get, subscriptions } = all;
    await change({ kind: "change_plan", tier: "enterprise" });
    await organizations.erase(owner, tenant);
    clock.advance(400 * DAY_MS);
    await subscriptions.settleDue();
    expect(await get()).toMatchObject({ status: "canceled", tier: "free" });
    expect(await linesOf(all)).toHaveLength(1);
    expect(await codeOf(change({ kind: "change_plan", tier: "starter" }))).toBe("organization_erased");
  });
});
