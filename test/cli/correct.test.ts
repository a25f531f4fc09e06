import { describe, expect, it } from "vitest";
import { freshSqliteUrl } from "../support/database.ts";
import { csv, fileOf, row, run, runJson } from "./program.ts";

async function recorded(): Promise<string[]> {
  const database = ["--database", await freshSqliteUrl()];
  const lines = [row("call-1"), row("call-2"), row("call-1", { tenant: "globex" })];
  await run(["import", fileOf(csv(lines)), ...database]);
  return database;
}

const ACME = ["--tenant", "acme", "--reason", "the log says so"];

describe("correct", () => {
  it("prints the counts and the money before and after, and changes the report at once", async () => {
    const database = await recorded();
    const settings = ["--set", "output_tokens=4000", "--set", "agentId=judge", "--set", "debate="];
    const { code, stdout } = await run([
      "correct",
      "call-1",
      ...ACME,
      ...settings,
      "--id",
      "t-1",
      ...database,
    ]);
    expect(code).toBe(0);
    expect(stdout.split("\n")).toEqual([
      "field         before     after",
      "----------  --------  --------",
      "agent         critic     judge",
      "debate           d-1    (none)",
      "tokens in        100       100",
      "tokens out        10     4,000",
      "cost        $0.00035  $0.04025",
      "charge      $0.00035  $0.04025",
      "",
      "event call-1 was corrected as t-1",
      "",
    ]);
    const { json } = await runJson(["report", "--by", "tenant", ...database]);
    expect(json.groups.map(({ key, events, outputTokens }) => [key.tenant, events, outputTokens])).toEqual([
      ["acme", 2, 4_010],
      ["globex", 1, 10],
    ]);
    expect((await run(["verify", ...database])).code).toBe(0);
  });

  it("changes nothing a second time, and says so", async () => {
    const database = await recorded();
    const args = ["correct", "call-1", ...ACME, "--set", "tokens_out=11", ...database];
    expect((await run([...args, "--id", "t-1"])).stdout).toContain("was corrected as t-1");
    const again = await run([...args, "--id", "t-1"]);
    expect([again.code, again.stdout.split("\n").at(-2)]).toEqual([
      0,
      "event call-1 was corrected before as t-1; nothing was written",
    ]);
    expect((await run(args)).stdout).toBe("event call-1 already has these values; nothing was written\n");
    const other = await runJson(["correct", "call-2", ...ACME, "--void", "--id", "t-1", ...database]);
    expect([other.code, other.json.error.code]).toEqual([5, "adjustment_conflict"]);
  });

  it("takes an event back whole, and keeps why", async () => {
    const database = await recorded();
    const { stdout } = await run(["correct", "call-1", ...ACME, "--void", "--id", "t-1", ...database]);
    expect(stdout).toMatch(
      /tokens in +100 +-\n.*\ncost +\$0\.00035 +-\n[\s\S]*call-1 was taken back as t-1\n$/,
    );
    const gone = await runJson(["correct", "call-1", ...ACME, "--set", "user=u", ...database]);
    expect([gone.code, gone.json.error.code]).toEqual([5, "event_voided"]);
    const list = await run(["adjustments", "list", "--tenant", "acme", ...database]);
    expect(list.stdout).toMatch(/^when +kind +id +reason\n[- ]+\n\S+Z +correction +t-1 +the log says so\n$/);
    const json = (await runJson(["adjustments", "list", "--tenant", "acme", ...database])).json;
    expect(json).toMatchObject([
      { id: "t-1", kind: "correction", request: { eventId: "call-1", values: null } },
    ]);
    const none = await run(["adjustments", "list", "--tenant", "globex", ...database]);
    expect(none.stdout).toBe("no adjustments\n");
  });

  it("as JSON gives the event before and after, amounts as exact text", async () => {
    const database = await recorded();
    const args = ["correct", "call-1", ...ACME, "--set", "provider_cost_usd=0.000000000001", ...database];
    const { json } = await runJson(args);
    expect(json).toMatchObject({
      ...{ status: "accepted", eventId: "call-1" },
      before: { id: "call-1", tokensIn: 100, cachedTokens: 0, costUsd: "0.00035", providerCostUsd: null },
      after: { corrects: "call-1", tokensIn: 100, costUsd: "0.00035", providerCostUsd: "0.000000000001" },
    });
    expect(JSON.stringify(json)).not.toMatch(/-0\b(?!\.)(?!\d)|"isReversal":true/);
  });

  it("answers wrong input with one clear sentence and changes nothing", async () => {
    const database = await recorded();
    const set = (...values: string[]) => values.flatMap((value) => ["--set", value]);
    const cases: [args: readonly string[], code: number, message: RegExp][] = [
      [
        [...ACME, ...set("colour=red")],
        2,
        /cannot change "colour"; accepted are .*tokens_in or input_tokens/,
      ],
      [[...ACME, ...set("tenant_id=x")], 2, /cannot change "tenant_id"; accepted are timestamp, type/],
      [[...ACME, ...set("tokens_out")], 2, /--set must be FIELD=VALUE, not "tokens_out"/],
      [[...ACME, ...set("tokens_out=1.5")], 2, /tokens_out must be a whole number/],
      [[...ACME, ...set("tokens_out=")], 2, /tokens_out must be a whole number, not empty/],
      [[...ACME, ...set("tokens_out=1", "outputTokens=2")], 2, /--set names outputTokens twice/],
      [[...ACME, ...set("cached_tokens=101")], 2, /cachedTokens/],
      [[...ACME, ...set("timestamp=yesterday")], 2, /timestamp must be/],
      [[...ACME, ...set("usage_state=guessed")], 2, /usageState/],
      [ACME, 2, /name what to correct with --set FIELD=VALUE, or take the event back with --void/],
      [[...ACME, ...set("user=u"), "--void"], 2, /cannot be used with/],
      [["--tenant", "acme", "--void"], 2, /--reason/],
      [["--tenant", "acme", "--void", "--reason", " "], 2, /reason is required/],
      [["--reason", "x", "--void"], 2, /--tenant/],
      [["--tenant", "nobody", "--reason", "x", "--void"], 4, /there is no event "call-1" of this tenant/],
    ];
    await Promise.all(
      cases.map(async ([args, code, message]) => {
        const ended = await run(["correct", "call-1", ...args, ...database]);
        expect([ended.code, ended.stdout], args.join(" ")).toEqual([code, ""]);
        expect(ended.stderr).toMatch(message);
        expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
      }),
    );
    const missing = await run(["correct", "call-1", ...ACME, "--void", "--database", await freshSqliteUrl()]);
    expect(missing.code).toBe(4);
    expect((await run(["adjustments", "list", "--tenant", "acme", ...database])).stdout).toBe(
      "no adjustments\n",
    );
  });
});
