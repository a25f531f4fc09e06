import { createHash } from "node:crypto";
import { Decimal } from "decimal.js";
import { describe, expect, it } from "vitest";
import { ENGINES, type TestEngine } from "../support/database.ts";
import { type CacheRule, pricesFor, TRACES, type Truth } from "../support/traces.ts";
import { fileOf, type PrintedGroup, runJson, TRACE_FOLDER } from "./program.ts";

/** One rule per engine, as test/traces.test.ts takes both of them on both. */
const PROGRAMS: readonly (readonly [string, CacheRule])[] = [
  ["sqlite", "cost_usd_ignoring_cache"],
  ["postgres", "cost_usd_cached_at_10pct"],
];
const GROUPINGS = [
  ["tenant", "by_tenant"],
  ["model", "by_model"],
  ["provider", "by_provider"],
  ["agent", "by_agent"],
  ["day", "by_day"],
  ["hour", "by_hour"],
  ["tenant,model", "by_tenant_model"],
  ["tenant,month", "by_tenant_month"],
] as const;

describe.each(PROGRAMS)("a trace on %s, with cached tokens at the price of %s", (engine, rule) => {
  const { freshUrl } = ENGINES.find(({ name }) => name === engine) as TestEngine;

  it.each(TRACES)("$dataset costs what was computed independently", async (trace) => {
    const database = ["--database", await freshUrl()];
    const imported = await runJson([
      "import",
      `${TRACE_FOLDER}${trace.file}`,
      ...database,
      "--prices",
      fileOf(JSON.stringify(pricesFor(rule)), "prices.json"),
    ]);
    expect(imported.json).toMatchObject({ accepted: trace.total.events, rejected: 0, conflicts: 0 });
    const total = await runJson(["report", ...database]);
    expect(sumsOf(total.json, total.json.totalCostUsd)).toEqual(expected(trace.total, rule));
    const sets = GROUPINGS.filter(([, name]) => trace[name] !== undefined);
    expect(sets.length).toBeGreaterThanOrEqual(7);
    await Promise.all(
      sets.map(async ([by, name]) => {
        const { json } = await runJson(["report", "--by", by, ...database]);
        const found = json.groups.map((group) => [keyText(by, group.key), sumsOf(group, group.costUsd)]);
        const truths = Object.entries(trace[name] ?? {});
        const wanted = truths.map(([key, sums]) => [key, expected(sums, rule)]);
        expect(Object.fromEntries(found), `${by} of ${trace.dataset}`).toEqual(Object.fromEntries(wanted));
        expect(found).toHaveLength(wanted.length);
      }),
    );
    if (rule === "cost_usd_ignoring_cache") {
      const { json } = await runJson(["report", "--by", "debate", ...database]);
      expect(digestOfDebates(json.groups)).toBe(trace.by_debate_sha256);
    }
  });
});

function expected(sums: Truth, rule: CacheRule) {
  const { events, input_tokens, cached_tokens, output_tokens } = sums;
  return { events, input_tokens, cached_tokens, output_tokens, cost: new Decimal(sums[rule]).toFixed() };
}

function sumsOf(report: Omit<PrintedGroup, "costUsd" | "key">, cost: string) {
  const { events, inputTokens, cachedTokens, outputTokens } = report;
  return {
    events,
    input_tokens: inputTokens,
    cached_tokens: cachedTokens,
    output_tokens: outputTokens,
    cost,
  };
}

/** By the rule that truth.json states. */
function digestOfDebates(groups: readonly PrintedGroup[]): string {
  const lines = groups.map(({ key, costUsd }) => `${key.debate},${new Decimal(costUsd).toFixed(9)}`).sort();
  return createHash("sha256").update(lines.join("\n")).digest("hex");
}

function keyText(by: string, key: PrintedGroup["key"]): string {
  const values = by.split(",").map((name) => key[name] ?? "");
  if (by === "day") return values[0]?.slice(0, 10) ?? "";
  if (by === "tenant,month") return `${values[0]}|${values[1]?.slice(0, 7)}`;
  if (by === "hour") return values[0]?.slice(0, 13) ?? "";
  return values.join("|");
}
