import { beforeAll, describe, expect, it } from "vitest";
import { freshSqliteUrl } from "../support/database.ts";
import { fileOf, run, runJson } from "./program.ts";

const CALLS = [
  { id: "a", tokens_in: 100_000, provider_cost_usd: "0.2" },
  { id: "b", tokens_in: 100_000, timestamp: "2025-01-02T00:00:00Z" },
  { id: "c", tokens_in: 3, provider_cost_usd: "0.0000085", model: "gpt-4o-mini" },
  { id: "d", tokens_in: 100_000, provider_cost_usd: "0.25", tenant: "globex" },
];

const database: string[] = [];

beforeAll(async () => {
  database.push("--database", await freshSqliteUrl());
  const lines = CALLS.map((call) =>
    JSON.stringify({
      ...{ tenant: "acme", timestamp: "2025-01-01T10:00:00Z", provider: "openai", model: "gpt-4o" },
      ...call,
    }),
  );
  await run(["import", fileOf(lines.join("\n"), "usage.jsonl"), ...database]);
});

describe("report --reconcile", () => {
  it("is a table that says which column is what, with a total", async () => {
    const { code, stdout } = await run(["report", "--reconcile", "--by", "model", ...database]);
    expect(code).toBe(0);
    expect(stdout.split("\n")).toEqual([
      "model        events  with provider's cost     our cost  provider's cost    difference  capture rate",
      "-----------  ------  --------------------  -----------  ---------------  ------------  ------------",
      "gpt-4o            3                     2  $0.50000000      $0.45000000   $0.05000000      1.111111",
      "gpt-4o-mini       1                     1  $0.00000045      $0.00000850  -$0.00000805      0.052941",
      "-----------  ------  --------------------  -----------  ---------------  ------------  ------------",
      "total             4                     3  $0.50000045      $0.45000850   $0.04999195      1.111091",
      "",
      expect.stringContaining("difference: ours minus the provider's; capture rate: ours / the provider's"),
      "",
    ]);
  });

  it("is exact JSON, of one tenant or all, of a period", async () => {
    const period = ["--from", "2025-01-01", "--to", "2025-01-02"];
    const { json } = await runJson(["report", "--reconcile", "--by", "tenant,day", ...period, ...database]);
    const day = "2025-01-01T00:00:00.000Z";
    expect(json).toEqual({
      ...{ from: day, to: "2025-01-02T00:00:00.000Z", currency: "USD" },
      total: {
        ...{ events: 3, reconciledEvents: 3, costUsd: "0.50000045", providerCostUsd: "0.4500085" },
        ...{ differenceUsd: "0.04999195", captureRate: "1.111091" },
      },
      groups: [
        {
          key: { tenant: "acme", day },
          ...{ events: 2, reconciledEvents: 2, costUsd: "0.25000045", providerCostUsd: "0.2000085" },
          ...{ differenceUsd: "0.04999195", captureRate: "1.249949" },
        },
        {
          key: { tenant: "globex", day },
          ...{ events: 1, reconciledEvents: 1, costUsd: "0.25", providerCostUsd: "0.25" },
          ...{ differenceUsd: "0", captureRate: "1" },
        },
      ],
    });
    const own = await runJson(["report", "--reconcile", "--tenant", "globex", ...database]);
    expect(own.json).toMatchObject({ total: { events: 1, providerCostUsd: "0.25" }, groups: [] });
  });

  it("is CSV with an empty cell where there is no rate", async () => {
    const args = ["report", "--reconcile", "--by", "tenant,day", "--tenant", "acme", "--csv", ...database];
    expect((await run(args)).stdout.split("\r\n")).toEqual([
      "tenant,day,events,reconciledEvents,costUsd,providerCostUsd,differenceUsd,captureRate",
      "acme,2025-01-01T00:00:00.000Z,2,2,0.25000045,0.2000085,0.04999195,1.249949",
      "acme,2025-01-02T00:00:00.000Z,1,0,0,0,0,",
      "",
    ]);
  });

  it("names what it cannot do", async () => {
    const cases = [
      [["--by", "user"], /by: "user" is no grouping of a reconciliation; use any of tenant, provider/],
      [["--charge"], /cannot be used with/],
      [["--to", "soon"], /to must be/],
    ] as const;
    await Promise.all(
      cases.map(async ([args, message]) => {
        const { code, stdout, stderr } = await run(["report", "--reconcile", ...args, ...database]);
        expect([code, stdout]).toEqual([2, ""]);
        expect(stderr).toMatch(message);
        expect(stderr.trimEnd().split("\n")).toHaveLength(1);
      }),
    );
  });
});

describe("report --charge", () => {
  it("shows the charge and the margin beside the cost, in every form", async () => {
    const database = ["--database", await freshSqliteUrl()];
    await run(["prices", "rules", "add", "--tenant", "acme", "--percent", "20", ...database]);
    await run(["prices", "rules", "add", "--tenant", "globex", "--none", ...database]);
    const line = (tenant: string) =>
      JSON.stringify({ id: "a", tenant, timestamp: "2025-01-01T00:00:00Z", ...GPT, tokens_in: 1_000_000 });
    await run(["import", fileOf(`${line("acme")}\n${line("globex")}`, "usage.jsonl"), ...database]);
    const args = ["report", "--charge", "--by", "tenant", ...database];
    expect((await run(args)).stdout.split("\n")).toEqual([
      "tenant  events  input tokens  cached  output tokens   cost  charge  margin",
      "------  ------  ------------  ------  -------------  -----  ------  ------",
      "acme         1     1,000,000       0              0  $2.50   $3.00   $0.50",
      "globex       1     1,000,000       0              0  $2.50   $0.00  -$2.50",
      "------  ------  ------------  ------  -------------  -----  ------  ------",
      "total        2     2,000,000       0              0  $5.00   $3.00  -$2.00",
      "",
      "cost: what providers take from us; charge: what tenants owe us; margin: the charge minus the cost",
      "",
    ]);
    expect((await run([...args, "--csv"])).stdout.split("\r\n").slice(0, 2)).toEqual([
      "tenant,events,inputTokens,cachedTokens,outputTokens,costUsd,chargeUsd,marginUsd",
      "acme,1,1000000,0,0,2.5,3,0.5",
    ]);
    const { json } = await runJson(args);
    expect(json).toMatchObject({ totalCostUsd: "5", totalChargeUsd: "3", totalMarginUsd: "-2" });
    expect(json.groups[1]).toMatchObject({ costUsd: "2.5", chargeUsd: "0", marginUsd: "-2.5" });
  });
});

const GPT = { provider: "openai", model: "gpt-4o" };
