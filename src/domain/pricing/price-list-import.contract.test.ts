import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { ENGINES, freshPostgresUrl, freshSqliteUrl } from "../../../test/support/database.ts";
import { ManualClock } from "../../kernel/index.ts";
import { open, type Store } from "../../store/index.ts";
import type { PriceBook } from "./price-book.ts";
import { PricingService } from "./pricing-service.ts";

type Models = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const NOW = "2026-06-01T00:00:00.000Z";
const GPT = { litellm_provider: "openai", input_cost_per_token: 2.5e-6, output_cost_per_token: 1e-5 };
const CHEAPER = { ...GPT, input_cost_per_token: 2e-6 };
const FLEX = { input_cost_per_token_flex: 1e-6, output_cost_per_token_flex: 5e-6 };
const CLAUDE = { litellm_provider: "anthropic", input_cost_per_token: 3e-6, output_cost_per_token: 1.5e-5 };
const LITELLM = gunzipSync(
  readFileSync(new URL("../../../data/prices/litellm.json.gz", import.meta.url)),
).toString();

function litellm(models: Models) {
  return { source: "litellm", text: JSON.stringify(models) } as const;
}

function genai(models: readonly unknown[]) {
  return { source: "genai", text: JSON.stringify([{ id: "openai", models }]) } as const;
}

describe.each(ENGINES)("importing a price list on $name", ({ freshUrl }) => {
  const opened: Store[] = [];

  async function start(url?: string) {
    const store = await open(url ?? (await freshUrl()));
    opened.push(store);
    const clock = new ManualClock(NOW);
    const pricing = new PricingService(store, clock);
    const entryAt = async (model: string, at: string, provider = "openai") =>
      await pricing.show(provider, model, new Date(at));
    const inputAt = async (model: string, at: string) => (await entryAt(model, at))?.input;
    return { store, clock, pricing, entryAt, inputAt };
  }

  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });

  it("adds models since ever, between the shipped and the database's own prices", async () => {
    const { pricing, entryAt, inputAt } = await start();
    const diff = await pricing.importList(
      litellm({ "gpt-4o": CHEAPER, "gpt-9": GPT, "dall-e": { litellm_provider: "openai" } }),
    );
    expect(diff).toMatchObject({
      ...{ source: "litellm", comparedAt: NOW, dryRun: false, changed: [], gone: [], unchanged: 0 },
      added: [
        { provider: "openai", model: "gpt-4o", input: "2", output: "10" },
        { provider: "openai", model: "gpt-9", input: "2.5", output: "10" },
      ],
      skipped: [{ id: "dall-e", reason: "no token prices" }],
    });
    expect(await entryAt("gpt-4o", "1990-01-01T00:00:00Z")).toMatchObject({
      ...{ input: "2", layer: "list", source: "litellm" },
    });
    await pricing.add([{ provider: "openai", model: "gpt-4o", input: "1", output: "1" }]);
    expect(await inputAt("gpt-4o", NOW)).toBe("1");
    expect((await pricing.history("OpenAI", "gpt-4o")).map(({ layer }) => layer)).toEqual([
      ...["own", "list", "shipped"],
    ]);
  });

  it("changes nothing when the same list comes again", async () => {
    const { pricing, clock } = await start();
    const list = litellm({ "gpt-4o": GPT, "gpt-9": { ...GPT, ...FLEX } });
    await pricing.importList(list);
    const before = await pricing.list();
    for (const effectiveFrom of [undefined, new Date("2026-07-01T00:00:00Z")]) {
      clock.advance(1_000);
      const again = await pricing.importList({ ...list, ...(effectiveFrom && { effectiveFrom }) });
      expect(again).toMatchObject({ added: [], changed: [], gone: [], unchanged: 2 });
    }
    expect(await pricing.list()).toEqual(before);
  });

  it("dates a change to now and leaves what was before as it was", async () => {
    const { pricing, inputAt } = await start();
    await pricing.importList(litellm({ "gpt-9": GPT }));
    const { changed } = await pricing.importList(litellm({ "gpt-9": { ...CHEAPER, ...FLEX } }));
    const change = { provider: "openai", model: "gpt-9", effectiveFrom: NOW };
    expect(changed).toEqual([
      { ...change, field: "input", from: "2.5", to: "2", percent: "-20" },
      { ...change, field: "tiers.flex.input", from: null, to: "1", percent: null },
      { ...change, field: "tiers.flex.output", from: null, to: "5", percent: null },
    ]);
    expect(await inputAt("gpt-9", "2026-05-31T23:59:59.999Z")).toBe("2.5");
    expect(await inputAt("gpt-9", NOW)).toBe("2");
  });

  it("leaves an event of today as it was when a price changes tomorrow", async () => {
    const { pricing, store, inputAt } = await start();
    await pricing.importList(litellm({ "gpt-9": GPT }));
    const tomorrow = new Date("2026-06-02T00:00:00Z");
    const diff = await pricing.importList({ ...litellm({ "gpt-9": CHEAPER }), effectiveFrom: tomorrow });
    expect(diff.changed).toHaveLength(1);
    expect(await inputAt("gpt-9", "2026-06-01T23:59:59.999Z")).toBe("2.5");
    expect(await inputAt("gpt-9", "2026-06-02T00:00:00Z")).toBe("2");
    expect(await pricing.importList(litellm({ "gpt-9": GPT }))).toMatchObject({ changed: [], unchanged: 1 });
    const rateAt = (book: PriceBook, time: string) =>
      book.resolve("openai", "gpt-9", Date.parse(time))?.rates[0];
    const book = await store.read((reader) => pricing.book(reader));
    expect(rateAt(book, "2026-06-01T12:00:00Z")?.input).toBe(2_500_000n);
    expect(rateAt(book, "2026-06-02T12:00:00Z")?.input).toBe(2_000_000n);
  });

  it("goes back to yesterday's list with a third entry", async () => {
    const { pricing, clock, inputAt } = await start();
    const lists = [litellm({ "gpt-9": GPT }), litellm({ "gpt-9": CHEAPER }), litellm({ "gpt-9": GPT })];
    for (const list of lists) {
      await pricing.importList(list);
      clock.advance(86_400_000);
    }
    expect(
      (await pricing.history("openai", "gpt-9")).map(({ input, effectiveFrom }) => [input, effectiveFrom]),
    ).toEqual([
      ["2.5", "2026-06-03T00:00:00.000Z"],
      ["2", "2026-06-02T00:00:00.000Z"],
      ["2.5", undefined],
    ]);
    expect(await inputAt("gpt-9", "2026-06-02T12:00:00Z")).toBe("2");
  });

  it("takes several changes within one millisecond, each once", async () => {
    const { pricing, inputAt } = await start();
    for (const list of [GPT, CHEAPER, CLAUDE, CLAUDE, CLAUDE])
      await pricing.importList(litellm({ "gpt-9": { ...list, litellm_provider: "openai" } }));
    expect(await pricing.history("openai", "gpt-9")).toHaveLength(3);
    expect(await inputAt("gpt-9", "2026-06-01T00:00:00.001Z")).toBe("3");
  });

  it("reports what is gone and keeps it", async () => {
    const { pricing, inputAt } = await start();
    await pricing.importList(litellm({ "gpt-8": GPT, "gpt-9": GPT }));
    const diff = await pricing.importList(litellm({ "gpt-9": GPT }));
    expect(diff).toMatchObject({ gone: [{ provider: "openai", model: "gpt-8" }], unchanged: 1 });
    expect(await inputAt("gpt-8", NOW)).toBe("2.5");
  });

  it("writes nothing in a dry run, and says what it would", async () => {
    const { pricing } = await start();
    const before = await pricing.list();
    const dry = await pricing.importList({ ...litellm({ "gpt-9": GPT }), dryRun: true });
    expect(dry).toMatchObject({ dryRun: true, added: [{ model: "gpt-9" }] });
    expect(await pricing.list()).toEqual(before);
    expect({ ...(await pricing.importList(litellm({ "gpt-9": GPT }))), dryRun: true }).toEqual(dry);
  });

  it("refuses other prices of the list from the very instant that was named, and adds none of it", async () => {
    const { pricing, entryAt } = await start();
    const effectiveFrom = new Date("2026-01-01T00:00:00Z");
    await pricing.importList({ ...litellm({ "gpt-9": GPT }), effectiveFrom });
    expect(await entryAt("gpt-9", "2025-12-31T23:59:59.999Z")).toBeNull();
    const other = litellm({ "gpt-8": GPT, "gpt-9": CHEAPER });
    await expect(pricing.importList({ ...other, effectiveFrom })).rejects.toMatchObject({
      code: "price_exists",
    });
    expect(await entryAt("gpt-8", NOW)).toBeNull();
  });

  it("refuses a bad list whole", async () => {
    const { pricing } = await start();
    const before = await pricing.list();
    const bad = litellm({ "gpt-9": GPT, bad: { ...GPT, output_cost_per_token: -1 } });
    await expect(pricing.importList(bad)).rejects.toMatchObject({ code: "invalid_price_list" });
    const large = litellm({ "gpt-9": GPT, large: { ...GPT, output_cost_per_token: 2 } });
    await expect(pricing.importList(large)).rejects.toMatchObject({ code: "price_too_large" });
    await expect(pricing.importList({ source: "other" as "genai", text: "[]" })).rejects.toMatchObject({
      code: "invalid_price_list",
    });
    expect(await pricing.list()).toEqual(before);
  });

  it("keeps two lists apart: the one imported last holds, each is compared with itself", async () => {
    const { pricing, clock, entryAt } = await start();
    const first = genai([{ id: "gpt-9", prices: { input_mtok: 4, output_mtok: 8 } }]);
    await pricing.importList(first);
    expect((await pricing.importList(litellm({ "gpt-9": GPT }))).added).toHaveLength(1);
    expect(await entryAt("gpt-9", "2020-01-01T00:00:00Z")).toMatchObject({ source: "litellm" });
    clock.advance(1_000);
    expect(await pricing.importList(first)).toMatchObject({ added: [], changed: [], unchanged: 1 });
    expect(await pricing.importList(litellm({ "gpt-9": GPT }))).toMatchObject({ unchanged: 1, gone: [] });
  });

  it("takes over a list's own dates, and one that it announces later", async () => {
    const { pricing, inputAt } = await start();
    const dated = (date: string, price: number) => ({
      ...{ constraint: { start_date: date }, prices: { input_mtok: price, output_mtok: 9 } },
    });
    const prices = [{ prices: { input_mtok: 5, output_mtok: 9 } }, dated("2026-01-01", 4)];
    await pricing.importList(genai([{ id: "gpt-9", prices }]));
    expect(await inputAt("gpt-9", "2025-12-31T23:59:59.999Z")).toBe("5");
    const announced = genai([{ id: "gpt-9", prices: [...prices, dated("2026-09-01", 3)] }]);
    const change = {
      field: "input",
      from: "4",
      to: "3",
      percent: "-25",
      effectiveFrom: "2026-09-01T00:00:00.000Z",
    };
    expect((await pricing.importList(announced)).changed).toMatchObject([change]);
    expect((await pricing.importList(announced)).changed).toEqual([]);
    expect([await inputAt("gpt-9", NOW), await inputAt("gpt-9", "2026-09-01T00:00:00Z")]).toEqual(["4", "3"]);
    expect(await inputAt("gpt-9", "2025-12-31T23:59:59.999Z")).toBe("5");
  });

  it("rounds a percentage once, half up", async () => {
    const { pricing } = await start();
    const price = (usd: number) => litellm({ "gpt-9": { ...GPT, input_cost_per_token: usd } });
    await pricing.importList(price(3e-6));
    const third = await pricing.importList({ ...price(4e-6), dryRun: true });
    expect(third.changed[0]?.percent).toBe("33.33");
    const eighth = await pricing.importList({ ...price(3.000375e-6), dryRun: true });
    expect(eighth.changed[0]?.percent).toBe("0.01");
    const free = await pricing.importList({ ...price(0), dryRun: true });
    expect(free.changed[0]?.percent).toBe("-100");
  });

  it("imports all of LiteLLM's list, and then nothing of it", async () => {
    const { pricing, store } = await start();
    const list = { source: "litellm", text: LITELLM } as const;
    const { added, skipped, rounded } = await pricing.importList(list);
    expect([added.length, skipped.length, rounded.length]).toEqual([2421, 564, 31]);
    expect(await pricing.importList(list)).toMatchObject({
      added: [],
      changed: [],
      gone: [],
      unchanged: 2421,
    });
    expect(await store.read((reader) => pricing.differences(reader))).toEqual([]);
  });
});

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl },
  { name: "postgres", freshUrl: freshPostgresUrl },
])("two processes that import at once on $name", ({ freshUrl }) => {
  it("add everything once", async () => {
    const url = await freshUrl();
    const stores = [await open(url), await open(url)];
    const services = stores.map((store) => new PricingService(store, new ManualClock(NOW)));
    for (const [list, entries] of [
      [litellm({ "gpt-8": GPT, "gpt-9": GPT }), 2],
      [litellm({ "gpt-8": GPT, "gpt-9": CHEAPER }), 3],
    ] as const) {
      const diffs = await Promise.all([...services, ...services].map((pricing) => pricing.importList(list)));
      expect(diffs.filter(({ added, changed }) => added.length + changed.length > 0)).toHaveLength(1);
      for (const pricing of services)
        expect((await pricing.list()).filter(({ layer }) => layer === "list")).toHaveLength(entries);
    }
    for (const store of stores) await store.close();
  });
});
