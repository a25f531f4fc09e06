import { describe, expect, it } from "vitest";
import { addCreditsCommand } from "../../src/cli/credits.ts";
import { freshSqliteUrl } from "../support/database.ts";
import { runHere } from "./in-process.ts";
import { run } from "./program.ts";

/** Runs `credits` commands of one tenant on one database. */
async function cli() {
  const url = await freshSqliteUrl();
  const call = (...words: string[]) =>
    runHere(addCreditsCommand, ["credits", ...words, "--tenant", "acme", "--database", url]);
  const json = async (...words: string[]) => JSON.parse((await call(...words, "--json")).stdout);
  return { url, call, json };
}

describe("aragora-billing credits", () => {
  it("issues, uses, corrects and gives back, and shows what is left, lot by lot", async () => {
    const { call, json } = await cli();
    const bonus = await json("issue", "--type", "promotional", "--amount-cents", "100000", "--days", "10");
    expect(bonus).toMatchObject({ type: "promotional", amountCents: 100_000, actor: "cli" });
    const bought = ["issue", "--type", "purchase", "--amount-cents", "250050", "--reference", "pay_1"];
    const [first, again] = [await json(...bought), await json(...bought)];
    expect(again).toEqual(first);
    const issued = await call("issue", "--type", "refund", "--amount-cents", "1", "--until", "2999-01-01");
    expect(issued.stdout).toMatch(/^lot cred_\w+: \$0\.01, balance \$3,500\.51\n$/);
    const deduct = ["deduct", "--amount-cents", "100051", "--reference", "inv_1"];
    const taken = await call(...deduct);
    expect([taken.code, taken.stderr]).toEqual([0, ""]);
    expect(taken.stdout).toMatch(
      /^(cred_\w+) took \$1,000\.51, balance \$2,500\.00\n\$1,000\.00 of cred_\w+, \$0\.01 of cred_\w+, \$0\.50 of cred_\w+\n$/,
    );
    expect((await call(...deduct)).stdout).toBe(taken.stdout);
    const [id = ""] = taken.stdout.split(" ");
    const back = await call("reverse", id, "--amount-cents", "1", "--description", "a cent too much");
    expect(back.stdout).toMatch(/: \$0\.01, balance \$2,500\.01$/m);
    expect((await call("adjust", "--amount-cents", "-40")).stdout).toMatch(
      /: -\$0\.40, balance \$2,499\.61$/m,
    );
    const balance = await call("balance");
    expect(balance.stdout).toMatch(
      /^balance \$2,499\.61\nissued \$3,500\.51, adjusted -\$0\.40, used \$1,000\.50, expired \$0\.00, voided \$0\.00\n\nlot +type +left +of +ends\n[- ]+\ncred_\w+ +purchase +\$2,499\.61 +\$2,500\.50 +never\n$/,
    );
    expect(await json("balance")).toMatchObject({ balanceCents: 249_961, lots: [{ id: first.id }] });
    expect((await call("void", first.id)).stdout).toMatch(/: -\$2,499\.61, balance \$0\.00$/m);
    const list = await call("transactions", "--limit", "2");
    expect(list.stdout).toMatch(/adjustment +-\$2,499\.61 +\$0\.00$/m);
    expect(list.stdout).toMatch(/^2 transactions, and older ones: see --limit$/m);
    const all = await json("transactions");
    expect(all.map(({ amountCents }: { amountCents: number }) => amountCents)).toEqual([
      ...[-249_961, -40, 1, -100_051, 1, 250_050, 100_000],
    ]);
    expect((await call("transactions")).stdout).toContain("a cent too much");
  });

  it("says what is still owed, or takes nothing with --all-or-nothing: exit code 6", async () => {
    const { call, json } = await cli();
    await call("issue", "--type", "referral", "--amount-cents", "500", "--days", "3");
    const refused = await call("deduct", "--amount-cents", "501", "--all-or-nothing");
    expect([refused.code, refused.stdout]).toEqual([6, ""]);
    expect((await call("expiring")).stdout).toMatch(/referral +\$5\.00 +\$5\.00 +\d{4}-.*Z\n1 lot\n$/);
    expect(await json("expiring", "--days", "2")).toEqual([]);
    const taken = await call("deduct", "--amount-cents", "700");
    expect(taken.stdout).toMatch(/took \$5\.00, balance \$0\.00\n.*\nstill owed: \$2\.00\n$/);
  });

  it("shows and ends a top-up rule, and sets none where nobody can be asked for payments", async () => {
    const { call, json } = await cli();
    await call("issue", "--type", "purchase", "--amount-cents", "500");
    expect((await call("top-up")).stdout).toBe("no automatic top-up\n");
    const set = await call("top-up", "--threshold-cents", "100", "--amount-cents", "2000");
    expect([set.code, set.stderr]).toEqual([5, expect.stringContaining("nobody can be asked for payments")]);
    expect((await call("top-up", "--off")).code).toBe(0);
    expect(await json("top-up")).toEqual({ rule: null, topUps: [] });
  });

  it("says what is wrong by the flag's name, with the exit code of its kind, and makes no database by looking", async () => {
    const { url, call } = await cli();
    expect((await call("balance")).code).toBe(4);
    const issue = ["issue", "--type", "purchase", "--amount-cents"];
    expect((await call(...issue, "100")).code).toBe(0);
    const cases: [words: string[], code: number, text: string][] = [
      [[...issue, "1.5"], 2, "--amount-cents"],
      [[...issue, "0"], 2, "amount-cents must be from 1"],
      [[...issue, "5", "--days", "0"], 2, "days must be whole days from 1"],
      [[...issue, "5", "--until", "2020-01-01"], 2, "until must be"],
      [[...issue, "5", "--until", "soon"], 2, "until"],
      [[...issue, "5", "--until", "2999-01-01", "--days", "1"], 2, "cannot be used with"],
      [["issue", "--type", "gift", "--amount-cents", "5"], 2, "Allowed choices are promotional"],
      [["issue", "--amount-cents", "5"], 2, "--type"],
      [["deduct"], 2, "--amount-cents"],
      [["expiring", "--days", "0"], 2, "days must be"],
      [["adjust", "--amount-cents", "-101"], 6, "credit"],
      [["adjust", "--amount-cents", "-1", "--days", "5"], 2, "leave"],
      [["void", "none"], 4, "lot"],
      [["reverse", "none"], 4, "transaction"],
      [["top-up", "--threshold-cents", "5"], 2, "both --threshold-cents and --amount-cents"],
      [["top-up", "--threshold-cents", "5", "--amount-cents", "0"], 2, "amount-cents must be from 1"],
    ];
    for (const [words, code, text] of cases) {
      const result = await call(...words);
      expect([result.code, result.stderr], words.join(" ")).toEqual([code, expect.stringContaining(text)]);
    }
    expect((await run(["credits", "balance", "--database", url])).stderr).toContain("--tenant");
    const other = await run(["credits", "balance", "--tenant", "other", "--database", url]);
    expect(other.stdout).toContain("balance $0.00");
  });
});
