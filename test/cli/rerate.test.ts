import { describe, expect, it } from "vitest";
import { freshSqliteUrl } from "../support/database.ts";
import { csv, fileOf, row, run, runJson } from "./program.ts";

const JANUARY = ["--from", "2025-01-01", "--to", "2025-02-01"];

/** Calls of two tenants on record, and prices that came later. */
async function recorded(): Promise<string[]> {
  const database = ["--database", await freshSqliteUrl()];
  const million = { tokensIn: "1000000" };
  const lines = [
    row("a", million),
    row("b", { ...million, model: "gpt-4o-mini" }),
    row("a", { ...million, tenant: "globex" }),
  ];
  await run(["import", fileOf(csv(lines)), ...database]);
  await run(["prices", "rules", "add", "--tenant", "acme", "--percent", "10", ...database]);
  await run([
    ...["prices", "rules", "add", "--all-tenants", "--for", "cost"],
    ...["--provider", "openai", "--model", "gpt-4o", "--percent", "-50", ...database],
  ]);
  return database;
}

async function totals(database: readonly string[]): Promise<unknown> {
  const { json } = await runJson(["report", "--charge", ...database]);
  const { totalCostUsd, totalChargeUsd } = json as unknown as Record<string, string>;
  return [totalCostUsd, totalChargeUsd];
}

describe("rerate", () => {
  it("without --apply shows the differences per tenant, says so and changes nothing", async () => {
    const database = await recorded();
    const before = await totals(database);
    const { code, stdout, stderr } = await run(["rerate", ...JANUARY, "--reason", "unused", ...database]);
    expect([code, stderr]).toEqual([0, ""]);
    const lines = stdout.split("\n").map((line) => line.split(/ {2,}/));
    expect(lines[0]).toEqual([
      ...["tenant", "events", "cost before", "cost after", "cost difference"],
      ...["charge before", "charge after", "charge difference"],
    ]);
    expect(lines[2]).toEqual([
      ...["acme", "2", "$2.6501060", "$1.4000560", "-$1.2500500"],
      ...["$2.6501060", "$1.5400616", "-$1.1100444"],
    ]);
    expect(lines[5]?.slice(0, 5)).toEqual(["total", "3", "$5.1502060", "$2.6501060", "-$2.5001000"]);
    expect(stdout).toMatch(/\n3 events examined, 3 would change\n/);
    expect(stdout).toContain("dry run: nothing was changed; --apply --reason TEXT to apply");
    expect(await totals(database)).toEqual(before);
    expect((await run(["adjustments", "list", "--tenant", "acme", ...database])).stdout).toBe(
      "no adjustments\n",
    );
  });

  it("with --apply does what the dry run showed, once, under an entry that says why", async () => {
    const database = await recorded();
    const dry = (await runJson(["rerate", ...JANUARY, ...database])).json as unknown as Rerated;
    const apply = ["rerate", ...JANUARY, "--apply", "--reason", "signed late", "--id", "c-1", ...database];
    const applied = (await runJson(apply)).json as unknown as Rerated;
    expect([dry.id, dry.dryRun, applied.id, applied.dryRun]).toEqual([null, true, "c-1", false]);
    expect(applied.tenants).toEqual(dry.tenants);
    expect(applied.total).toEqual(dry.total);
    expect(dry.tenants).toEqual([
      {
        ...{ tenant: "acme", events: 2 },
        ...{ costBeforeUsd: "2.650106", costAfterUsd: "1.400056", costDifferenceUsd: "-1.25005" },
        ...{ chargeBeforeUsd: "2.650106", chargeAfterUsd: "1.5400616", chargeDifferenceUsd: "-1.1100444" },
      },
      {
        ...{ tenant: "globex", events: 1 },
        ...{ costBeforeUsd: "2.5001", costAfterUsd: "1.25005", costDifferenceUsd: "-1.25005" },
        ...{ chargeBeforeUsd: "2.5001", chargeAfterUsd: "1.25005", chargeDifferenceUsd: "-1.25005" },
      },
    ]);
    expect(await totals(database)).toEqual(["2.650106", "2.7901116"]);
    const again = await run(apply);
    expect([again.code, again.stdout]).toEqual([
      0,
      "0 events examined, 0 changed\nnothing differs; c-1 is on record\n",
    ]);
    const list = await run(["adjustments", "list", "--tenant", "globex", ...database]);
    expect(list.stdout).toMatch(/rerating +c-1 +signed late\n/);
    expect((await run(["verify", ...database])).code).toBe(0);
  });

  it("looks only at the tenant, provider, model and period that it is told", async () => {
    const database = await recorded();
    const events = async (...args: string[]) => {
      const { json } = await runJson(["rerate", ...args, ...database]);
      return (json as unknown as Rerated).tenants.map(({ tenant, events }) => [tenant, events]);
    };
    expect(await events(...JANUARY, "--tenant", "globex")).toEqual([["globex", 1]]);
    expect(await events(...JANUARY, "--model", "gpt-4o-mini")).toEqual([["acme", 1]]);
    expect(await events(...JANUARY, "--provider", "anthropic")).toEqual([]);
    expect(await events("--from", "2025-01-02", "--to", "2025-02-01")).toEqual([]);
  });

  it("answers wrong input with one clear sentence and changes nothing", async () => {
    const database = await recorded();
    const cases: [args: readonly string[], code: number, message: RegExp][] = [
      [[], 2, /--from/],
      [["--from", "2025-01-01"], 2, /--to/],
      [["--from", "2025-01-01", "--to", "soon"], 2, /to must be/],
      [["--from", "2025-01-02", "--to", "2025-01-02"], 2, /to must be after from/],
      [[...JANUARY, "--apply"], 2, /reason is required/],
      [[...JANUARY, "--tenant", ""], 2, /--tenant must not be empty/],
      [[...JANUARY, "--apply", "--reason", "x", "--id", ""], 2, /id must be/],
      [[...JANUARY, "--unknown-model", "guess"], 2, /Allowed choices/],
    ];
    await Promise.all(
      cases.map(async ([args, code, message]) => {
        const ended = await run(["rerate", ...args, ...database]);
        expect([ended.code, ended.stdout], args.join(" ")).toEqual([code, ""]);
        expect(ended.stderr).toMatch(message);
        expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
      }),
    );
    expect((await run(["rerate", ...JANUARY, "--database", await freshSqliteUrl()])).code).toBe(4);
    expect((await run(["adjustments", "list", "--tenant", "acme", ...database])).stdout).toBe(
      "no adjustments\n",
    );
  });
});

interface Rerated {
  readonly id: string | null;
  readonly dryRun: boolean;
  readonly total: unknown;
  readonly tenants: readonly { readonly tenant: string; readonly events: number }[];
}
