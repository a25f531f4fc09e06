import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { freshSqliteUrl } from "../support/database.ts";
import { csv, ended, fileOf, row, rows, run, runJson, start } from "./program.ts";

describe("the program", () => {
  it("explains itself, its version and every command", async () => {
    const help = await run(["--help"]);
    expect([help.code, help.stderr]).toEqual([0, ""]);
    expect(help.stdout).toContain("Examples:");
    expect((await run(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const pages = await Promise.all(
      ["import", "report", "prices", "verify", "demo"].map((command) => run([command, "--help"])),
    );
    for (const page of pages)
      expect([page.code, page.stdout]).toEqual([0, expect.stringContaining("Example")]);
  });

  it.each([
    [[]],
    [["imprt", "x"]],
    [["import"]],
    [["report", "--jsn"]],
    [["import", "x", "--format", "xml"]],
    [["import", "x", "--tenant", ""]],
    [["import", "-", "-"]],
    [["report", "--database", "mysql://x"]],
    [["prices", "show"]],
  ])("answers wrong usage %j with one line and exit code 2", async (args) => {
    const { code, stderr } = await run(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/(^|\n)error: [^\n]+\n$/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it("gives an error as an object with --json, wrong usage too", async () => {
    const usage = await runJson(["report", "--nope"]);
    expect(usage.json).toEqual({
      error: {
        kind: "invalid_input",
        code: "usage",
        message: expect.stringContaining("--nope"),
        details: {},
      },
    });
    const grouping = await runJson(["report", "--by", "x", "--database", "sqlite::memory:"]);
    expect(grouping.json).toEqual({
      error: {
        kind: "invalid_input",
        code: "unknown_grouping",
        message: expect.any(String),
        details: { field: "by" },
      },
    });
  });

  it("never repeats a password", async () => {
    const url = "postgres://billing:hunter2secret@127.0.0.1:1/billing";
    const results = await Promise.all([
      run(["report", "--database", url]),
      run(["report", "--json", "--database", url]),
      run(["report", `--databse=${url}`]),
      run([url]),
      run(["report", "--database", url.replace(":1/", ":x/")]),
    ]);
    expect(results.map(({ code }) => code)).toEqual([7, 7, 2, 2, 2]);
    for (const { stdout, stderr } of results) expect(stdout + stderr).not.toContain("hunter2secret");
  });

  it("refuses a file of another program and leaves it alone", async () => {
    const path = fileOf(
      "not a database, but text that is longer than a header of a database would be\n".repeat(3),
    );
    const { code, stderr } = await run(["report", "--database", `sqlite:${path}`]);
    expect([code, stderr]).toEqual([5, expect.stringContaining("left untouched")]);
  });

  it("ends quietly when its reader has gone", async () => {
    const child = start(["prices", "list"]);
    child.stdout.destroy();
    const { code, stderr } = await ended(child);
    expect([code, stderr]).toEqual([0, ""]);
  });
});

describe("Ctrl-C", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "(%s) ends an import in order, and the same command again completes it",
    async (signal, exitCode) => {
      const url = await freshSqliteUrl();
      const file = fileOf(csv(rows(40_000)));
      const child = start(["import", file, "--database", url]);
      const end = ended(child);
      await hasGrown(`${url.slice("sqlite:".length)}-wal`, 1_000_000);
      child.kill(signal);
      const { code, stdout } = await end;
      expect(code).toBe(exitCode);
      expect(stdout).toContain("interrupted; run the same command again to continue");
      const before = Number(/accepted +([\d,]+)/.exec(stdout)?.[1]?.replaceAll(",", ""));
      expect(before).toBeGreaterThan(0);
      expect(before).toBeLessThan(40_000);
      const again = await runJson(["import", file, "--database", url]);
      expect(again.json).toMatchObject({ rows: 40_000, duplicates: before, accepted: 40_000 - before });
      expect((await run(["verify", "--database", url])).code).toBe(0);
    },
  );

  it("ends an import that waits for its standard input, without the half line it has", async () => {
    const url = await freshSqliteUrl();
    const child = start(["import", "-", "--json", "--database", url]);
    const end = ended(child);
    child.stdin.write(csv(rows(2_000)) + row("half").slice(0, -1));
    await hasGrown(`${url.slice("sqlite:".length)}-wal`, 300_000);
    child.kill("SIGINT");
    const { code, stdout } = await end;
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ accepted: 2_000, interrupted: true });
    expect((await runJson(["report", "--database", url])).json).toMatchObject({
      events: 2_000,
      outputTokens: 20_000,
    });
  });
});

async function hasGrown(path: string, bytes: number): Promise<void> {
  for (;;) {
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= bytes) return;
    await sleep(5);
  }
}
