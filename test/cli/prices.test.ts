import { describe, expect, it } from "vitest";
import { freshSqliteUrl } from "../support/database.ts";
import { fileOf, run, runJson } from "./program.ts";

const OWN = {
  provider: "openai",
  model: "gpt-4o",
  input: "2.00",
  output: "8",
  effectiveFrom: "2026-01-01T00:00:00Z",
};

describe("prices", () => {
  it("lists and shows the shipped prices before there is a database", async () => {
    const list = await runJson(["prices", "list"]);
    expect(list.code).toBe(0);
    expect(list.json).toContainEqual(
      expect.objectContaining({ model: "gpt-4o-mini", input: "0.15", layer: "shipped" }),
    );
    expect((await run(["prices", "list"])).stdout).toMatch(
      /openai\/gpt-4o-mini +0\.15 +0\.075 +0\.6 +shipped/,
    );
    const show = await runJson(["prices", "show", "anthropic/claude-sonnet-4-0"]);
    expect(show.json).toMatchObject({ model: "claude-sonnet-4", output: "15" });
  });

  it("adds entries once and shows the one in force at a time", async () => {
    const database = ["--database", await freshSqliteUrl()];
    const file = fileOf(JSON.stringify([OWN]), "prices.json");
    expect((await runJson(["prices", "add", file, ...database])).json).toEqual({ added: 1, unchanged: 0 });
    expect((await run(["prices", "add", file, ...database])).stdout).toBe("0 entries added, 1 unchanged\n");
    const [before, after] = await Promise.all(
      ["2025-12-31", "2026-01-01"].map((at) =>
        runJson(["prices", "show", "openai/gpt-4o", "--at", at, ...database]),
      ),
    );
    expect([before?.json.input, after?.json.input]).toEqual(["2.5", "2"]);
    const other = fileOf(JSON.stringify([{ ...OWN, input: "3" }]), "prices.json");
    const conflict = await runJson(["prices", "add", other, ...database]);
    expect([conflict.code, conflict.json.error.code]).toEqual([5, "price_exists"]);
  });

  it("has no price of an unknown model, and no book in a database that is not there", async () => {
    const unknown = await runJson(["prices", "show", "openai/none"]);
    expect([unknown.code, unknown.json.error.code]).toEqual([4, "price_not_found"]);
    const missing = await runJson(["prices", "list", "--database", await freshSqliteUrl()]);
    expect([missing.code, missing.json.error.code]).toEqual([4, "database_not_found"]);
    expect((await run(["prices", "show", "gpt-4o"])).code).toBe(2);
  });
});
