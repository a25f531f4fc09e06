export { BORROWED, PriceBook, type PricedModel, type Rate, rateForInput } from "./price-book.ts";
export {
  PRICE_LAYER,
  type PriceBand,
  type PriceEntryInput,
  type PriceTier,
  parsePriceEntry,
  type TokenPrices,
} from "./price-entry.ts";
export { type ListedPrice, PricingService } from "./pricing-service.ts";
export { PROVIDER_PRICING, UNIT_PRICE_PROVIDER, UNIT_PRICING } from "./shipped-prices.ts";
