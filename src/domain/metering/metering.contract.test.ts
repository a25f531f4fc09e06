import { afterEach, describe, expect, it } from "vitest";
import {
  countingParticipant,
  createCountsTable,
  readCounts,
} from "../../../test/support/counting-participant.ts";
import { ENGINES } from "../../../test/support/database.ts";
import { BillingError, createIds, ManualClock } from "../../kernel/index.ts";
import { open, type Store } from "../../store/index.ts";
import { PricingService } from "../pricing/index.ts";
import type { UsageEvent } from "./event.ts";
import { type MeteringOptions, MeteringService } from "./metering-service.ts";

const CALL: UsageEvent = {
  id: "call-1",
  tenant: "acme",
  timestamp: "2025-06-01T12:00:00Z",
  provider: "anthropic",
  model: "claude-opus-4",
  tokensIn: 5_000,
  tokensOut: 2_000,
};

describe.each(ENGINES)("metering on $name", ({ freshUrl }) => {
  const opened: Store[] = [];

  async function start(options: Partial<MeteringOptions> = {}, url?: string) {
    const store = await open(url ?? (await freshUrl()));
    opened.push(store);
    const clock = new ManualClock("2026-01-01T00:00:00Z");
    const pricing = new PricingService(store, clock);
    const metering = new MeteringService(
      { store, clock, ids: createIds(clock), pricing },
      { tenant: undefined, unknownModel: "fallback", participants: [], ...options },
    );
    const events = async (tenant: string) => {
      const list = [];
      for await (const event of metering.events({ tenant })) list.push(event);
      return list;
    };
    return { store, clock, pricing, metering, events };
  }

  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });

  it("records an event once and answers with its exact cost", async () => {
    const { metering, events } = await start();
    const verdict = await metering.record(CALL);
    expect(JSON.parse(JSON.stringify(verdict))).toMatchObject({
      id: "call-1",
      status: "accepted",
      costUsd: "0.225",
      flags: [],
    });
    const [event] = await events("acme");
    expect(event).toMatchObject({
      id: "call-1",
      tokensIn: 5_000,
      tokensOut: 2_000,
      workspace: null,
      metadata: {},
    });
    expect(event?.timestamp.toISOString()).toBe("2025-06-01T12:00:00.000Z");
    expect(event?.costUsd.toString()).toBe("0.225");
    expect(event?.price).toBe(verdict.price);
  });

  it("gives everything back as it was sent", async () => {
    const { metering, events } = await start({ unknownModel: "unpriced" });
    const sent: UsageEvent = {
      ...CALL,
      id: "ünï\"c'o\\dé 😀,{}",
      type: "image",
      workspace: "w",
      user: "u",
      agent: "a",
      debate: "d",
      serviceTier: "batch",
      quantity: 10 ** 15,
      cachedTokens: 10,
      cacheWriteTokens: 9,
      cacheWrite1hTokens: 8,
      reasoningTokens: 7,
      webSearches: 6,
      metadata: { z: "ok", a: 1.5, ключ: true },
    };
    expect((await metering.record(sent)).status).toBe("accepted");
    const [event] = await events("acme");
    const { id, timestamp, tenant, provider, model, tokensIn, tokensOut, ...rest } = sent;
    expect(event).toMatchObject({ ...rest, id, tenant, provider, model, tokensIn, tokensOut });
    expect((await metering.record(sent)).status).toBe("duplicate");
  });

  it("answers a retry with the first cost and counts it once", async () => {
    const { metering, pricing, events } = await start();
    await metering.record(CALL);
    await pricing.add([{ provider: "anthropic", model: "claude-opus-4", input: "999", output: "999" }]);
    const retry = await metering.record({ ...CALL });
    expect(retry.status).toBe("duplicate");
    expect(retry.costUsd?.toString()).toBe("0.225");
    expect(await events("acme")).toHaveLength(1);
  });

  it("treats a retry without a time as the same event, and one with another time as a conflict", async () => {
    const { metering, clock } = await start();
    const { timestamp, ...untimed } = CALL;
    await metering.record(untimed);
    clock.advance(60_000);
    expect((await metering.record(untimed)).status).toBe("duplicate");
    expect((await metering.record({ ...untimed, timestamp: "2025-06-01T12:00:00Z" })).status).toBe(
      "conflict",
    );
  });

  it.each<[string, Partial<UsageEvent>]>([
    ["tokens", { tokensIn: 5_001 }],
    ["cached tokens", { cachedTokens: 1 }],
    ["time", { timestamp: "2025-06-01T12:00:00.001Z" }],
    ["model", { model: "claude-sonnet-4" }],
    ["debate", { debate: "d" }],
    ["type", { type: "debate" }],
    ["metadata", { metadata: { a: 1 } }],
  ])(
    "reports an event with a recorded id and another %s as a conflict and does not apply it",
    async (_, change) => {
      const { metering, events } = await start();
      await metering.record(CALL);
      const verdict = await metering.record({ ...CALL, ...change });
      expect(verdict).toMatchObject({
        status: "conflict",
        costUsd: null,
        rejection: { code: "event_conflict", field: "id" },
      });
      expect((await events("acme"))[0]?.costUsd.toString()).toBe("0.225");
    },
  );

  it("keeps one id of two tenants apart, also where joined keys would be equal", async () => {
    const { metering, events } = await start();
    const verdicts = await metering.record([
      { ...CALL, tenant: "a", id: "b-c" },
      { ...CALL, tenant: "a-b", id: "c" },
      { ...CALL, tenant: "b", id: "b-c" },
    ]);
    expect(verdicts.map(({ status }) => status)).toEqual(["accepted", "accepted", "accepted"]);
    expect(await events("a")).toHaveLength(1);
  });

  it("counts an id that comes twice in one batch once and says which", async () => {
    const { metering, events } = await start();
    const verdicts = await metering.record([CALL, { ...CALL, id: "a" }, CALL, { ...CALL, tokensIn: 1 }]);
    expect(verdicts.map(({ status }) => status)).toEqual(["accepted", "accepted", "duplicate", "conflict"]);
    expect(await events("acme")).toHaveLength(2);
  });

  it("records the good events of a batch beside the bad ones", async () => {
    const { metering } = await start({ unknownModel: "refuse" });
    const verdicts = await metering.record([
      { ...CALL, id: "good" },
      { ...CALL, id: "negative", tokensIn: -1 },
      { ...CALL, id: "unknown", model: "gpt-99" },
      { ...CALL, id: "dear", tokensIn: 10 ** 9, model: "claude-opus-4", tokensOut: 10 ** 9 },
      null as unknown as UsageEvent,
    ]);
    expect(verdicts.map(({ status, rejection }) => [status, rejection?.code ?? null])).toEqual([
      ["accepted", null],
      ["rejected", "negative"],
      ["rejected", "unknown_model"],
      ["accepted", null],
      ["rejected", "invalid_type"],
    ]);
  });

  it("rejects one event that costs more than a million dollars", async () => {
    const { metering, pricing } = await start();
    await pricing.add([{ provider: "p", model: "m", input: "1000000", output: "0" }]);
    const at = (tokensIn: number) =>
      metering.record({ ...CALL, id: `${tokensIn}`, provider: "p", model: "m", tokensIn });
    expect((await at(1_000_000)).status).toBe("accepted");
    expect((await at(1_000_001)).rejection).toMatchObject({ code: "cost_too_large" });
  });

  it("sums money beyond 64 bits of pico-dollars", async () => {
    const { metering, pricing, store } = await start();
    await pricing.add([{ provider: "p", model: "m", input: "999999.123457", output: "0" }]);
    const dear = { ...CALL, provider: "p", model: "m", tokensIn: 999_999 };
    await metering.record(Array.from({ length: 40 }, (_, index) => ({ ...dear, id: `e${index}` })));
    const row = await store.read((reader) =>
      reader.get<{ hi: bigint; lo: bigint }>(
        "SELECT sum(cost_hi) AS hi, sum(cost_lo) AS lo FROM usage_by_day",
      ),
    );
    expect((row?.hi ?? 0n) * 1_000_000n + (row?.lo ?? 0n)).toBe(40n * 999_999n * 999_999_123_457n);
    expect((await metering.verify()).ok).toBe(true);
  });

  it("refuses more than 10,000 events in a call", async () => {
    const { metering } = await start();
    const many = Array.from({ length: 10_001 }, () => CALL);
    await expect(metering.record(many)).rejects.toMatchObject({ code: "batch_too_large" });
    expect(await metering.record([])).toEqual([]);
  });

  it("prices an event by the book at its own time, whatever came into the book later", async () => {
    const { metering, pricing } = await start();
    const opus = { provider: "anthropic", model: "claude-opus-4" };
    const costAt = async (id: string, timestamp: string) =>
      (await metering.record({ ...CALL, id, timestamp })).costUsd?.toString();
    expect(await costAt("a", "2025-07-01T00:00:00Z")).toBe("0.225");
    await pricing.add([{ ...opus, input: "5", output: "25", effectiveFrom: "2025-07-01T00:00:00Z" }]);
    expect(await costAt("b", "2025-06-30T23:59:59.999Z")).toBe("0.225");
    expect(await costAt("c", "2025-07-01T00:00:00Z")).toBe("0.075");
    expect(await costAt("a", "2025-07-01T00:00:00Z")).toBe("0.225");
    expect((await metering.verify()).ok).toBe(true);
  });

  it("takes 64 concurrent callers, keeps every event and answers each caller with its own", async () => {
    const { metering, events } = await start();
    const verdicts = await Promise.all(
      Array.from({ length: 640 }, (_, index) =>
        metering.record({
          ...CALL,
          id: `c${index}`,
          tokensIn: index,
          tenant: index % 2 === 0 ? "even" : "odd",
        }),
      ),
    );
    verdicts.forEach((verdict, index) => {
      expect(verdict.id).toBe(`c${index}`);
      expect(verdict.costUsd?.toString()).toBe(
        ((index * 15 + 2_000 * 75) / 1e6).toFixed(6).replace(/0+$/, ""),
      );
    });
    expect([await events("even"), await events("odd")].map(({ length }) => length)).toEqual([320, 320]);
    expect((await metering.verify()).ok).toBe(true);
  });

  it("counts an event once when the same one is sent by many at once", async () => {
    const { metering, events } = await start();
    const verdicts = await Promise.all(Array.from({ length: 200 }, () => metering.record(CALL)));
    expect(verdicts.filter(({ status }) => status === "accepted")).toHaveLength(1);
    expect(verdicts.filter(({ status }) => status === "duplicate")).toHaveLength(199);
    expect(await events("acme")).toHaveLength(1);
  });

  it("streams one tenant's events in time order, however they arrived", async () => {
    const { metering } = await start();
    const day = (n: number) => new Date(Date.UTC(2025, 0, 1 + n, (n * 7) % 24));
    const many = Array.from({ length: 2_500 }, (_, n) => ({
      ...CALL,
      id: `e${n}`,
      timestamp: day((n * 37) % 40),
    }));
    await metering.record(many);
    await metering.record({ ...CALL, id: "other", tenant: "other" });
    let seen = 0;
    let last = 0;
    for await (const event of metering.events({ tenant: "acme", from: day(1), to: day(30) })) {
      expect(event.timestamp.getTime()).toBeGreaterThanOrEqual(last);
      expect(event.tenant).toBe("acme");
      last = event.timestamp.getTime();
      seen += 1;
    }
    const wanted = many.filter(({ timestamp }) => timestamp >= day(1) && timestamp < day(30));
    expect(seen).toBe(wanted.length);
    expect(seen).toBeGreaterThan(1_000);
  });

  describe("a commit participant", () => {
    async function startWithCounter() {
      const participant = countingParticipant();
      const parts = await start({ participants: [participant] });
      await createCountsTable(parts.store);
      return { ...parts, participant, counts: () => readCounts(parts.store) };
    }

    it("sees newly accepted events only, of all tenants, in the events' own transaction", async () => {
      const { metering, participant, counts } = await startWithCounter();
      await metering.record([
        CALL,
        CALL,
        { ...CALL, id: "b" },
        { ...CALL, tenant: "other" },
        { ...CALL, id: "x", tokensIn: -1 },
      ]);
      await metering.record([CALL, { ...CALL, tokensIn: 9 }]);
      expect(participant.calls.map((call) => call.map(({ event }) => `${event.tenant}/${event.id}`))).toEqual(
        [["acme/call-1", "acme/b", "other/call-1"]],
      );
      expect(await counts()).toEqual({ acme: 2, other: 1 });
      expect((await metering.verify()).ok).toBe(true);
    });

    it("takes its events down with it when it fails, and no neighbour's", async () => {
      const { metering, participant, counts, events } = await startWithCounter();
      participant.failing = "bad";
      const answers = await Promise.allSettled(
        ["a", "bad", "b", "c"].map((id) => metering.record({ ...CALL, id })),
      );
      expect(answers.map(({ status }) => status)).toEqual([
        "fulfilled",
        "rejected",
        "fulfilled",
        "fulfilled",
      ]);
      expect((await events("acme")).map(({ id }) => id).sort()).toEqual(["a", "b", "c"]);
      expect(await counts()).toEqual({ acme: 3 });
      expect((await metering.verify()).ok).toBe(true);
      participant.failing = null;
      expect((await metering.record({ ...CALL, id: "bad" })).status).toBe("accepted");
    });

    it("reports its own differences through verify", async () => {
      const { metering, store } = await startWithCounter();
      await metering.record(CALL);
      await store.transaction((tx) => tx.run("UPDATE test_counts SET n = 7"));
      expect(await metering.verify()).toMatchObject({
        ok: false,
        differences: ["test_counts row acme differs"],
      });
    });
  });

  describe("verify", () => {
    async function startFilled() {
      const parts = await start();
      await parts.pricing.add([{ provider: "p", model: "m", input: "3", output: "1" }]);
      await parts.metering.record([
        { ...CALL, id: "e1", workspace: "w", user: "u", agent: "a", debate: "d", metadata: { k: 1 } },
        { ...CALL, id: "e2", tenant: "other", provider: "p", model: "m", cachedTokens: 5 },
        {
          ...CALL,
          id: "e3",
          type: "api_call",
          model: undefined,
          provider: undefined,
          tokensIn: 0,
          tokensOut: 0,
          quantity: 12,
        },
      ]);
      expect(await parts.metering.verify()).toEqual({ ok: true, events: 3, differences: [] });
      return parts;
    }

    const changes: [string, string, RegExp][] = [
      ...[
        "tenant = 'x'",
        "ts = ts + 1",
        "day = day + 1",
        "type = 'x'",
        "provider = 'x'",
        "model = 'x'",
        "workspace = 'x'",
        `"user" = 'x'`,
        "agent = 'x'",
        "debate = 'x'",
        "service_tier = 'x'",
        "quantity = quantity + 1",
        "input_tokens = input_tokens + 1",
        "cache_read_tokens = cache_read_tokens + 1",
        "cache_write_tokens = cache_write_tokens + 1",
        "cache_write_1h_tokens = cache_write_1h_tokens + 1",
        "output_tokens = output_tokens + 1",
        "reasoning_tokens = reasoning_tokens + 1",
        "web_searches = web_searches + 1",
        "price = 'x'",
        "price = ''",
        "charge_price = 'x'",
        "cost = cost + 1",
        "charge = charge + 1",
        "flags = flags + 1",
        "recorded_at = recorded_at + 1",
        "metadata = '{}'",
        "fingerprint = fingerprint + 1",
        "id = 'x'",
      ].map((set): [string, string, RegExp] => [
        `an event's ${set}`,
        `UPDATE usage_events SET ${set} WHERE id = 'e1'`,
        /usage_events row|usage_by_day row/,
      ]),
      ["an event deleted", "DELETE FROM usage_events WHERE id = 'e2'", /usage_by_day row .*tenant "other"/],
      ["all events deleted", "DELETE FROM usage_events", /usage_by_day row .*tenant "acme"/],
      [
        "a rollup's cost",
        "UPDATE usage_by_day SET cost_lo = cost_lo + 1 WHERE tenant = 'other'",
        /usage_by_day row .*tenant "other".*cost is/,
      ],
      [
        "the halves of a sum",
        "UPDATE usage_by_day SET cost_hi = cost_hi - 1, cost_lo = cost_lo + 1000000",
        /halves/,
      ],
      [
        "a rollup's tokens",
        "UPDATE usage_by_dimension SET output_tokens = 1 WHERE dimension = 'debate'",
        /usage_by_dimension row .*"debate".*output_tokens is 1/,
      ],
      [
        "a rollup deleted",
        "DELETE FROM usage_by_dimension WHERE dimension = 'hour' AND tenant = 'other'",
        /usage_by_dimension row .*"hour"/,
      ],
      ["all rollups deleted", "DELETE FROM usage_by_day", /usage_by_day row/],
      [
        "a rollup of a day without events",
        "UPDATE usage_by_day SET day = 1 WHERE tenant = 'other'",
        /1970-01-02/,
      ],
      [
        "a made-up dimension",
        "UPDATE usage_by_dimension SET dimension = 'x' WHERE dimension = 'agent'",
        /usage_by_dimension row .*"x"/,
      ],
      [
        "a price in the book",
        `UPDATE prices SET entry = '{"provider":"p","model":"m","input":"9","output":"1"}' WHERE provider = 'p'`,
        /prices row price_/,
      ],
      ["a price deleted", "DELETE FROM prices WHERE provider = 'p'", /is not in the book/],
    ];

    async function differencesAfter(statements: readonly string[]): Promise<string> {
      const { store, clock } = await startFilled();
      await store.transaction(async (tx) => {
        for (const sql of statements) await tx.run(sql);
      });
      // A new service, as another process would have: nothing may be remembered from before the change.
      const pricing = new PricingService(store, clock);
      const metering = new MeteringService(
        { store, clock, ids: createIds(clock), pricing },
        { tenant: undefined, unknownModel: "fallback", participants: [] },
      );
      const { ok, differences } = await metering.verify();
      expect(ok).toBe(false);
      return differences.join("\n");
    }

    it.each(changes)("names the row after %s was changed by hand", async (_, sql, expected) => {
      expect(await differencesAfter([sql])).toMatch(expected);
    });

    it("finds a cost that was changed everywhere alike, as the price gives another", async () => {
      const rollups = "cost_lo = cost_lo + 1, charge_lo = charge_lo + 1";
      const found = await differencesAfter([
        "UPDATE usage_events SET cost = cost + 1, charge = charge + 1 WHERE tenant = 'other'",
        `UPDATE usage_by_day SET ${rollups} WHERE tenant = 'other'`,
        `UPDATE usage_by_dimension SET ${rollups} WHERE tenant = 'other'`,
      ]);
      expect(found).toMatch(/^usage_events row .*id e2.*: cost is .*, its price gives .*$/);
    });
  });
});

describe("metering on a database that cannot commit", () => {
  it("rejects the call and keeps what was acknowledged", async () => {
    const store = await open("sqlite::memory:");
    const clock = new ManualClock("2026-01-01T00:00:00Z");
    const pricing = new PricingService(store, clock);
    const metering = new MeteringService(
      { store, clock, ids: createIds(clock), pricing },
      { tenant: "acme", unknownModel: "fallback", participants: [] },
    );
    await metering.record({ ...CALL, id: "first" });
    await store.transaction((tx) => tx.all("PRAGMA max_page_count = 40"));
    let acknowledged = 1;
    let refused: unknown;
    for (let n = 0; n < 100 && refused === undefined; n += 1) {
      const batch = Array.from({ length: 100 }, (_, index) => ({
        ...CALL,
        id: `n${n}-${index}`,
        debate: `d${n}-${index}`,
      }));
      await metering.record(batch).then(
        (verdicts) => {
          acknowledged += verdicts.length;
        },
        (error: unknown) => {
          refused = error;
        },
      );
    }
    expect(refused).toBeInstanceOf(BillingError);
    expect(refused).toMatchObject({ kind: "unavailable", code: "storage_full", retryable: true });
    expect(await metering.verify()).toEqual({ ok: true, events: acknowledged, differences: [] });
    await store.close();
  });
});
