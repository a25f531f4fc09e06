import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Started, startDiscounts } from "../../src/domain/discounts/fixtures.ts";
import { systemClock } from "../../src/kernel/index.ts";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import { race } from "../support/race.ts";
import {
  ABANDONED,
  ATTEMPTS,
  CARTS,
  ORGANIZATIONS,
  PURCHASE_CENTS,
  RETRIES,
  type Seen,
  STACKED,
} from "./discounts-child.ts";

const CHILD = fileURLToPath(new URL("./discounts-child.ts", import.meta.url));
const SHORT_MS = 100;

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl },
  { name: "postgres", freshUrl: freshPostgresUrl },
])("discounts shared by two processes on $name", ({ freshUrl }) => {
  let here: Started;
  let seen: Seen[];
  const sum = (of: (one: Seen) => number) => seen.reduce((total, one) => total + of(one), 0);

  beforeAll(async () => {
    const url = await freshUrl();
    here = await startDiscounts(url, { clock: systemClock });
    const create = (code: string, maxUses: number | "unlimited", maxUsesPerOrganization: number) =>
      here.discounts.createCode({ code, discountPercent: 50, maxUses, maxUsesPerOrganization });
    await create("wide", 50, 1);
    await create("deep", "unlimited", 3);
    await create("retry", 10, 10);
    await create("mixed", 20, 20);
    for (const name of ["one", "two"])
      for (let index = 0; index < STACKED; index += 1)
        await here.discounts.createCode({ code: `${name}-${index}`, discountAmountCents: 30 });
    seen = await race(CHILD, url);
  });

  afterAll(() => here.store.close());

  it("give exactly 50 of 200 redemptions at once a code of 50 uses, and no other error to anybody", async () => {
    expect(seen.flatMap(({ errors }) => errors)).toEqual([]);
    expect(2 * ATTEMPTS).toBe(200);
    expect(sum(({ wide }) => wide)).toBe(50);
    expect(await here.discounts.getCode("wide")).toMatchObject({
      ...{ totalUses: 50, totalDiscountCents: (50 * PURCHASE_CENTS) / 2, status: "exhausted" },
    });
  });

  it("give each of 5 organizations exactly 3 of 40 redemptions at once of a code of 3 per organization", async () => {
    expect(sum(({ deep }) => deep)).toBe(3 * ORGANIZATIONS);
    expect((await here.discounts.getCode("deep")).totalUses).toBe(3 * ORGANIZATIONS);
  });

  it("use a code once by 100 retries of one reference at once, and count a purchase once", async () => {
    const ids = seen.flatMap(({ retried }) => retried);
    expect(ids).toHaveLength(2 * RETRIES);
    expect(new Set(ids).size).toBe(1);
    expect((await here.discounts.getCode("retry")).totalUses).toBe(1);
    const sums = seen.flatMap(({ bought }) => bought);
    expect(sums).toEqual(new Array(2 * RETRIES).fill(5_000_000));
    expect((await here.volumeDiscounts.get("retry")).currentDiscountPercent).toBe("10");
  });

  it("take off a purchase what it is and no more, where 10 codes of 30 are used on 100 at once", () => {
    for (let cart = 0; cart < CARTS; cart += 1)
      expect(sum(({ stacked }) => stacked[cart] as number)).toBe(PURCHASE_CENTS);
  });

  it("count every purchase of many at once", async () => {
    expect(await here.volumeDiscounts.get("busy")).toMatchObject({ cumulativeSpendCents: 2 * RETRIES });
  });

  it("give back the use of every reservation that ended exactly once, whoever needed it or swept it", async () => {
    await new Promise((resolve) => setTimeout(resolve, SHORT_MS));
    await here.discounts.expireDue();
    const confirmed = sum((one) => one.confirmed);
    const rows = await here.store.read((reader) =>
      reader.all<{ state: string; number: bigint }>(
        "SELECT state, count(*) AS number FROM discount_redemptions WHERE code = 'MIXED' GROUP BY state",
      ),
    );
    const states = new Map(rows.map(({ state, number }) => [state, Number(number)]));
    expect(states.get("confirmed") ?? 0).toBe(confirmed);
    expect(states.get("expired") ?? 0).toBeGreaterThanOrEqual(sum(({ abandoned }) => abandoned));
    expect(sum(({ abandoned }) => abandoned)).toBeGreaterThanOrEqual(2 * ABANDONED);
    expect(await here.discounts.getCode("mixed")).toMatchObject({
      ...{ totalUses: confirmed, totalDiscountCents: (confirmed * PURCHASE_CENTS) / 2 },
    });
    expect(await here.differences()).toEqual([]);
  });
});
