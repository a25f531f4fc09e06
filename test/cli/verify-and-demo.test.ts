import { existsSync, readdirSync } from "node:fs";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { freshFolder, freshSqliteUrl } from "../support/database.ts";
import { csv, fileOf, rows, run, runJson } from "./program.ts";

describe("verify", () => {
  it("finds nothing, then the row that was changed behind its back", async () => {
    const url = await freshSqliteUrl();
    await run(["import", fileOf(csv(rows(10))), "--database", url]);
    const before = await runJson(["verify", "--database", url]);
    expect([before.code, before.json]).toEqual([0, { ok: true, events: 10, differences: [] }]);
    const database = new Database(url.slice("sqlite:".length));
    database.exec("UPDATE usage_events SET output_tokens = output_tokens + 1 WHERE id = 'call-3'");
    database.close();
    const after = await runJson(["verify", "--database", url]);
    expect(after.code).toBe(1);
    expect(after.json).toMatchObject({ ok: false, events: 10 });
    expect(after.json.differences.join("\n")).toContain("call-3");
    const text = await run(["verify", "--database", url]);
    expect([text.code, text.stderr]).toEqual([1, ""]);
    expect(text.stdout).toMatch(/call-3[\s\S]*not ok: /);
  });

  it("and report do not create the database they are asked about", async () => {
    const url = await freshSqliteUrl();
    for (const command of ["verify", "report"]) {
      const { code, json, stderr } = await runJson([command, "--database", url]);
      expect([code, json.error.code]).toEqual([4, "database_not_found"]);
      expect(stderr).toMatch(/--database/);
    }
    expect(existsSync(url.slice("sqlite:".length))).toBe(false);
  });
});

describe("demo", () => {
  it("prints a verified bill and leaves nothing behind", async () => {
    const folder = freshFolder();
    const { code, stdout, stderr } = await run(["demo"], {
      env: { TMPDIR: folder, TEMP: folder, TMP: folder },
    });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/52,956 calls, exact/);
    expect(stdout).toMatch(/ok: 52,956 events recomputed/);
    expect(stdout).toMatch(/aragora-billing report --by day/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("with a database and --json keeps what it imported", async () => {
    const database = ["--database", await freshSqliteUrl()];
    const { code, json } = await runJson(["demo", ...database]);
    expect(code).toBe(0);
    expect(json.import).toMatchObject({ rows: 52956, accepted: 52956 });
    expect(json.verify).toEqual({ ok: true, events: 52956, differences: [] });
    const report = await runJson(["report", "--by", "tenant,model", ...database]);
    expect(json.report).toEqual(report.json);
    expect(json.report).toMatchObject({ events: 52956, inputTokens: 227891751, outputTokens: 13184276 });
  });
});
