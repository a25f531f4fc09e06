import { afterEach, describe, expect, it } from "vitest";
import { ENGINES } from "../../../test/support/database.ts";
import { createIds, encodeCursor, ManualClock } from "../../kernel/index.ts";
import { open, type Store } from "../../store/index.ts";
import { PricingService } from "../pricing/index.ts";
import { MeteringService } from "./metering-service.ts";

const CALL = { tenant: "acme", provider: "openai", model: "gpt-4o-mini", tokensIn: 7, tokensOut: 3 };

describe.each(ENGINES)("pages of events on $name", ({ freshUrl }) => {
  let store: Store;
  afterEach(() => store.close());

  async function start() {
    store = await open(await freshUrl());
    const clock = new ManualClock("2026-01-01T00:00:00Z");
    const deps = { store, clock, ids: createIds(clock), pricing: new PricingService(store, clock) };
    return new MeteringService(deps, { tenant: undefined, unknownModel: "fallback", participants: [] });
  }

  /** Four events at each instant, and days between them without any. */
  const timeOf = (n: number) => new Date(Date.UTC(2025, 0, 1 + 3 * Math.floor(n / 8), n % 8 < 4 ? 5 : 6));

  async function startWithEvents(count: number) {
    const metering = await start();
    const mixed = Array.from({ length: count }, (_, n) => ({
      ...CALL,
      id: `e${n}`,
      timestamp: timeOf((n * 7) % count),
    }));
    await metering.record(mixed);
    await metering.record(mixed.map((event) => ({ ...event, tenant: "other" })));
    return metering;
  }

  it("hold every event of the tenant once, in the order of the stream of events, whatever their size", async () => {
    const metering = await startWithEvents(50);
    const streamed: string[] = [];
    for await (const { id } of metering.events({ tenant: "acme" })) streamed.push(id);
    expect(streamed).toHaveLength(50);
    for (const limit of [1, 3, 7, 25, 50, 500]) {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await metering.page({ tenant: "acme", limit, cursor });
        expect(page.items.every(({ tenant }) => tenant === "acme")).toBe(true);
        expect(page.items).toHaveLength(Math.min(limit, 50 - seen.length));
        seen.push(...page.items.map(({ id }) => id));
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      expect(seen).toEqual(streamed);
    }
  });

  it("keep to their period, of which the end is not a part", async () => {
    const metering = await startWithEvents(50);
    const [from, to] = [timeOf(4), timeOf(20)];
    const { items, nextCursor } = await metering.page({ tenant: "acme", from, to, limit: 500 });
    expect(nextCursor).toBeNull();
    expect(items).toHaveLength(16);
    expect(items.every(({ timestamp }) => timestamp >= from && timestamp < to)).toBe(true);
    expect((await metering.page({ tenant: "nobody" })).items).toEqual([]);
  });

  it("are not moved by what is recorded before and after the place where a reader is", async () => {
    const metering = await startWithEvents(50);
    const first = await metering.page({ tenant: "acme", limit: 10 });
    const last = first.items.at(-1);
    await metering.record([
      { ...CALL, id: "before", timestamp: "2024-12-31T00:00:00Z" },
      { ...CALL, id: "same instant", timestamp: last?.timestamp ?? "" },
      { ...CALL, id: "after", timestamp: "2025-12-31T00:00:00Z" },
    ]);
    const rest = await metering.page({ tenant: "acme", limit: 500, cursor: first.nextCursor ?? "" });
    const ids = rest.items.map(({ id }) => id);
    expect(ids).toHaveLength(42);
    expect(new Set([...ids, ...first.items.map(({ id }) => id)]).size).toBe(52);
    expect(ids).toContain("same instant");
    expect(ids.at(-1)).toBe("after");
    expect(ids).not.toContain("before");
  });

  it("refuse a cursor that names no event of the tenant, and a size that no page has", async () => {
    const metering = await startWithEvents(8);
    await metering.record({ ...CALL, tenant: "other", id: "theirs" });
    for (const position of [["theirs"], ["nothing"], [1, "e1"], [1]]) {
      await expect(metering.page({ tenant: "acme", cursor: encodeCursor(position) })).rejects.toMatchObject({
        code: "invalid_cursor",
        details: { field: "cursor" },
      });
    }
    for (const limit of [0, 501, 1.5]) {
      await expect(metering.page({ tenant: "acme", limit })).rejects.toMatchObject({ code: "invalid_limit" });
    }
    await expect(metering.page({ tenant: "acme", to: new Date("x") })).rejects.toMatchObject({
      details: { field: "to" },
    });
  });

  it("are read while a large batch is checked: whoever else waits gets a turn", async () => {
    const metering = await start();
    let turns = 0;
    let isChecking = true;
    const watch = () => {
      turns += 1;
      if (isChecking) setImmediate(watch);
    };
    setImmediate(watch);
    await metering.record(Array.from({ length: 10_000 }, () => ({ ...CALL, tokensIn: -1 })));
    isChecking = false;
    expect(turns).toBeGreaterThanOrEqual(9);
  });
});
