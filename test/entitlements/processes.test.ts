import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/kernel/index.ts";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import { type Entitled, startEntitled } from "./entitled.ts";
import { DEBATES, type Seen, SHARED } from "./entitled-child.ts";

const CHILD = fileURLToPath(new URL("./entitled-child.ts", import.meta.url));

/** Two processes, set off at the same moment. */
async function race(url: string, anchor: number): Promise<Seen[]> {
  const children = ["one", "two"].map((name) => {
    const child = spawn(process.execPath, ["--import", "tsx", CHILD, url, name, String(anchor)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    let printed = "";
    const ready = once(child.stdout, "data");
    child.stdout.on("data", (data: Buffer) => {
      printed += data.toString();
    });
    return { child, ready, printed: () => printed };
  });
  try {
    await Promise.all(children.map(({ ready }) => ready));
    for (const { child } of children) child.stdin.write("go\n");
    await Promise.all(children.map(({ child }) => once(child, "close")));
    return children.map(({ printed }) => JSON.parse(printed().split("\n")[1] ?? "") as Seen);
  } finally {
    for (const { child } of children) child.kill("SIGKILL");
  }
}

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl },
  { name: "postgres", freshUrl: freshPostgresUrl },
])("a plan shared by two processes on $name", ({ freshUrl }) => {
  let here: Entitled;
  let seen: Seen[];

  beforeAll(async () => {
    const url = await freshUrl();
    here = await startEntitled(url, { clock: systemClock });
    await here.organization("race");
    await here.organization("shared");
    seen = await race(url, (await here.budgets.get("plan_debates_1", "race")).countsFrom.getTime());
  });

  afterAll(() => here.store.close());

  it("admits exactly the 10 debates of free of 50 at once, and refuses the others by the limit", async () => {
    expect(seen.flatMap(({ others }) => others)).toEqual([]);
    const begun = seen.flatMap((one) => one.begun);
    expect(new Set(begun).size).toBe(10);
    expect(begun).toHaveLength(10);
    expect(seen.reduce((sum, { refused }) => sum + refused, 0)).toBe(2 * DEBATES - 10);
    expect(
      (await here.budgets.status("plan_debates_1", { tenant: "race" })).counters[0]?.spent.toString(),
    ).toBe("10");
  });

  it("counts a debate once that both begin at once, and tells both the same", async () => {
    const [one, two] = seen.map(({ shared }) => [...shared].sort());
    expect(one).toHaveLength(SHARED);
    expect(one).toEqual(two);
    const { counters } = await here.budgets.status("plan_debates_1", { tenant: "shared" });
    expect(counters[0]?.spent.toString()).toBe(String(SHARED));
    expect(await here.differences()).toEqual([]);
  });
});

describe("a debate that two processes begin at the same moment", () => {
  it("is the same for both, also where it takes the last of the room while the other waits behind it", async () => {
    const url = await freshPostgresUrl();
    const [one, two] = [await startEntitled(url), await startEntitled(url)];
    onTestFinished(() => void Promise.all([one.store.close(), two.store.close()]));
    await one.organization("last");
    await two.subscribe("last", {}, { anchor: one.clock.now(), writes: false });
    for (let number = 0; number < 9; number += 1)
      await one.entitlements.startDebate("last", { debate: `d${number}` });
    let begun: Promise<{ id: string }>[] = [];
    await one.store.transaction(async (tx) => {
      await tx.all("SELECT budget FROM budget_counters WHERE tenant = ? FOR UPDATE", ["last"]);
      begun = [one, two].map(({ entitlements }) => entitlements.startDebate("last", { debate: "d9" }));
      await expect.poll(() => waiting(two), { timeout: 10_000 }).toBe(2);
    });
    const [first, second] = await Promise.all(begun);
    expect(second?.id).toBe(first?.id);
    await expect(two.entitlements.startDebate("last", { debate: "d10" })).rejects.toMatchObject({
      code: "debate_limit_reached",
    });
    expect(await one.differences()).toEqual([]);
  });
});

/** Connections that wait for a lock. */
async function waiting({ store }: Entitled): Promise<number> {
  const row = await store.read((reader) =>
    reader.get<{ n: bigint }>(
      "SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
    ),
  );
  return Number(row?.n);
}
