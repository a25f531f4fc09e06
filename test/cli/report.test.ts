import { describe, expect, it } from "vitest";
import { freshSqliteUrl } from "../support/database.ts";
import { fileOf, run, runJson, TRACE_FOLDER } from "./program.ts";

const TRACE = `${TRACE_FOLDER}mooncake-conv-a.csv.gz`;

async function withLines(lines: readonly object[]): Promise<string[]> {
  const database = ["--database", await freshSqliteUrl()];
  const file = fileOf(lines.map((line) => JSON.stringify(line)).join("\n"), "usage.jsonl");
  await run(["import", file, ...database]);
  return database;
}

function call(id: string, fields: object = {}): object {
  return {
    ...{ id, tenant: "acme", timestamp: "2025-01-01T10:00:00Z", provider: "openai", model: "gpt-4o" },
    ...{ tokensIn: 1_000_000, tokensOut: 1, ...fields },
  };
}

describe("report", () => {
  it("is exact JSON of a stated shape", async () => {
    const database = await withLines([
      call("a"),
      call("b", { tenant: "globex", timestamp: "2025-01-02T00:00:00Z" }),
      call("c", { model: undefined, provider: undefined, type: "note", tokensIn: 0, tokensOut: 0 }),
    ]);
    const args = ["report", "--from", "2025-01-01", "--to", "2025-01-02T01:00:00+01:00", "--by", "model"];
    const { json } = await runJson([...args, ...database]);
    expect(json).toEqual({
      from: "2025-01-01T00:00:00.000Z",
      to: "2025-01-02T00:00:00.000Z",
      currency: "USD",
      ...{ events: 2, inputTokens: 1_000_000, cachedTokens: 0, outputTokens: 1, totalCostUsd: "2.50001" },
      groups: [
        {
          key: { model: "gpt-4o" },
          ...{ events: 1, inputTokens: 1_000_000, cachedTokens: 0, outputTokens: 1, costUsd: "2.50001" },
        },
        {
          key: { model: null },
          ...{ events: 1, inputTokens: 0, cachedTokens: 0, outputTokens: 0, costUsd: "0" },
        },
      ],
    });
    const all = await runJson(["report", ...database]);
    expect(all.json).toMatchObject({ from: null, to: null, events: 3, totalCostUsd: "5.00002", groups: [] });
    const one = await runJson(["report", "--tenant", "globex", "--by", "day,tenant", ...database]);
    expect(one.json.groups).toMatchObject([{ key: { day: "2025-01-02T00:00:00.000Z", tenant: "globex" } }]);
    expect(Object.keys(one.json.groups[0]?.key ?? {})).toEqual(["day", "tenant"]);
  });

  it("is a table with aligned, exact amounts and a total", async () => {
    const database = await withLines([call("a"), call("b", { tenant: "globex", tokensIn: 4 })]);
    const { stdout } = await run(["report", "--by", "tenant", ...database]);
    expect(stdout).toBe(
      [
        "tenant  events  input tokens  cached  output tokens      cost",
        "------  ------  ------------  ------  -------------  --------",
        "acme         1     1,000,000       0              1  $2.50001",
        "globex       1             4       0              1  $0.00002",
        "------  ------  ------------  ------  -------------  --------",
        "total        2     1,000,004       0              2  $2.50003",
        "",
      ].join("\n"),
    );
  });

  it("as CSV quotes by RFC 4180 and lets no cell of text be a formula", async () => {
    const users = ["=1+1", "+1", "-1", "@x", "＝x", "＋x", "－x", "＠x", 'a,"b"', "plain"];
    const database = await withLines(
      users.map((user, index) => call(`e-${index}`, { user, tokensIn: 9 - index })),
    );
    const { stdout } = await run(["report", "--by", "user", "--csv", ...database]);
    const lines = stdout.split("\r\n");
    expect(lines[0]).toBe("user,events,inputTokens,cachedTokens,outputTokens,costUsd");
    expect(lines.slice(1, -1).map((line) => line.replace(/(,[\d.]+){5}$/, ""))).toEqual([
      ...["'=1+1", "'+1", "'-1", "'@x", "'＝x", "'＋x", "'－x", "'＠x"],
      ...['"a,""b"""', "plain"],
    ]);
    expect(lines[1]).toBe("'=1+1,1,9,0,1,0.0000325");
    const total = await run(["report", "--csv", ...database]);
    expect(total.stdout.split("\r\n")[1]).toBe("10,45,0,10,0.0002125");
  });

  it("is byte-equal in every time zone", async () => {
    const outputs = await Promise.all(
      ["UTC", "Asia/Kathmandu", "Pacific/Kiritimati"].map(async (TZ) => {
        const database = ["--database", await freshSqliteUrl()];
        await run(["import", TRACE, ...database], { env: { TZ } });
        const args = ["report", "--from", "2025-01-06", "--by", "hour,day,week,month", "--json", ...database];
        return (await run(args, { env: { TZ } })).stdout;
      }),
    );
    expect(outputs[0]).toContain('"hour": "2025-01-06T00:00:00.000Z"');
    expect(outputs[1]).toBe(outputs[0]);
    expect(outputs[2]).toBe(outputs[0]);
  });

  it("names the option that is wrong", async () => {
    const database = await withLines([call("a")]);
    const cases = [
      [["--by", "model,colour"], /by: "colour" is no grouping; use any of tenant, /],
      [["--by", "model,model"], /by names a grouping twice/],
      [["--from", "yesterday"], /from must be/],
      [["--from", "2025-02-29"], /from must be/],
      [["--to", "2025-01-01T00:00:00"], /to must have a time and an offset/],
      [["--from", "2025-01-02", "--to", "2025-01-02"], /to must be after from/],
      [["--json", "--csv"], /cannot be used with/],
    ] as const;
    for (const [args, message] of cases) {
      const { code, stderr } = await run(["report", ...args, ...database]);
      expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
    }
  });
});
