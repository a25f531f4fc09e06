import { readFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createBilling } from "../../src/index.ts";
import { ENGINES, freshSqliteUrl } from "../support/database.ts";
import { csv, fileOf, HEADER, row, rows, run, runJson, TRACE_FOLDER } from "./program.ts";

const SERVERS = ENGINES.filter(({ name }) => name !== "sqlite memory");
const TRACE = `${TRACE_FOLDER}mooncake-conv-a.csv.gz`;
const LINES = gunzipSync(readFileSync(TRACE)).toString().trimEnd().split("\n").slice(1);

async function eventsOf(database: string, tenant = "acme") {
  const billing = createBilling({ database });
  const events = [];
  for await (const event of billing.metering.events({ tenant })) events.push(event);
  await billing.close();
  return events;
}

describe.each(SERVERS)("importing into $name", ({ freshUrl }) => {
  it("the same file twice gives duplicates only, and the same report", async () => {
    const database = ["--database", await freshUrl()];
    const first = await runJson(["import", TRACE, ...database]);
    const before = await run(["report", "--by", "tenant,day", "--json", ...database]);
    const second = await runJson(["import", TRACE, ...database]);
    const after = await run(["report", "--by", "tenant,day", "--json", ...database]);
    expect(first.json).toMatchObject({ rows: 7851, accepted: 7851, duplicates: 0 });
    expect(second.json).toMatchObject({ rows: 7851, accepted: 0, duplicates: 7851, rejections: [] });
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(after.stdout).toBe(before.stdout);
  });

  it("by two processes at once, halves or the whole, counts every row once", async () => {
    const [halves, whole] = [
      ["--database", await freshUrl()],
      ["--database", await freshUrl()],
    ];
    const first = fileOf(`${[HEADER, ...LINES.slice(0, 4000)].join("\n")}`);
    const second = fileOf(`${[HEADER, ...LINES.slice(4000)].join("\n")}`);
    const parts = await Promise.all([first, second].map((file) => runJson(["import", file, ...halves])));
    expect(parts.map(({ json }) => json.accepted)).toEqual([4000, 3851]);
    const racers = await Promise.all([TRACE, TRACE].map((file) => runJson(["import", file, ...whole])));
    expect(sum(racers.map(({ json }) => json.accepted))).toBe(7851);
    expect(sum(racers.map(({ json }) => json.duplicates))).toBe(7851);
    const reports = await Promise.all(
      [halves, whole].map((database) => run(["report", "--by", "tenant,model", "--json", ...database])),
    );
    expect(reports[0]?.stdout).toBe(reports[1]?.stdout);
    for (const database of [halves, whole]) expect((await run(["verify", ...database])).code).toBe(0);
  });
});

describe("import", () => {
  it("reads gzip by its content, plain and packed standard input, and several files", async () => {
    const text = csv(rows(3));
    const inputs = [
      { args: [fileOf(gzipSync(text), "packed.csv")] },
      { args: ["-"], stdin: text },
      { args: ["-"], stdin: gzipSync(text) },
      {
        args: [
          fileOf(Buffer.concat([gzipSync(`${HEADER}\n`), gzipSync(rows(3).join("\n"))]), "members.csv.gz"),
        ],
      },
      { args: [fileOf(csv(rows(1))), fileOf(csv(rows(3).slice(1)))] },
    ];
    for (const { args, ...options } of inputs) {
      const { code, json } = await runJson(
        ["import", ...args, "--database", await freshSqliteUrl()],
        options,
      );
      expect([code, json.rows, json.accepted]).toEqual([0, 3, 3]);
    }
  });

  it("reads a byte order mark, CRLF, quotes, doubled quotes, line breaks in quotes and blank lines", async () => {
    const database = await freshSqliteUrl();
    const text = [
      '\ufeff"id","timestamp",user,tenant,model,provider,tokens_in,tokensOut',
      '"a-1",2025-01-01T00:00:00Z,"Smith, ""Jo""",acme,"gpt-4o",openai,"100",10',
      "a-2,2025-01-01T00:00:00Z,Zoë,acme,gpt-4o,openai,,",
      'a-3,2025-01-01T00:00:00Z,"two',
      'lines",acme,gpt-4o,openai,1,1',
      'a-4,2025-01-01T00:00:00Z,"",acme,gpt-4o,openai,007,1',
      "",
      "",
    ].join("\r\n");
    const { json } = await runJson(["import", fileOf(text.trimEnd()), "--database", database]);
    expect(json.rejections).toEqual([
      { line: 4, code: "invalid_characters", message: expect.stringContaining("user") },
    ]);
    expect(json).toMatchObject({ rows: 4, accepted: 3, rejected: 1 });
    const events = await eventsOf(database);
    expect(events.map(({ id, user, tokensIn }) => [id, user, tokensIn])).toEqual([
      ["a-1", 'Smith, "Jo"', 100],
      ["a-2", "Zoë", 0],
      ["a-4", null, 7],
    ]);
    const again = await runJson(["import", fileOf(`${text}\r\n\r\n`), "--database", database]);
    expect(again.json).toMatchObject({ rows: 4, duplicates: 3 });
  });

  it("takes every field in snake_case and camelCase from JSON lines, and metadata", async () => {
    const database = await freshSqliteUrl();
    const snake = {
      event_id: "a",
      timestamp: "2025-01-01T00:00:00Z",
      tenant_id: "acme",
      debate_id: "d",
      agent_id: "g",
      workspace_id: "w",
      user_id: "u",
      type: "tokens",
      provider: "anthropic",
      model: "claude-sonnet-4",
      input_tokens: 1000,
      cached_tokens: 100,
      cache_write_tokens: 50,
      cache_write_1h_tokens: 20,
      output_tokens: 30,
      reasoning_tokens: 7,
      web_searches: 2,
      service_tier: "batch",
      quantity: 3,
      metadata: { trace: "x", ok: true },
    };
    const camel = Object.fromEntries(
      Object.entries(snake).map(([key, value]) => [
        key.replace(/_(\w)/g, (_, c: string) => c.toUpperCase()),
        value,
      ]),
    );
    const short = {
      id: "c",
      tenant: "acme",
      agent: "g",
      debate: null,
      tokensIn: 5,
      tokens_out: 6,
      user: "u",
    };
    const lines = [snake, { ...camel, eventId: "b" }, short].map((value) => JSON.stringify(value));
    const { json } = await runJson([
      "import",
      fileOf(lines.join("\n\n"), "usage.ndjson"),
      "--database",
      database,
    ]);
    expect(json).toMatchObject({ rows: 3, accepted: 3 });
    const [a, b] = await eventsOf(database);
    expect({ ...b, id: "a", costUsd: a?.costUsd, seq: undefined, recordedAt: undefined }).toMatchObject({
      ...{ id: "a", workspace: "w", user: "u", tokensIn: 1000, cacheWriteTokens: 50, reasoningTokens: 7 },
      metadata: { trace: "x", ok: true },
    });
  });

  it("finds the format by the first character where the name does not say it", async () => {
    const lines = fileOf(`\n  ${JSON.stringify({ id: "x", tenant: "acme", type: "debate" })}\n`, "usage.log");
    const table = fileOf(csv(rows(2)), "usage.txt");
    for (const [file, count] of [
      [lines, 1],
      [table, 2],
    ] as const) {
      const { json } = await runJson(["import", file, "--database", await freshSqliteUrl()]);
      expect(json.accepted).toBe(count);
    }
    const asked = ["import", table, "--format", "jsonl", "--database", await freshSqliteUrl()];
    expect((await runJson(asked)).json).toMatchObject({ accepted: 0, rejected: 3 });
  });

  it("fills the tenant of rows that name none, and of no other", async () => {
    const database = await freshSqliteUrl();
    const file = fileOf(csv([row("a", { tenant: "" }), row("b", { tenant: "globex" })]));
    const without = await runJson(["import", file, "--database", database]);
    expect(without.code).toBe(1);
    expect(without.json.rejections).toMatchObject([{ line: 2, code: "tenant_required" }]);
    const { json } = await runJson(["import", file, "--tenant", "acme", "--database", database]);
    expect(json).toMatchObject({ accepted: 1, duplicates: 1 });
    const report = await runJson(["report", "--by", "tenant", "--database", database]);
    expect(report.json.groups.map(({ key }) => key.tenant).sort()).toEqual(["acme", "globex"]);
  });

  it("reports another event under a known id as a conflict and changes nothing", async () => {
    const database = ["--database", await freshSqliteUrl()];
    await run(["import", fileOf(csv([row("a")])), ...database]);
    const file = fileOf(csv([row("b"), row("a", { tokensIn: "999" })]));
    const { code, json } = await runJson(["import", file, ...database]);
    expect(code).toBe(1);
    expect(json).toMatchObject({ rows: 2, accepted: 1, conflicts: 1, rejected: 0 });
    expect(json.rejections).toMatchObject([{ line: 3, code: "event_conflict" }]);
    expect((await runJson(["report", ...database])).json.inputTokens).toBe(200);
  });

  it("lists at most 1,000 rejections, in order, and counts all", async () => {
    const lines = rows(2500).map((line, index) => (index % 2 === 0 ? line.replace(/,10$/, ",1.5") : line));
    const files = [fileOf(csv(lines.slice(0, 10))), fileOf(csv(lines.slice(10)))];
    const { json } = await runJson(["import", ...files, "--database", await freshSqliteUrl()]);
    expect(json).toMatchObject({ rows: 2500, accepted: 1250, rejected: 1250, rejectionsTruncated: true });
    expect(json.rejections).toHaveLength(1000);
    expect(json.rejections[0]).toMatchObject({ file: files[0], line: 2 });
    expect(json.rejections[5]).toMatchObject({ file: files[1], line: 2 });
    expect(json.rejections[6]).toMatchObject({ file: files[1], line: 4 });
  });

  it("with --strict stops at the first bad row and keeps the rows before it", async () => {
    const bad = [...rows(2500), row("bad", { tokensIn: "1e3" }), ...rows(10, "later")];
    const refused = [...rows(2500), row("bad", { tokensIn: "1000000001" }), ...rows(4000, "later")];
    const first = await runJson([
      "import",
      fileOf(csv(bad)),
      "--strict",
      "--database",
      await freshSqliteUrl(),
    ]);
    expect(first.code).toBe(1);
    expect(first.json).toMatchObject({
      rows: 2501,
      accepted: 2500,
      rejected: 1,
      rejections: [{ line: 2502 }],
    });
    const second = await runJson([
      "import",
      fileOf(csv(refused)),
      "--strict",
      "--database",
      await freshSqliteUrl(),
    ]);
    expect(second.code).toBe(1);
    expect(second.json.rejections).toMatchObject([{ line: 2502 }]);
    expect(second.json.rows).toBeLessThan(5000);
  });

  it("adds prices before the first row, and refuses unknown models when told to", async () => {
    const prices = fileOf(
      '[{"provider":"openai","model":"gpt-4o","input":"1.5","output":0.25}]',
      "prices.json",
    );
    const database = ["--database", await freshSqliteUrl()];
    const file = fileOf(csv([row("a"), row("b", { model: "unheard-of" })]));
    const { json } = await runJson([
      "import",
      file,
      "--prices",
      prices,
      "--unknown-model",
      "refuse",
      ...database,
    ]);
    expect(json.rejections).toMatchObject([{ line: 3, code: "unknown_model" }]);
    expect((await runJson(["report", ...database])).json.totalCostUsd).toBe("0.0001525");
  });

  it("says what happened in words, without a bar where nobody looks", async () => {
    const file = fileOf(csv([...rows(3), "x"]));
    const { code, stdout, stderr } = await run(["import", file, "--database", await freshSqliteUrl()]);
    expect(code).toBe(1);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^Read 4 rows in [\d.]+ s/);
    expect(stdout).toContain("line 5: the row has 1 fields, the header names 10 (field_count)");
  });
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
