import { describe, expect, it } from "vitest";
import { freshSqliteUrl } from "../support/database.ts";
import { csv, fileOf, row, run, runJson } from "./program.ts";

const prices = (content: unknown) => fileOf(JSON.stringify(content), "prices.json");

describe("prices rules", () => {
  it("are added once, listed, and price what is imported after them", async () => {
    const database = ["--database", await freshSqliteUrl()];
    const add = (...args: string[]) => run(["prices", "rules", "add", ...args, ...database]);
    const own = prices({
      input: "4",
      output: "16.5",
      bands: [{ aboveInputTokens: 200_000, input: "8", output: "9" }],
    });
    const markup = ["--tenant", "acme", "--percent", "20", "--fee", "0.001", "--from", "2025-01-01"];
    expect((await add(...markup, "--to", "2026-01-01", "--note", "order 17")).stdout).toBe("1 rule added\n");
    await add("--tenant", "acme", "--provider", "openai", "--model", "gpt-4o-mini", "--prices", own);
    await add("--tenant", "keys-inc", "--none");
    await add("--all-tenants", "--for", "cost", "--provider", "openai", "--percent", "-7.5");
    expect((await add("--tenant", "keys-inc", "--none")).stdout).toBe("this rule is on record already\n");
    const list = await run(["prices", "rules", "list", ...database]);
    const lines = list.stdout.split("\n").map((line) => line.split(/ {2,}/));
    expect(lines[0]).toEqual([
      "for",
      "tenant",
      "provider",
      "model",
      "rule",
      "fee per call",
      "from",
      "to",
      "note",
    ]);
    expect(lines.slice(2, -1)).toEqual([
      ["charge", "acme", "(all)", "(all)", "+20 %", "$0.001", "2025-01-01", "2026-01-01", "order 17"],
      ["charge", "acme", "openai", "gpt-4o-mini", "input 4, output 16.5"],
      ["charge", "keys-inc", "(all)", "(all)", "nothing"],
      ["cost", "(all)", "openai", "(all)", "-7.5 %"],
    ]);
    const keys = (await runJson(["prices", "rules", "list", "--tenant", "keys-inc", ...database])).json;
    expect(keys).toMatchObject([
      { tenant: "keys-inc", none: true },
      { appliesTo: "cost", percent: "-7.5" },
    ]);
    const calls = [
      row("a", { tokensIn: "1000000" }),
      row("b", { model: "gpt-4o-mini" }),
      row("c", { tenant: "keys-inc" }),
    ];
    await run(["import", fileOf(csv(calls)), ...database]);
    const { json } = await runJson(["report", "--charge", "--by", "tenant,model", ...database]);
    const charges = json.groups as unknown as Record<string, unknown>[];
    expect(
      charges.map(({ key, costUsd, chargeUsd }) => [Object.values(key as object), costUsd, chargeUsd]),
    ).toEqual([
      [["acme", "gpt-4o"], "2.3125925", "2.776111"],
      [["keys-inc", "gpt-4o"], "0.00032375", "0"],
      [["acme", "gpt-4o-mini"], "0.000019425", "0.000565"],
    ]);
  });

  it("of a database that is not there are none, and none is created", async () => {
    expect((await run(["prices", "rules", "list"])).stdout).toBe("no rules: the charge is the cost\n");
    const missing = await run(["prices", "rules", "list", "--database", await freshSqliteUrl()]);
    expect(missing.code).toBe(4);
  });

  it("that are wrong are refused with one clear sentence", async () => {
    const database = ["--database", await freshSqliteUrl()];
    const acme = ["--tenant", "acme"];
    const cases: [args: readonly string[], code: number, message: RegExp][] = [
      [["--percent", "20"], 2, /name a tenant with --tenant, or every one with --all-tenants/],
      [[...acme, "--all-tenants", "--none"], 2, /cannot be used with/],
      [acme, 2, /say what the rule does with --percent, --prices or --none/],
      [[...acme, "--none", "--percent", "1"], 2, /cannot be used with/],
      [[...acme, "--prices", "x.json", "--percent", "1"], 2, /cannot be used with/],
      [[...acme, "--percent", "-101"], 2, /rule\.percent must be between -100 and 99900/],
      [[...acme, "--percent", "a lot"], 2, /rule\.percent must be a plain decimal/],
      [[...acme, "--none", "--fee", "-1"], 2, /rule\.feePerCall must be from 0 to 1000/],
      [[...acme, "--none", "--model", "gpt-4o"], 2, /provider is required beside model/],
      [[...acme, "--none", "--for", "fun"], 2, /Allowed choices/],
      [[...acme, "--none", "--from", "2025-02-30"], 2, /from must be/],
      [[...acme, "--none", "--from", "2025-01-02", "--to", "2025-01-01"], 2, /effectiveTo must be after/],
      [[...acme, "--prices", "none.json"], 4, /none\.json: there is no such file/],
      [[...acme, "--prices", fileOf("{", "p.json")], 2, /is not valid JSON/],
      [[...acme, "--prices", prices([])], 2, /must hold a JSON object of prices/],
      [
        [...acme, "--prices", prices({ input: 2.5, output: "1" })],
        2,
        /"input" as a number; write it as text/,
      ],
      [[...acme, "--prices", prices({ input: "1" })], 2, /rule\.prices\.output/],
      [[...acme, "--prices", prices({ input: "1", output: "1", model: "x" })], 2, /unknown field "model"/],
    ];
    await Promise.all(
      cases.map(async ([args, code, message]) => {
        const ended = await run(["prices", "rules", "add", ...args, ...database]);
        expect([ended.code, ended.stdout], args.join(" ")).toEqual([code, ""]);
        expect(ended.stderr).toMatch(message);
        expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
      }),
    );
    await run(["prices", "rules", "add", ...acme, "--none", ...database]);
    const other = await runJson(["prices", "rules", "add", ...acme, "--percent", "1", ...database]);
    expect([other.code, other.json.error.code]).toEqual([5, "price_rule_exists"]);
  });
});
