import { describe, expect, it } from "vitest";
import { addDiscountCommand } from "../../src/cli/discount.ts";
import { freshSqliteUrl } from "../support/database.ts";
import { runHere } from "./in-process.ts";
import { run } from "./program.ts";

/** Runs `discount` commands on one database. */
async function cli() {
  const url = await freshSqliteUrl();
  const call = (...words: string[]) => runHere(addDiscountCommand, ["discount", ...words, "--database", url]);
  const json = async (...words: string[]) => JSON.parse((await call(...words, "--json")).stdout);
  return { url, call, json };
}

const PURCHASE = ["--tenant", "acme", "--purchase-cents"];

describe("aragora-billing discount", () => {
  it("makes codes, uses them once per reference, shows and disables them", async () => {
    const { url, call, json } = await cli();
    const terms = ["--percent", "12.5", "--max-uses", "1000", "--min-purchase-cents", "5000"];
    const made = await call("create", "spring", ...terms, "--until", "2999-01-01", "--description", "March");
    expect([made.code, made.stderr]).toEqual([0, ""]);
    expect(made.stdout).toMatch(/^SPRING +12\.5 % +active +0 +1,000 +\$0\.00 +2999-01-01T00:00:00Z$/m);
    await call("create", "TENOFF", "--amount-cents", "1000", "--max-uses-per-organization", "unlimited");
    await call("create", "LOYAL", "--volume", "--tier", "professional", "--organization", "acme");
    const check = await call("validate", "Spring", ...PURCHASE, "10004");
    expect([check.code, check.stdout]).toEqual([0, "SPRING takes off $12.51, leaves $87.53\n"]);
    const apply = ["apply", "spring", ...PURCHASE, "10004", "--reference", "order_1", "--user", "ann"];
    const used = await call(...apply);
    expect(used.stdout).toMatch(/^red_\w+: SPRING takes off \$12\.51, leaves \$87\.53\n$/);
    expect((await call(...apply)).stdout).toBe(used.stdout);
    const stacked = await json("apply", "tenoff", ...PURCHASE, "10004", "--reference", "order_1");
    expect(stacked).toMatchObject({ code: "TENOFF", discountAmountCents: 1_000, finalAmountCents: 7_753 });
    const shown = await call("show", "SPRING");
    expect(shown.stdout).toMatch(/^SPRING +12\.5 % +active +1 +1,000 +\$12\.51 /m);
    expect(shown.stdout).toMatch(/^per organization +1\nfrom a purchase of +\$50\.00\ndescription +March\n/m);
    expect((await call("disable", "spring")).stdout).toMatch(/^SPRING +12\.5 % +disabled /m);
    const list = await call("list");
    expect(list.stdout).toMatch(/^LOYAL +volume +active .*\nSPRING .*\nTENOFF +\$10\.00 .*\n3 codes\n$/m);
    expect(await json("list")).toMatchObject([{ eligibleTiers: ["professional"] }, {}, { totalUses: 1 }]);
    expect(await json("validate", "loyal", ...PURCHASE, "500")).toMatchObject({
      reason: "tier_not_eligible",
    });
    const loyal = await json("validate", "loyal", ...PURCHASE, "500", "--tier", "professional");
    expect(loyal).toMatchObject({ reason: "no_discount" });
    // The program has them too.
    const refused = await run(["discount", "validate", "none", ...PURCHASE, "5", "--database", url]);
    expect([refused.code, refused.stdout, refused.stderr]).toEqual([
      ...[6, "", "error: refused: there is no such code\n"],
    ]);
  });

  it("counts purchases and refunds, once per reference, and shows the tier", async () => {
    const { call, json } = await cli();
    await call("create", "LOYAL", "--volume");
    const volume = (...words: string[]) => call("volume", "--tenant", "acme", ...words);
    expect((await volume()).stdout).toBe("bought $0.00: 0 %\n5 % after $10,000.00 more\n");
    const bought = ["--purchase-cents", "5000000", "--reference", "inv_1"];
    for (const _ of ["first", "again"]) {
      expect((await volume(...bought)).stdout).toBe("bought $50,000.00: 10 %\n15 % after $50,000.00 more\n");
    }
    const refund = await json("volume", "--tenant", "acme", "--refund-cents", "1", "--reference", "re_1");
    expect(refund).toMatchObject({ kind: "refund", percentBefore: "10", currentDiscountPercent: "5" });
    await volume("--purchase-cents", "45000001");
    expect((await volume()).stdout).toBe("bought $500,000.00: 20 %\nthe highest tier is reached\n");
    expect((await call("validate", "loyal", ...PURCHASE, "1000")).stdout).toContain("takes off $2.00");
  });

  it("says what is wrong by the flag's name, with the exit code of its kind", async () => {
    const { call } = await cli();
    expect((await call("list")).code).toBe(4);
    expect((await call("create", "ONE", "--percent", "50", "--max-uses", "1")).code).toBe(0);
    const cases: [words: string[], code: number, text: string][] = [
      [["create", "X"], 2, "one of --percent, --amount-cents and --volume"],
      [["create", "X", "--percent", "5", "--volume"], 2, "one of --percent, --amount-cents and --volume"],
      [["create", "X", "--percent", "101"], 2, "percent must be above 0 and at most 100"],
      [["create", "X", "--percent", "1e1"], 2, "percent must be a plain decimal number"],
      [["create", "X", "--percent", "0.00001"], 2, "percent must have at most 4"],
      [["create", "X", "--amount-cents", "1.5"], 2, "--amount-cents"],
      [["create", "X", "--volume", "--max-uses", "0"], 2, "max-uses must be from 1"],
      [["create", "X", "--volume", "--tier", "gold"], 2, "tier"],
      [
        ["create", "X", "--volume", "--from", "2027-01-01", "--until", "2026-01-01"],
        2,
        "until must be after",
      ],
      [["create", "a b", "--volume"], 2, "code must be"],
      [["create", "one", "--percent", "51"], 5, "other terms"],
      [["show", "none"], 4, "no such code"],
      [["disable", "none"], 4, "no such code"],
      [["validate", "one", ...PURCHASE, "0"], 2, "purchase-cents must be from 1"],
      [["validate", "none", ...PURCHASE, "5"], 6, "refused: there is no such code"],
      [["apply", "none", ...PURCHASE, "5"], 4, "no such code"],
      [["apply", "one", "--tenant", "acme"], 2, "--purchase-cents"],
      [["volume", ...PURCHASE, "1", "--refund-cents", "1"], 2, "cannot be used with"],
      [["volume", "--tenant", "acme", "--refund-cents", "1"], 5, "a refund can be of 0 cents"],
      [["volume", "--tenant", "acme", "--refund-cents", "0"], 2, "refund-cents must be from 1"],
    ];
    for (const [words, code, text] of cases) {
      const result = await call(...words);
      expect([result.code, result.stderr], words.join(" ")).toEqual([code, expect.stringContaining(text)]);
    }
    expect((await call("apply", "one", ...PURCHASE, "1000")).code).toBe(0);
    expect((await call("apply", "one", "--tenant", "other", "--purchase-cents", "1000")).code).toBe(6);
    const refused = await call("validate", "one", ...PURCHASE, "1000", "--json");
    expect([refused.code, JSON.parse(refused.stdout).reason]).toEqual([6, "code_exhausted"]);
  });
});
