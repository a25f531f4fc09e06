import { describe, expect, it } from "vitest";
import { ManualClock } from "../kernel/index.ts";
import { FairGate, Turns } from "./limits.ts";

const SHARE = 125;

function start() {
  const clock = new ManualClock("2026-01-01T00:00:00Z");
  const gate = new FairGate(SHARE, clock);
  const ends: (() => void)[] = [];
  const started: string[] = [];
  /** Work that stays in the engine until the test ends it. */
  const enter = (name: string, weight: number) =>
    gate.run(name, weight, () => {
      started.push(`${name} ${weight}`);
      return new Promise<void>((resolve) => ends.push(resolve));
    });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  /** Ends the work that began first. */
  const end = async () => {
    ends.shift()?.();
    await settle();
  };
  return { clock, enter, started, end, settle };
}

describe("the gate of the engine", () => {
  it("lets a name that is alone have sixteen shares", async () => {
    const { enter, started, settle } = start();
    for (let n = 0; n < 25; n += 1) void enter("acme", 100);
    await settle();
    expect(started).toHaveLength(20);
  });

  it("lets each of several names have one share, and nobody waits for another name's work", async () => {
    const { enter, started, settle, end } = start();
    void enter("globex", 1);
    for (let n = 0; n < 25; n += 1) void enter("acme", 100);
    void enter("globex", 1);
    await settle();
    expect(started).toEqual(["globex 1", "acme 100", "globex 1"]);
    await end();
    await end();
    expect(started.slice(3)).toEqual(["acme 100"]);
  });

  it("takes the sixteen shares from a name when another comes, and gives them back ten seconds after it went", async () => {
    const { clock, enter, started, settle, end } = start();
    for (let n = 0; n < 40; n += 1) void enter("acme", 100);
    void enter("globex", 1);
    await settle();
    expect(started).toHaveLength(21);
    for (let n = 0; n < 19; n += 1) await end();
    // 100 of acme are left, and 100 more would be beyond its share.
    expect(started).toHaveLength(21);
    await end();
    expect(started).toHaveLength(22);
    clock.advance(10_000);
    await end();
    await end();
    expect(started).toHaveLength(41);
  });

  it("lets work that is larger than all there is go when it is the only one of its name, in its turn", async () => {
    const { enter, started, settle, end } = start();
    void enter("globex", 1);
    void enter("acme", 100);
    void enter("acme", 10_000);
    void enter("acme", 1);
    await settle();
    expect(started).toEqual(["globex 1", "acme 100"]);
    await end();
    await end();
    expect(started.slice(2)).toEqual(["acme 10000"]);
    await end();
    expect(started.slice(3)).toEqual(["acme 1"]);
  });

  it("frees the room of work that failed", async () => {
    const gate = new FairGate(SHARE, new ManualClock("2026-01-01T00:00:00Z"));
    const failing = gate.run("acme", 10_000, () => Promise.reject(new Error("no")));
    const next = gate.run("acme", 10_000, async () => "in");
    await expect(failing).rejects.toThrow("no");
    expect(await next).toBe("in");
  });
});

describe("turns", () => {
  it("go round: one at a time, and a name's flood waits behind itself only", async () => {
    const turns = new Turns(new ManualClock("2026-01-01T00:00:00Z"));
    const order: string[] = [];
    let [now, most] = [0, 0];
    const draw = (name: string) =>
      turns.run(name, async () => {
        now += 1;
        most = Math.max(most, now);
        await new Promise((resolve) => setImmediate(resolve));
        order.push(name);
        now -= 1;
        if (order.length === 2) throw new Error("it failed");
      });
    const flood = Array.from({ length: 4 }, () => draw("acme"));
    const settled = await Promise.allSettled([...flood, draw("globex"), draw("initech"), draw("globex")]);
    expect(order.join(" ")).toBe("acme acme globex initech acme globex acme");
    expect(most).toBe(1);
    expect(settled.filter(({ status }) => status === "rejected")).toHaveLength(1);
    await draw("later");
    expect(order).toHaveLength(8);
  });

  it("are followed by a rest as long as the work, so that the process serves others too", async () => {
    const clock = new ManualClock("2026-01-01T00:00:00Z");
    const turns = new Turns(clock);
    const began: number[] = [];
    const draw = () =>
      turns.run("acme", async () => {
        began.push(performance.now());
        clock.advance(60);
      });
    await Promise.all([draw(), draw()]);
    const [first = 0, second = 0] = began;
    expect(second - first).toBeGreaterThan(55);
  });
});
