import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { freshFolder, freshSqliteUrl } from "../support/database.ts";
import { csv, fileOf, HEADER, row, rows, run, runJson } from "./program.ts";

async function importing(file: string, ...args: readonly string[]) {
  const database = ["--database", await freshSqliteUrl()];
  return { ...(await runJson(["import", file, ...database, ...args])), database };
}

describe("a bad row", () => {
  it("in CSV is rejected with its line and column, and the good ones are in", async () => {
    const numbers = ["1.5", "-1", "1e3", "NaN", " 7", "0x10", "9007199254740992", "１２", "+1", "1_000"];
    const bad = numbers.map((tokensIn, index) => row(`n-${index}`, { tokensIn }));
    const good = rows(3);
    const lines = [
      ...[good[0], ...bad],
      row(""),
      "too,few",
      `${row("many")},1`,
      row("future").replace("2025-", "2999-"),
      row("zone").replace("Z,", ","),
      row("day").replace("2025-01-01", "2025-02-29"),
      row("cached").replace(",100,0,", ",100,101,"),
      row("bel\u0007l"),
      'a"b,c',
      '"a"b,c',
      `${"x".repeat(300)}${row("")}`,
      good[1],
      row("open").replace("acme", '"acme'),
      good[2],
    ] as string[];
    const { code, json, database } = await importing(fileOf(csv(lines)));
    expect(code).toBe(1);
    expect(json).toMatchObject({ rows: lines.length, accepted: 3, rejected: lines.length - 3 });
    const codes = json.rejections.map(({ line, code }) => [line, code]);
    expect(codes).toEqual([
      ...numbers.map((_, index) => [3 + index, "invalid_count"]),
      ...[
        "id_required",
        "field_count",
        "field_count",
        "timestamp_in_future",
        "timestamp_without_zone",
        "invalid_timestamp",
        "cached_exceeds_input",
        "invalid_characters",
        "invalid_csv",
        "invalid_csv",
        "too_long",
      ].map((name, index) => [13 + index, name]),
      [25, "invalid_csv"],
    ]);
    expect(json.rejections[0]?.message).toContain("input_tokens");
    expect(json.rejections[10]?.message).toMatch(/count it twice/);
    const report = await runJson(["report", ...database]);
    expect(report.json.events).toBe(3);
  });

  it("in JSON lines is rejected with its line, also with keys that reach for prototypes", async () => {
    const base = { id: "x", tenant: "acme", type: "debate" };
    const lines = [
      JSON.stringify({ ...base, id: "good" }),
      '{"id":"a","tenant":"acme","__proto__":{"polluted":1}}',
      '{"id":"b","tenant":"acme","constructor":{"prototype":{"polluted":1}}}',
      '{"id":"c","tenant":"acme","metadata":{"__proto__":"x"}}',
      '{"id":"d","tenant":"acme","tokens_in":9007199254740993}',
      '{"id":"e","tenant":"acme","tokens_in":"7"}',
      '{"id":"f","tenant":"acme","tokens_in":1.5}',
      '{"id":"g","tenant":"acme","tokens_in":1,"input_tokens":2}',
      '{"id":"h","tenant":"acme"',
      "[1]",
      "null",
      '{"tenant":"acme"}',
      '{"id":7,"tenant":"acme"}',
    ];
    const { code, json } = await importing(fileOf(lines.join("\n"), "usage.jsonl"));
    expect(code).toBe(1);
    expect(json).toMatchObject({ rows: lines.length, accepted: 1 });
    expect(json.rejections.map(({ line, code }) => [line, code])).toEqual(
      [
        "unknown_field",
        "unknown_field",
        "invalid_key",
        expect.any(String),
        expect.any(String),
        expect.any(String),
        "duplicate_field",
        "invalid_json",
        "invalid_type",
        "invalid_type",
        "id_required",
        "invalid_type",
      ].map((name, index) => [index + 2, name]),
    );
  });

  it("that is too long or no UTF-8 costs its own line only", async () => {
    const [first = "", second = "", third = ""] = rows(3);
    const long = row("long", { tenant: "x".repeat(1024 * 1024) });
    const text = Buffer.concat([
      Buffer.from(`${HEADER}\n${first}\n${long}\n${second}\n`),
      Buffer.from(`${row("latin")}`.replace("acme", "caf\u00e9"), "latin1"),
      Buffer.from(`\n${third}\n"${"open\n".repeat(260_000)}`),
    ]);
    const { json } = await importing(fileOf(text));
    expect(json.accepted).toBe(3);
    expect(json.rejections.slice(0, 3)).toMatchObject([
      { line: 3, code: "line_too_long" },
      { line: 5, code: "invalid_utf8" },
      { line: 7, code: "invalid_csv" },
    ]);
  });

  it("cannot speak to the terminal, nor can a name", async () => {
    const evil = "evil\u202e\u2066x";
    const database = ["--database", await freshSqliteUrl()];
    const file = fileOf(csv([row("a", { tenant: evil }), row("b").replace(",100,", ",\u001b[2J,")]));
    const outputs = [
      await run(["import", file, ...database]),
      await run(["report", "--by", "tenant", ...database]),
      await run(["report", "--by", "tenant", "--json", ...database]),
      await run(["import", "\u001b]0;owned\u0007.csv", ...database]),
      await run(["import", "\u001b]0;owned\u0007.csv", "--json", ...database]),
    ].map(({ stdout, stderr }) => stdout + stderr);
    expect(outputs[0]).toContain("\\u001b[2J");
    expect(outputs[1]).toContain("evil\\u202e\\u2066x");
    expect(JSON.parse(outputs[2] ?? "")).toMatchObject({ groups: [{ key: { tenant: evil } }] });
    expect(outputs[3]).toContain("\\u001b]0;owned\\u0007.csv: there is no such file");
    for (const output of outputs) expect(output).not.toMatch(/[^\P{Cc}\n]|[\u202e\u2066]/u);
  });
});

describe("a bad file", () => {
  const good = csv(rows(2));
  const gzip = gzipSync(csv(rows(20_000)), { level: 1 });
  const damaged = Buffer.from(gzipSync(good));
  damaged[damaged.length - 6] = (damaged[damaged.length - 6] ?? 0) ^ 0xff;
  it.each([
    ["an unknown column", `${HEADER},colour\n`, 2, /unknown column "colour"; accepted are id or event_id, /],
    ["the same column twice", `${HEADER},model\n`, 2, /column "model" is there twice/],
    ["no column for ids", "tenant_id,model\nacme,gpt-4o\n", 2, /there is no column id or event_id/],
    [
      "one column under two names",
      `${HEADER},tokensIn\n`,
      2,
      /"tokensIn" and "input_tokens" are the same column/,
    ],
    ["no header", `${rows(2).join("\n")}\n`, 2, /first line must name the columns/],
    ["no content", "", 2, /is empty/],
    ["blank lines only", "\n\r\n\n", 2, /is empty/],
    ["binary content", Buffer.from([0x50, 0x4b, 3, 4, 0, 0, 0, 10, 65]), 2, /is binary/],
    ["UTF-16 text", Buffer.from(`\ufeff${good}`, "utf16le"), 2, /UTF-16/],
    ["a PNG's first line", Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]), 2, /line 1.*UTF-8/],
    ["an open quote in its header", '"id,tenant\nx,y\n', 2, /line 1: the header cannot be read/],
  ])("with %s is refused before anything is imported", async (_, content, code, message) => {
    const url = await freshSqliteUrl();
    const files = [fileOf(good), fileOf(content)];
    const result = await runJson(["import", ...files, "--database", url]);
    expect(result.code).toBe(code);
    expect(result.json.error).toMatchObject({
      kind: "invalid_input",
      message: expect.stringMatching(message),
    });
    expect(result.json.error.message).toContain(files[1]);
    expect(result.stderr).toMatch(/^error: [^\n]+\n$/);
    expect((await run(["report", "--database", url])).code).toBe(4);
  });

  it("that is a JSON list is refused with the remedy", async () => {
    const { json, code } = await importing(fileOf('[{"id":"x"}]', "usage.json"));
    expect([code, json.error.code]).toEqual([2, "json_list"]);
  });

  it("with a header only is an import of no rows", async () => {
    const { json, code } = await importing(fileOf(HEADER));
    expect([code, json.rows, json.rejections]).toEqual([0, 0, []]);
  });

  it("that is not there is not found, and a folder is refused", async () => {
    const missing = await importing(join(freshFolder(), "none.csv"));
    expect([missing.code, missing.json.error.code]).toEqual([4, "file_not_found"]);
    const folder = join(freshFolder(), "folder.csv");
    mkdirSync(folder);
    const refused = await importing(folder);
    expect([refused.code, refused.json.error.code]).toEqual([2, "file_unreadable"]);
  });

  it("named .gz that is no gzip is refused", async () => {
    const { code, json } = await importing(fileOf(good, "usage.csv.gz"));
    expect([code, json.error.code]).toEqual([2, "corrupt_gzip"]);
  });

  it("that is cut short keeps the whole rows before the cut, and says so", async () => {
    const { code, json, stderr, database } = await importing(
      fileOf(gzip.subarray(0, gzip.length / 2), "cut.csv.gz"),
    );
    expect(code).toBe(2);
    expect(json.error.code).toBe("corrupt_gzip");
    expect(stderr).toMatch(/^error: .*cut\.csv\.gz is cut short.*\n$/);
    expect(json.accepted).toBeGreaterThan(5_000);
    expect(json).toMatchObject({ rows: json.accepted, rejected: 0 });
    const report = await runJson(["report", ...database]);
    expect(report.json).toMatchObject({ events: json.accepted, inputTokens: 100 * json.accepted });
  });

  it("that fails its checksum says so", async () => {
    const { code, json } = await importing(fileOf(damaged, "damaged.csv.gz"));
    expect([code, json.error.code]).toEqual([2, "corrupt_gzip"]);
  });
});

describe("a bad price file", () => {
  it.each([
    ["no JSON", "{", /is not valid JSON/],
    ["no list", '{"provider":"x"}', /must hold a JSON list/],
    [
      "an unknown field",
      '[{"provider":"a","model":"b","input":"1","output":"1","inptu":"1"}]',
      /prices\[0\].*inptu/,
    ],
    ["too many digits", '[{"provider":"a","model":"b","input":0.12345678901234567,"output":"1"}]', /as text/],
    ["a negative price", '[{"provider":"a","model":"b","input":"-1","output":"1"}]', /prices\[0\]\.input/],
  ])("with %s is refused and nothing is imported", async (_, content, message) => {
    const database = ["--database", await freshSqliteUrl()];
    const prices = fileOf(content, "prices.json");
    const { code, json } = await runJson(["import", fileOf(csv(rows(1))), "--prices", prices, ...database]);
    expect(code).toBe(2);
    expect(json.error.message).toMatch(message);
    const report = await runJson(["report", ...database]);
    expect(report.json.events ?? 0).toBe(0);
  });
});
