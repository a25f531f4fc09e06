import type { Billing } from "../billing.ts";
import { BillingEventType } from "../domain/metering/index.ts";
import { type PriceEntryInput, UNIT_PRICE_PROVIDER, UNIT_PRICING } from "../domain/pricing/index.ts";
import {
  BillingError,
  type DecimalInput,
  formatDecimal,
  formatUsd,
  invalidInput,
  parseDecimal,
  parseUsd,
} from "../kernel/index.ts";

/**
 * Settings of a `UsageMeter`. There is no buffer size and no flush interval: every call is on disk when it resolves, so
 * nothing waits for either.
 *
 * The prices are those of events that name no model, in USD. One that is absent is the database's own. One that is given
 * becomes the database's, for all who record into it, unless the database has another price of its own already: that is
 * an error, because prices are not edited (see `billing.pricing.add` for a price from a date on).
 */
export interface MeteringConfig {
  /** False: an engine of its own in memory, forgotten with the meter. Default true. */
  readonly persistEvents?: boolean | undefined;
  /** Per API call. The shipped price: 0.0001. */
  readonly apiCallCost?: DecimalInput | undefined;
  /** Per debate, besides its tokens: 0.01. */
  readonly debateBaseCost?: DecimalInput | undefined;
  /** Per 1,000 tokens of a debate that names no model: 0.002. */
  readonly tokenCostPer1k?: DecimalInput | undefined;
  /** Per GiB (2^30 bytes) and month stored: 0.10. */
  readonly storageCostPerGb?: DecimalInput | undefined;
  /** Per connector sync: 0.005. */
  readonly connectorSyncCost?: DecimalInput | undefined;
  /** Per knowledge query: 0.001. */
  readonly knowledgeQueryCost?: DecimalInput | undefined;
}

const UNIT_COSTS = {
  apiCallCost: BillingEventType.API_CALL,
  debateBaseCost: BillingEventType.DEBATE,
  storageCostPerGb: BillingEventType.STORAGE,
  connectorSyncCost: BillingEventType.CONNECTOR_SYNC,
  knowledgeQueryCost: BillingEventType.KNOWLEDGE_QUERY,
} as const satisfies Partial<Record<keyof MeteringConfig, BillingEventType>>;
const FIELDS: readonly string[] = ["persistEvents", "tokenCostPer1k", ...Object.keys(UNIT_COSTS)];

/** Prices that a config asks for, as the price book writes them, by type of event. */
export type UnitPrices = ReadonlyMap<string, Readonly<Record<string, string>>>;

/**
 * The prices a config asks for.
 *
 * @throws BillingError invalid_input naming the field: one that is unknown, or no amount.
 */
export function unitPricesOf(config: MeteringConfig): UnitPrices {
  for (const field of Object.keys(config)) {
    if (FIELDS.includes(field)) continue;
    const text = `a meter has no setting ${JSON.stringify(field)}: nothing is buffered, and prices are ${FIELDS.slice(1).join(", ")}`;
    throw invalidInput(field, "unknown_option", text);
  }
  const prices = new Map<string, Record<string, string>>();
  for (const [field, type] of Object.entries(UNIT_COSTS)) {
    const cost = config[field as keyof typeof UNIT_COSTS];
    if (cost !== undefined)
      prices.set(type, { perUnit: formatUsd(notNegative(parseUsd(cost, field), field)) });
  }
  if (config.tokenCostPer1k !== undefined) {
    const field = "tokenCostPer1k";
    // 10^-9 USD per 1,000 tokens is 10^-6 USD per 1,000,000.
    const perMillion = formatDecimal(notNegative(parseDecimal(config.tokenCostPer1k, 9, field), field), 6);
    const tokens = { input: perMillion, output: perMillion, cachedInput: perMillion };
    prices.set(BillingEventType.DEBATE, { ...prices.get(BillingEventType.DEBATE), ...tokens });
  }
  return prices;
}

/**
 * Makes the prices of a config those of a database; does nothing where they are in force.
 *
 * @throws BillingError conflict `price_exists` when the database has other prices of its own.
 */
export async function applyUnitPrices(billing: Billing, prices: UnitPrices): Promise<void> {
  const missing: PriceEntryInput[] = [];
  for (const [type, wanted] of prices) {
    const inForce = await billing.pricing.show(UNIT_PRICE_PROVIDER, type);
    const present: Readonly<Record<string, unknown>> = { ...inForce };
    const different = Object.entries(wanted).find(([rate, price]) => (present[rate] ?? "0") !== price);
    if (different === undefined) continue;
    const shipped = UNIT_PRICING.find(({ model }) => model === type);
    if (inForce?.layer === "own" || shipped === undefined) {
      throw otherPrice(type, different[0], inForce?.id ?? "none");
    }
    missing.push({ ...shipped, ...wanted });
  }
  if (missing.length > 0) await billing.pricing.add(missing);
}

function notNegative(amount: bigint, field: string): bigint {
  if (amount < 0n) throw invalidInput(field, "negative", `${field} must not be negative`);
  return amount;
}

function otherPrice(type: string, rate: string, existing: string): BillingError {
  const named = Object.entries(UNIT_COSTS).find((entry) => entry[1] === type)?.[0];
  const field = rate === "perUnit" ? named : "tokenCostPer1k";
  const text = `the database has another ${field} than the meter's config (${existing}); leave it out of the config, or set it from a date on: billing.pricing.add([{ provider: "${UNIT_PRICE_PROVIDER}", model: "${type}", ..., effectiveFrom }])`;
  return new BillingError("conflict", "price_exists", text, { details: { field, existing } });
}
