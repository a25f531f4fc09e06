import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { ListedPrice, PriceListDiff } from "../../src/domain/pricing/index.ts";
import { freshSqliteUrl } from "../support/database.ts";
import { fileOf, type RunOptions, run, runJson } from "./program.ts";

const FOLDER = new URL("../../data/prices/", import.meta.url);
const LITELLM = fileURLToPath(new URL("litellm.json.gz", FOLDER));
const GENAI = fileURLToPath(new URL("genai-prices-v2.json.gz", FOLDER));
const GPT = { litellm_provider: "openai", input_cost_per_token: 2.5e-6, output_cost_per_token: 1e-5 };

const list = (models: Readonly<Record<string, unknown>>) => fileOf(JSON.stringify(models), "list.json");

async function imported(args: readonly string[], options: RunOptions = {}): Promise<PriceListDiff> {
  const { json } = await runJson(["prices", ...args], options);
  return json as unknown as PriceListDiff;
}

async function history(model: string, database: readonly string[]): Promise<readonly ListedPrice[]> {
  const { json } = await runJson(["prices", "history", model, ...database]);
  return json as unknown as readonly ListedPrice[];
}

describe("prices import", () => {
  it("takes over a whole list once, packed or not, from a file or a pipe", async () => {
    const database = ["--database", await freshSqliteUrl()];
    const first = await run(["prices", "import", "--from", "genai", GENAI, ...database]);
    expect(first.stderr).toBe("");
    expect(first.code).toBe(0);
    const lines = first.stdout.split("\n");
    expect(lines[0]).toBe("genai-prices: 1,307 models added, 0 changed, 0 gone, 0 unchanged");
    expect(lines[1]).toBe("159 skipped: 157 no prices; 2 priced by time of day");
    expect(first.stdout).toContain("… and 1,287 more");
    expect(lines.length).toBeLessThan(40);
    const again = await imported(["import", "--from", "genai", GENAI, ...database]);
    expect(again).toMatchObject({ added: [], changed: [], gone: [], unchanged: 1307 });
    const text = JSON.stringify({ "gpt-x": GPT });
    const piped = ["import", "--from", "litellm", "-", ...database];
    expect((await imported(piped, { stdin: gzipSync(text) })).added).toHaveLength(1);
    expect((await imported(piped, { stdin: text })).unchanged).toBe(1);
  });

  it("shows what a dry run or diff would change, and creates no database for it", async () => {
    const url = await freshSqliteUrl();
    const database = ["--database", url];
    const diff = await imported(["diff", "--from", "litellm", LITELLM, ...database]);
    expect([diff.added.length, diff.skipped.length, diff.rounded.length]).toEqual([2421, 564, 31]);
    const dry = await run(["prices", "import", "--from", "litellm", LITELLM, "--dry-run", ...database]);
    expect(dry.stdout).toContain(
      "2,421 models added, 0 changed, 0 gone, 0 unchanged (dry run: nothing was written)",
    );
    expect(existsSync(url.slice("sqlite:".length))).toBe(false);
  });

  it("dates a change, shows it in percent, and tells the history", async () => {
    const database = ["--database", await freshSqliteUrl()];
    await run(["prices", "import", "--from", "litellm", list({ "gpt-x": GPT, "gpt-y": GPT }), ...database]);
    const changed = list({ "gpt-x": { ...GPT, input_cost_per_token: 3e-6 } });
    const args = [
      "prices",
      "import",
      "--from",
      "litellm",
      changed,
      "--effective-from",
      "2030-01-01",
      ...database,
    ];
    const { stdout } = await run(args);
    expect(stdout).toMatch(/openai\/gpt-x +input +2\.5 +3 +\+20\n/);
    expect(stdout).toMatch(/gone \(still in the book\)\n-+\nopenai\/gpt-y\n/);
    const entries = await history("openai/gpt-x", database);
    expect(entries.map(({ layer, input, effectiveFrom }) => [layer, input, effectiveFrom])).toEqual([
      ["list", "3", "2030-01-01T00:00:00.000Z"],
      ["list", "2.5", undefined],
    ]);
    expect((await run(["prices", "history", "openai/gpt-x", ...database])).stdout).toMatch(
      /3 .*2030-01-01 +list/,
    );
    expect((await runJson(["prices", "history", "openai/none"])).json.error.code).toBe("price_not_found");
  });

  it("adds everything once when two processes import at once", async () => {
    const database = ["--database", await freshSqliteUrl()];
    const args = ["import", "--from", "litellm", LITELLM, ...database];
    const diffs = await Promise.all([imported(args), imported(args)]);
    expect(diffs.map(({ added, unchanged }) => added.length + unchanged)).toEqual([2421, 2421]);
    expect(diffs.map(({ added }) => added.length).sort()).toEqual([0, 2421]);
    expect(await history("openai/gpt-4o", database)).toHaveLength(2);
  });

  it("ends in one clear error for what is no price list", async () => {
    const database = ["--database", await freshSqliteUrl()];
    const attempts: [args: readonly string[], code: number, message: RegExp][] = [
      [["--from", "litellm", fileOf("{", "list.json")], 2, /not valid JSON/],
      [["--from", "litellm", GENAI], 2, /must be an object/],
      [["--from", "genai", LITELLM], 2, /must be a list/],
      [["--from", "litellm", list({ a: { ...GPT, output_cost_per_token: -1 } })], 2, /is negative/],
      [["--from", "genai", fileOf(Buffer.from([0xff, 0xfe, 0x00]), "list.json")], 2, /UTF-8/],
      [["--from", "genai", fileOf("no gzip", "list.json.gz")], 2, /gzip/],
      [["--from", "genai", "nowhere.json"], 4, /no such file/],
      [["--from", "other", GENAI], 2, /Allowed choices/],
      [[GENAI], 2, /--from/],
      [["--from", "genai", GENAI, "--effective-from", "soon"], 2, /effective-from/],
    ];
    await Promise.all(
      attempts.map(async ([args, code, message]) => {
        const ended = await run(["prices", "import", ...args, ...database]);
        expect([ended.code, ended.stdout], args.join(" ")).toEqual([code, ""]);
        expect(ended.stderr).toMatch(message);
        expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
      }),
    );
  });
});
