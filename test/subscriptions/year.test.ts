// A year of five organizations on the manual clock, beside a bill made by hand: every cent with its arithmetic.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OPERATOR, type Started, startSubscriptions } from "../../src/domain/subscriptions/fixtures.ts";
import type { SubscriptionChange } from "../../src/domain/subscriptions/index.ts";
import { DAY_MS } from "../../src/kernel/index.ts";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";

type Deed = readonly [at: string, organization: string, change: SubscriptionChange];
type Row = readonly [at: string, kind: "charge" | "credit", tier: string, to: string, cents: number];

// Times without an hour are 12:00 UTC, when the fixture's clock begins, on 31 January 2026.
const DEEDS: readonly Deed[] = [
  // steady: a trial converted on its last day, then an upgrade.
  ["2026-01-31", "steady", { kind: "start_trial" }],
  ["2026-02-06", "steady", { kind: "convert_trial" }],
  ["2026-06-16", "steady", { kind: "change_plan", tier: "enterprise" }],
  // monthend: bought on the 31st; scheduled down, which comes to pass on 30 April.
  ["2026-01-31", "monthend", { kind: "change_plan", tier: "enterprise" }],
  ["2026-04-10", "monthend", { kind: "change_plan", tier: "starter" }],
  // waverer: cancels, comes back before the end; then cancels and leaves; buys again in autumn.
  ["2026-02-15", "waverer", { kind: "change_plan", tier: "starter" }],
  ["2026-02-20", "waverer", { kind: "cancel" }],
  ["2026-03-01", "waverer", { kind: "resume" }],
  ["2026-04-20", "waverer", { kind: "cancel" }],
  ["2026-10-01", "waverer", { kind: "change_plan", tier: "starter" }],
  ["2026-10-01", "waverer", { kind: "change_plan", tier: "enterprise_plus" }],
  ["2026-10-01", "waverer", { kind: "change_plan", tier: "starter", when: "now" }],
  ["2026-12-11", "waverer", { kind: "cancel", when: "now" }],
  // debtor: past due over a renewal, pays; later paused for a month.
  ["2026-05-01", "debtor", { kind: "change_plan", tier: "professional" }],
  ["2026-05-20", "debtor", { kind: "mark_past_due" }],
  ["2026-06-05", "debtor", { kind: "mark_paid" }],
  ["2026-07-11", "debtor", { kind: "pause" }],
  ["2026-08-11", "debtor", { kind: "unpause" }],
  ["2026-09-01", "debtor", { kind: "cancel" }],
  // looker: a trial, extended, that ends by itself.
  ["2026-03-01", "looker", { kind: "start_trial", tier: "enterprise" }],
  ["2026-03-06", "looker", { kind: "extend_trial" }],
];

const renewals = (tier: string, cents: number, days: readonly string[]): Row[] =>
  days.slice(1).map((to, index) => [days[index] as string, "charge", tier, to, cents]);

const BILLS: Readonly<Record<string, readonly Row[]>> = {
  steady: [
    // The trial costs nothing; periods from 6 February, when it was converted.
    ...renewals("professional", 29_900, [
      "2026-02-06",
      "2026-03-06",
      "2026-04-06",
      "2026-05-06",
      "2026-06-06",
      "2026-07-06",
    ]),
    // 16 June, 20 of 30 days left: 29,900 x 20/30 = 19,933.33 back, 99,900 x 20/30 = 66,600 charged.
    ["2026-06-16", "credit", "professional", "2026-07-06", -19_933],
    ["2026-06-16", "charge", "enterprise", "2026-07-06", 66_600],
    ...renewals("enterprise", 99_900, [
      ...["2026-07-06", "2026-08-06", "2026-09-06", "2026-10-06", "2026-11-06", "2026-12-06", "2027-01-06"],
      "2027-02-06",
    ]),
  ],
  monthend: [
    // Counted from the 31st: 28 February, 31 March, 30 April …
    ...renewals("enterprise", 99_900, ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
    ...renewals("starter", 9_900, [
      ...["2026-04-30", "2026-05-31", "2026-06-30", "2026-07-31", "2026-08-31", "2026-09-30", "2026-10-31"],
      ...["2026-11-30", "2026-12-31", "2027-01-31"],
    ]),
    // The year ends at noon of 31 January 2027, which is the start of the next period.
    ["2027-01-31", "charge", "starter", "2027-02-28", 9_900],
  ],
  waverer: [
    // Resumed on 1 March, so 15 March is charged; canceled on 20 April, so 15 May is not.
    ...renewals("starter", 9_900, ["2026-02-15", "2026-03-15", "2026-04-15", "2026-05-15"]),
    // Three changes at one instant: the whole period each time, and 9,900 in the end.
    ["2026-10-01", "charge", "starter", "2026-11-01", 9_900],
    ["2026-10-01", "credit", "starter", "2026-11-01", -9_900],
    ["2026-10-01", "charge", "enterprise_plus", "2026-11-01", 500_000],
    ["2026-10-01", "credit", "enterprise_plus", "2026-11-01", -500_000],
    ["2026-10-01", "charge", "starter", "2026-11-01", 9_900],
    ...renewals("starter", 9_900, ["2026-11-01", "2026-12-01", "2027-01-01"]),
    // Canceled at once on 11 December: nothing comes back.
  ],
  debtor: [
    // Past due on 1 June, and charged all the same.
    ...renewals("professional", 29_900, ["2026-05-01", "2026-06-01", "2026-07-01", "2026-08-01"]),
    // 11 July, 21 of 31 days left: 29,900 x 21/31 = 20,254.84.
    ["2026-07-11", "credit", "professional", "2026-08-01", -20_255],
    // A new period from the end of the pause; canceled at its end.
    ["2026-08-11", "charge", "professional", "2026-09-11", 29_900],
  ],
  looker: [],
};

const at = (day: string) => Date.parse(`${day}T12:00:00Z`);

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl, everyDays: 1 },
  { name: "sqlite, with a job that comes every 100 days", freshUrl: freshSqliteUrl, everyDays: 100 },
  { name: "postgres", freshUrl: freshPostgresUrl, everyDays: 7 },
])("a year of subscriptions on $name", ({ freshUrl, everyDays }) => {
  let all: Started;

  beforeAll(async () => {
    all = await startSubscriptions(await freshUrl());
    const { clock, subscriptions } = all;
    for (const organization of Object.keys(BILLS)) await all.make(organization);
    const deeds = DEEDS.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    for (let day = 0; day <= 365; day += 1) {
      clock.set(at("2026-01-31") + day * DAY_MS);
      if (day % everyDays === 0) await subscriptions.renewals.runDue();
      while (deeds[0] !== undefined && at(deeds[0][0]) === clock.now()) {
        const [, organization, change] = deeds.shift() as Deed;
        const { totalCents: expectedTotalCents } = await subscriptions.preview(
          OPERATOR,
          organization,
          change,
        );
        await subscriptions.change(OPERATOR, organization, change, { expectedTotalCents });
      }
    }
    expect(deeds).toEqual([]);
  });

  afterAll(() => all.store.close());

  it.each(Object.keys(BILLS))("bills %s line by line as by hand", async (organization) => {
    const { items } = await all.subscriptions.lines(OPERATOR, organization, { limit: 500 });
    expect(
      items.toReversed().map(({ at: made, kind, tier, to, from, amountCents, number }) => {
        expect(from).toEqual(made);
        return [number, made, kind, tier, to, amountCents];
      }),
    ).toEqual(
      (BILLS[organization] as readonly Row[]).map(([made, kind, tier, to, cents], index) => [
        ...[index + 1, new Date(at(made)), kind, tier, new Date(at(to)), cents],
      ]),
    );
  });

  it("leaves everybody where they should be, and everything proven", async () => {
    const states = await Promise.all(
      Object.keys(BILLS).map(async (organization) => {
        const { tier, status, trial } = await all.subscriptions.get(OPERATOR, organization);
        return [organization, tier, status, trial?.isExtended ?? null];
      }),
    );
    expect(states).toEqual([
      ["steady", "enterprise", "active", false],
      ["monthend", "starter", "active", null],
      ["waverer", "free", "canceled", null],
      ["debtor", "free", "canceled", null],
      ["looker", "free", "active", true],
    ]);
    await all.subscriptions.settleDue();
    expect(await all.differences()).toEqual([]);
  });
});
