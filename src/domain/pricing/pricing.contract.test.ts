import { afterEach, describe, expect, it } from "vitest";
import { ENGINES, freshPostgresUrl, freshSqliteUrl } from "../../../test/support/database.ts";
import { ManualClock } from "../../kernel/index.ts";
import { open, type Store } from "../../store/index.ts";
import { PricingService } from "./pricing-service.ts";

const GPT = { provider: "openai", model: "gpt-4o", input: "2.00", output: "8.00" };

describe.each(ENGINES)("the price book on $name", ({ freshUrl }) => {
  const opened: Store[] = [];

  async function start(url?: string) {
    const store = await open(url ?? (await freshUrl()));
    opened.push(store);
    return { store, pricing: new PricingService(store, new ManualClock("2026-01-01T00:00:00Z")) };
  }

  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });

  it("ships the specification's prices", async () => {
    const { pricing } = await start();
    const list = await pricing.list();
    const priceOf = (provider: string, model: string) => {
      const entry = list.find((price) => price.provider === provider && price.model === model);
      return [entry?.input, entry?.output, entry?.cachedInput];
    };
    expect(priceOf("anthropic", "claude-opus-4")).toEqual(["15", "75", "1.5"]);
    expect(priceOf("anthropic", "claude-sonnet-4")).toEqual(["3", "15", "0.3"]);
    expect(priceOf("openai", "gpt-4o")).toEqual(["2.5", "10", "1.25"]);
    expect(priceOf("openai", "gpt-4o-mini")).toEqual(["0.15", "0.6", "0.075"]);
    expect(priceOf("google", "gemini-pro")).toEqual(["1.25", "5", "0.3125"]);
    expect(priceOf("deepseek", "deepseek-v3")).toEqual(["0.14", "0.28", "0.014"]);
    expect(priceOf("openrouter", "default")).toEqual(["2", "8", undefined]);
  });

  it("puts a database's own entries above the shipped ones", async () => {
    const { pricing } = await start();
    expect(await pricing.add([GPT])).toEqual({ added: 1, unchanged: 0 });
    expect(await pricing.show("OpenAI", "gpt-4o")).toMatchObject({ layer: "own", input: "2" });
    expect(
      (await pricing.list()).filter(({ model }) => model === "gpt-4o").map(({ layer }) => layer),
    ).toEqual(["own", "shipped"]);
  });

  it("takes the same entry again as unchanged", async () => {
    const { pricing } = await start();
    await pricing.add([GPT]);
    expect(await pricing.add([{ ...GPT, input: "2", output: 8 }])).toEqual({ added: 0, unchanged: 1 });
    expect((await pricing.list()).filter(({ layer }) => layer === "own")).toHaveLength(1);
  });

  it("refuses another price of a model from the same instant, and adds none of the call's entries", async () => {
    const { pricing } = await start();
    await pricing.add([GPT]);
    await expect(
      pricing.add([
        { ...GPT, model: "new" },
        { ...GPT, input: "3" },
      ]),
    ).rejects.toMatchObject({
      kind: "conflict",
      code: "price_exists",
    });
    expect(await pricing.show("openai", "new")).toBeNull();
    await expect(
      pricing.add([{ ...GPT, input: "3", effectiveFrom: "2025-01-01T00:00:00Z" }]),
    ).resolves.toEqual({ added: 1, unchanged: 0 });
  });

  it("shows the entry in force at an instant, by exact id or alias only", async () => {
    const { pricing } = await start();
    await pricing.add([
      { ...GPT, aliases: ["gpt-4o-2024-08-06"] },
      { ...GPT, input: "1", effectiveFrom: "2025-01-01T00:00:00Z", effectiveTo: "2025-02-01T00:00:00Z" },
    ]);
    const inputAt = async (model: string, at?: string) =>
      (await pricing.show("openai", model, at === undefined ? undefined : new Date(at)))?.input;
    expect(await inputAt("gpt-4o", "2024-12-31T23:59:59.999Z")).toBe("2");
    expect(await inputAt("gpt-4o", "2025-01-01T00:00:00.000Z")).toBe("1");
    expect(await inputAt("gpt-4o", "2025-02-01T00:00:00.000Z")).toBe("2");
    expect(await inputAt("gpt-4o-2024-08-06")).toBe("2");
    expect(await inputAt("gpt-4o-2024")).toBeUndefined();
    expect(await inputAt("constructor")).toBeUndefined();
  });

  it("survives that everybody adds the same and different entries at once", async () => {
    const { pricing } = await start();
    const answers = await Promise.allSettled(
      Array.from({ length: 12 }, (_, index) => pricing.add([{ ...GPT, input: `${index % 3}` }])),
    );
    const added = answers.map((answer) => (answer.status === "fulfilled" ? answer.value.added : 0));
    expect(added.reduce((sum, count) => sum + count, 0)).toBe(1);
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(4);
  });
});

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl },
  { name: "postgres", freshUrl: freshPostgresUrl },
])("two price books over one database on $name", ({ freshUrl }) => {
  it("see each other's additions at once", async () => {
    const url = await freshUrl();
    const clock = new ManualClock("2026-01-01T00:00:00Z");
    const [one, two] = [await open(url), await open(url)];
    const [here, there] = [new PricingService(one, clock), new PricingService(two, clock)];
    await Promise.all([here.keepShipped(), there.keepShipped()]);
    expect(await there.show("openai", "gpt-4o")).toMatchObject({ input: "2.5" });
    await here.add([GPT]);
    expect(await there.show("openai", "gpt-4o")).toMatchObject({ input: "2" });
    await one.close();
    await two.close();
  });
});
