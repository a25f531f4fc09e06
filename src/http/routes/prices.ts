import { Type } from "typebox";
import type { RerateReport } from "../../domain/metering/index.ts";
import type {
  ListedPrice,
  ListedPriceRule,
  PriceEntryInput,
  PriceRuleInput,
} from "../../domain/pricing/index.ts";
import { decodeCursor, encodeCursor } from "../../kernel/index.ts";
import type { ServerContext } from "../context.ts";
import { type Route, route } from "../route.ts";
import {
  AmountInput,
  Count,
  Cursor,
  DEFAULT_LIMIT,
  InstantInput,
  instantOf,
  Limit,
  Money,
  PageOf,
  Strict,
  Text,
} from "../schemas.ts";

const TOKEN_PRICES = {
  input: AmountInput,
  output: AmountInput,
  cachedInput: Type.Optional(AmountInput),
  cacheWrite5m: Type.Optional(AmountInput),
  cacheWrite1h: Type.Optional(AmountInput),
  reasoning: Type.Optional(AmountInput),
};
const Band = Strict({ aboveInputTokens: Type.Integer({ minimum: 1 }), ...TOKEN_PRICES });
const Tier = Strict({ ...TOKEN_PRICES, bands: Type.Optional(Type.Array(Band)) });
const RULE_PRICES = {
  ...TOKEN_PRICES,
  perUnit: Type.Optional(AmountInput),
  unitSize: Type.Optional(Type.Integer({ minimum: 1 })),
  perWebSearch: Type.Optional(AmountInput),
  bands: Type.Optional(Type.Array(Band)),
  tiers: Type.Optional(Type.Record(Type.String(), Tier)),
};
const PRICE = {
  provider: Text,
  model: Text,
  aliases: Type.Optional(Type.Array(Text)),
  ...RULE_PRICES,
  effectiveFrom: Type.Optional(InstantInput),
  effectiveTo: Type.Optional(InstantInput),
  source: Type.Optional(Text),
};
const RULE = {
  appliesTo: Type.Optional(Type.Union([Type.Literal("charge"), Type.Literal("cost")])),
  tenant: Type.Optional(Text),
  provider: Type.Optional(Text),
  model: Type.Optional(Text),
  prices: Type.Optional(Strict(RULE_PRICES)),
  percent: Type.Optional(AmountInput),
  none: Type.Optional(Type.Literal(true)),
  feePerCall: Type.Optional(AmountInput),
  effectiveFrom: Type.Optional(InstantInput),
  effectiveTo: Type.Optional(InstantInput),
  note: Type.Optional(Text),
};
const Listed = { id: Type.String() };
const Added = Strict({ added: Count, unchanged: Count });
const PageQuery = { cursor: Type.Optional(Cursor), limit: Type.Optional(Limit) };
const Difference = Strict({
  tenant: Type.String(),
  events: Count,
  costBeforeUsd: Money,
  costAfterUsd: Money,
  chargeBeforeUsd: Money,
  chargeAfterUsd: Money,
});
const MAX_ENTRIES = 1_000;

/** The price book, price rules, and applying them to what is on record. */
export function priceRoutes({ services: { pricing, metering } }: ServerContext): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/prices",
      tag: "prices",
      summary: "The price book, by provider and model, in USD per 1,000,000 tokens",
      access: "either",
      scopes: ["prices:read"],
      query: Strict({ provider: Type.Optional(Text), model: Type.Optional(Text), ...PageQuery }),
      reply: PageOf(Strict({ ...Listed, layer: Type.String(), ...PRICE })),
      handler: async ({ query }) => {
        const provider = query.provider?.toLowerCase();
        const all = (await pricing.list()).filter(
          (price) =>
            (provider === undefined || price.provider === provider) &&
            (query.model === undefined ||
              price.model === query.model ||
              price.aliases?.includes(query.model) === true),
        );
        return pageBy(all, ({ provider, model, id }: ListedPrice) => [provider, model, id], query) as never;
      },
    }),
    route({
      method: "POST",
      path: "/v1/prices",
      tag: "prices",
      summary: "Add dated prices, all or none",
      access: "operator",
      scopes: ["prices:write"],
      write: "atomic",
      audit: "prices.added",
      status: 201,
      body: Strict({ prices: Type.Array(Strict(PRICE), { minItems: 1, maxItems: MAX_ENTRIES }) }),
      reply: Added,
      handler: ({ body }) => pricing.add(body.prices as PriceEntryInput[]),
    }),
    route({
      method: "GET",
      path: "/v1/price-rules",
      tag: "prices",
      summary:
        "Price rules: all, or those of the tenant that is named; they tell what providers take, so operators only",
      access: "operator",
      scopes: ["prices:read"],
      query: Strict(PageQuery),
      reply: PageOf(Strict({ ...Listed, ...RULE })),
      handler: async ({ query, tenant }) => {
        const all = await pricing.rules(tenant ?? undefined);
        return pageBy(all, ({ id }: ListedPriceRule) => [id], query) as never;
      },
    }),
    route({
      method: "POST",
      path: "/v1/price-rules",
      tag: "prices",
      summary: "Add price rules, all or none",
      access: "operator",
      scopes: ["prices:write"],
      write: "atomic",
      audit: "price_rules.added",
      status: 201,
      body: Strict({ rules: Type.Array(Strict(RULE), { minItems: 1, maxItems: MAX_ENTRIES }) }),
      reply: Added,
      handler: ({ body }) => pricing.addRules(body.rules as PriceRuleInput[]),
    }),
    route({
      method: "POST",
      path: "/v1/rerates",
      tag: "prices",
      summary:
        "Price a period again by the book and rules of today: of all tenants, or of the one that is named",
      access: "operator",
      scopes: ["prices:write"],
      write: "long",
      audit: "events.rerated",
      body: Strict({
        from: InstantInput,
        to: InstantInput,
        provider: Type.Optional(Text),
        model: Type.Optional(Text),
        dryRun: Type.Optional(Type.Boolean()),
        reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
        id: Type.Optional(Text),
      }),
      reply: Strict({
        id: Type.Union([Type.String(), Type.Null()]),
        dryRun: Type.Boolean(),
        examined: Count,
        kept: Count,
        tenants: Type.Array(Difference),
      }),
      handler: async ({ body, tenant, onceId }) => {
        const { provider, model, dryRun, reason } = body;
        const [from, to] = [instantOf(body.from, "from") as Date, instantOf(body.to, "to") as Date];
        const id = body.id ?? onceId;
        const query = { from, to, provider, model, tenant: tenant ?? undefined };
        return rerateJson(await metering.rerate(query, { dryRun, reason, id }));
      },
    }),
  ];
}

function rerateJson({ id, dryRun, examined, kept, tenants }: RerateReport) {
  return {
    ...{ id, dryRun, examined, kept },
    tenants: tenants.map(({ tenant, events, ...money }) => ({
      ...{ tenant, events },
      costBeforeUsd: money.costBeforeUsd.toFixed(),
      costAfterUsd: money.costAfterUsd.toFixed(),
      chargeBeforeUsd: money.chargeBeforeUsd.toFixed(),
      chargeAfterUsd: money.chargeAfterUsd.toFixed(),
    })),
  };
}

/** A page of a list that is in memory, in the order of its keys. */
function pageBy<T>(
  all: readonly T[],
  keyOf: (item: T) => readonly string[],
  { cursor, limit = DEFAULT_LIMIT }: { readonly cursor?: string; readonly limit?: number },
): { items: T[]; nextCursor: string | null } {
  const parts = all[0] === undefined ? 1 : keyOf(all[0]).length;
  const textOf = (key: readonly (string | number)[]) => key.join("\u0000");
  const after =
    cursor === undefined
      ? ""
      : textOf(
          decodeCursor(
            cursor,
            Array.from({ length: parts }, () => "string" as const),
          ),
        );
  const left = all
    .map((item) => ({ item, key: textOf(keyOf(item)) }))
    .filter(({ key }) => key > after)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const items = left.slice(0, limit).map(({ item }) => item);
  const last = items.at(-1);
  const hasMore = left.length > limit && last !== undefined;
  return { items, nextCursor: hasMore ? encodeCursor(keyOf(last)) : null };
}
