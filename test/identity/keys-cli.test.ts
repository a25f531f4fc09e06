import { describe, expect, it } from "vitest";
import { run } from "../cli/program.ts";
import { freshSqliteUrl } from "../support/database.ts";

describe("aragora-billing keys", () => {
  const KEY = /^ara_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/m;

  it("makes an operator's key, shows it once, lists and revokes it", async () => {
    const database = await freshSqliteUrl();
    const create = ["keys", "create", "--operator", "--name", "back\u001bend", "--scope", "*"];
    const made = await run([...create, "--network", "192.0.2.0/24", "--database", database]);
    expect(made).toMatchObject({ code: 2, stderr: expect.stringContaining("name must be one line") });
    const good = await run([...create.with(4, "backend"), "--database", database]);
    expect([good.code, good.stderr]).toEqual([0, ""]);
    expect(good.stdout).toMatch(KEY);

    const list = await run(["keys", "list", "--database", database]);
    expect(list.stdout).toMatch(/^key_\w{26} +\(operator\) +backend +ara_[0-9a-f]{12} +\*/m);
    expect(list.stdout).toContain("1 key");
    expect(list.stdout).not.toMatch(KEY);

    const [id = ""] = /key_\w{26}/.exec(list.stdout) ?? [];
    const revoked = await run(["keys", "revoke", id, "--database", database, "--json"]);
    expect(JSON.parse(revoked.stdout)).toMatchObject({ id, revokedAt: expect.any(String) });
    expect(revoked.stdout).not.toMatch(/[0-9a-f]{64}/);
  });

  it("says what is wrong, with the exit code of its kind", async () => {
    const database = ["--database", await freshSqliteUrl()];
    const create = ["keys", "create", "--name", "n", "--scope"];
    const operator = [...create, "*", "--operator", ...database];
    expect((await run(operator)).code).toBe(0);
    for (const [args, code, text] of [
      [[...create, "*", ...database], 2, "say whose key it is"],
      [[...create, "*", "--operator", "--tenant", "acme", ...database], 2, "say whose key it is"],
      [[...create, "god", "--operator", ...database], 2, "scopes must be some of"],
      [[...create, "*", "--tenant", "acme", ...database], 4, "no such organization"],
      [["keys", "revoke", "key_1", ...database], 4, "no such API key"],
      [["keys", "list", "--database", await freshSqliteUrl()], 4, "there is no database"],
    ] as const) {
      const result = await run(args);
      expect([result.code, result.stdout]).toEqual([code, ""]);
      expect(result.stderr).toContain(text);
    }
  });
});
