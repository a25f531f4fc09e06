export { readGenaiPrices } from "./genai-list.ts";
export { readLitellmPrices } from "./litellm-list.ts";
export { PriceBook } from "./price-book.ts";
export {
  PRICE_LAYER,
  type PriceBand,
  type PriceEntryInput,
  type PriceTier,
  parsePriceEntry,
  type TokenPrices,
} from "./price-entry.ts";
export type {
  OmittedPrices,
  PriceListReading,
  PriceListSource,
  RoundedPrice,
  SkippedPrice,
} from "./price-list.ts";
export type { AddedPrice, ChangedPrice, GonePrice } from "./price-list-plan.ts";
export {
  type PriceRule,
  type PriceRuleInput,
  type PriceRuleTarget,
  parsePriceRule,
  type RulePrices,
} from "./price-rule.ts";
export { BORROWED, type PricedModel, type Rate, rateForInput } from "./priced-model.ts";
export {
  type ImportPriceListInput,
  type ListedPrice,
  type ListedPriceRule,
  type PriceListDiff,
  PricingService,
} from "./pricing-service.ts";
export { PROVIDER_PRICING, UNIT_PRICE_PROVIDER, UNIT_PRICING } from "./shipped-prices.ts";
