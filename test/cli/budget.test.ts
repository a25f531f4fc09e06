import { describe, expect, it } from "vitest";
import { createBilling } from "../../src/billing.ts";
import { freshSqliteUrl } from "../support/database.ts";
import { run } from "./program.ts";

/** Runs `budget` commands of one tenant on one database. */
async function cli() {
  const url = await freshSqliteUrl();
  const call = (...words: string[]) => run(["budget", ...words, "--tenant", "acme", "--database", url]);
  const json = async (...words: string[]) => JSON.parse((await call(...words, "--json")).stdout);
  return { url, call, json };
}

describe("aragora-billing budget", () => {
  it("makes a budget, shows how far it is with a bar, and refuses with exit code 6 what does not fit", async () => {
    const { url, call, json } = await cli();
    const made = await call("create", "--name", "Engineering", "--limit", "5000", "--id", "eng");
    expect([made.code, made.stderr]).toEqual([0, ""]);
    expect(made.stdout).toMatch(
      /^eng +Engineering +monthly cost +active +\$0\.00 +\$0\.00 +\$5,000\.00 +\$5,000\.00 /m,
    );
    await call("create", "--name", "debates", "--limit", "5", "--period", "total", "--debate", "each");
    const billing = createBilling({ database: url });
    await billing.holds.recordSpend({ tenant: "acme", amountUsd: "2512.5", dimensions: { debate: "d1" } });
    await billing.holds.authorize({ tenant: "acme", estimatedCostUsd: "100" });
    await billing.close();
    const list = await call("list");
    expect(list.stdout).toMatch(
      /\$2,512\.50 +\$100\.00 +\$5,000\.00 +\$2,387\.50 +\[#{10}·{10}\] +50\.25 %$/m,
    );
    expect(list.stdout).toMatch(
      /\$2,512\.50 +\$0\.00 +\$5\.00 +\$0\.00 +\[#{20}\] 50,250\.00 % +debate d1$/m,
    );
    expect(list.stdout).toContain("2 budgets");
    const fits = await call("check", "--amount", "2387.5");
    expect([fits.code, fits.stdout.trimEnd().split("\n").at(-2)]).toEqual([0, "allowed"]);
    expect(fits.stdout).toContain('warning: the budget "Engineering" would be at or above 90 % of $5000');
    const refused = await call("check", "--amount", "2387.51");
    expect(refused.code).toBe(6);
    expect(refused.stderr).toBe(
      'error: refused: the budget "Engineering" has no room for $2387.51: $2512.5 spent and $100 held of $5000 (monthly)\n',
    );
    const asJson = await run([
      ...["budget", "check", "--tenant", "acme", "--amount", "1", "--debate", "d1"],
      ...["--database", url, "--json"],
    ]);
    expect([asJson.code, asJson.stderr]).toEqual([6, ""]);
    expect(JSON.parse(asJson.stdout)).toMatchObject({ allowed: false, reason: "budget_exceeded" });
    expect(await json("list")).toMatchObject([{ id: "eng", limit: "5000" }, { scope: { debate: "each" } }]);
  });

  it("suspends, resumes, overrides and closes, and show tells by whom and why", async () => {
    const { call, json } = await cli();
    const create = ["create", "--name", "b", "--limit", "10", "--id", "b", "--email", "cfo@acme.example"];
    await call(
      ...create,
      "--threshold",
      "80:notify",
      "--threshold",
      "100%:suspend",
      "--webhook",
      "https://h.example/p?s=1",
    );
    const check = async (...words: string[]) => (await call("check", "--amount", "11", ...words)).code;
    expect((await call("suspend", "b", "--reason", "audit")).stdout).toBe('b "b" is suspended\n');
    expect(await check()).toBe(6);
    expect((await call("resume", "b")).code).toBe(0);
    expect(await check("--user", "boss")).toBe(6);
    const grant = await json("override", "--user", "boss", "--hours", "0.5", "--budget", "b");
    expect(grant).toMatchObject({ budget: "b", user: "boss" });
    expect([await check("--user", "boss"), await check("--user", "other")]).toEqual([0, 6]);
    const shown = await call("show", "b");
    expect(shown.stdout).toContain("thresholds  80 % notify, 100 % suspend");
    expect(shown.stdout).toContain("notify      cfo@acme.example, https://h.example\n");
    expect(shown.stdout).toMatch(/suspend by cli \(audit\)$/m);
    expect((await json("show", "b")).changes.map(({ kind }: { kind: string }) => kind)).toEqual([
      ...["create", "suspend", "resume", "override"],
    ]);
    expect((await call("close", "b")).code).toBe(0);
    expect([await check(), (await json("list")).length, (await json("list", "--closed")).length]).toEqual([
      0, 0, 1,
    ]);
    expect((await call("resume", "b")).code).toBe(5);
  });

  it("counts what is no money in its own measure", async () => {
    const { url, call } = await cli();
    await call("create", "--name", "calls", "--limit", "2000", "--measure", "calls", "--period", "daily");
    const billing = createBilling({ database: url });
    const event = { tenant: "acme", provider: "openai", model: "gpt-4o", tokensIn: 1 };
    await billing.metering.record([event, event, event]);
    await billing.close();
    expect((await call("list")).stdout).toMatch(/daily calls +active +3 +0 +2,000 +1,997 /);
    const check = await call("check", "--provider", "openai", "--model", "gpt-4o", "--tokens-in", "5");
    expect(check.stdout).toMatch(/calls +3 +0 +1 +2,000 +1,997 +yes$/m);
  });

  it("says what is wrong, with the exit code of its kind, and creates no database by looking", async () => {
    const { url, call } = await cli();
    const codeOf = async (...words: string[]) => (await call(...words)).code;
    expect(await codeOf("list")).toBe(4);
    expect(await codeOf("check", "--amount", "1")).toBe(4);
    const name = ["create", "--name", "b"];
    const cases: [words: string[], text: string][] = [
      [name, "say how much with --limit, or that there is no end with --unlimited"],
      [[...name, "--limit", "-1"], "limit must not be negative"],
      [[...name, "--limit", "1e3"], "limit must be a plain decimal number"],
      [[...name, "--limit", "1", "--threshold", "50"], "--threshold must be PERCENT:ACTION"],
      [[...name, "--limit", "1", "--threshold", "0:notify"], "percent must be from 0.01 to 10000"],
      [[...name, "--limit", "1", "--period", "hourly"], "Allowed choices are daily"],
      [[...name, "--limit", "1", "--zone", "Mars/Base"], "zone"],
      [[...name, "--limit", "1", "--email", "a b"], "email must be one plain address"],
      [[...name, "--limit", "1", "--unlimited"], "cannot be used with"],
      [["override", "--user", "u"], "say how long with --hours, or until when with --until"],
      [["override", "--user", "u", "--hours", "x"], "--hours must be a number of hours"],
    ];
    const results = await Promise.all(cases.map(([words]) => call(...words)));
    expect(results.map(({ code, stderr }) => [code, stderr])).toEqual(
      cases.map(([, text]) => [2, expect.stringContaining(text)]),
    );
    expect((await call(...name, "--limit", "1", "--id", "b")).code).toBe(0);
    const codes = await Promise.all([
      codeOf("show", "none"),
      codeOf("close", "none"),
      codeOf(...name, "--limit", "2", "--id", "b"),
      codeOf("override", "--user", "u", "--until", "2020-01-01"),
    ]);
    expect(codes).toEqual([4, 4, 5, 2]);
    expect((await run(["budget", "show", "b", "--tenant", "other", "--database", url])).code).toBe(4);
    expect((await run(["budget", "list", "--database", url])).stderr).toContain("--tenant");
    expect((await run(["budget", "check", "--help"])).stdout).toContain("0 allowed, 6 refused");
  });
});
