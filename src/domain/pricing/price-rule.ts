// What one tenant, or all, pay differently from the book: as people write it and as the engine keeps it.

import {
  BillingError,
  type DecimalInput,
  digest,
  divideHalfUp,
  formatDecimal,
  invalidInput,
  isoInstant,
  parseDecimal,
  parseTimestamp,
  parseUsd,
} from "../../kernel/index.ts";
import {
  PRICE_LAYER,
  type PriceEntry,
  type PriceEntryInput,
  parsePriceEntry,
  priceEntryToJson,
} from "./price-entry.ts";
import { type PricedModel, pricedModel, type Rate } from "./priced-model.ts";

/** What a rule changes: what the tenant owes us (its selling price), or what the provider takes from us. */
export type PriceRuleTarget = "charge" | "cost";

/** Prices of a rule's own, as in a price entry but without names and dates. */
export type RulePrices = Pick<
  PriceEntryInput,
  | ("input" | "output" | "cachedInput" | "cacheWrite5m" | "cacheWrite1h" | "reasoning")
  | ("perUnit" | "unitSize" | "perWebSearch" | "bands" | "tiers")
>;

/** A dated rule. Exactly one of `prices`, `percent` and `none` says what it does. */
export interface PriceRuleInput {
  /** Default `charge`. */
  readonly appliesTo?: PriceRuleTarget;
  /** Absent: every tenant that has no rule of its own for the same usage. */
  readonly tenant?: string;
  /** Absent: every provider. For usage without a model: `aragora`, with the event's type as model. */
  readonly provider?: string;
  /** An exact model id, or the id of the entry that prices it; needs `provider`. Absent: every model. */
  readonly model?: string;
  /** Prices in place of the book's. */
  readonly prices?: RulePrices;
  /** On top of the cost (of a cost rule: of the list price); negative is a discount. At least -100, 4 decimals. */
  readonly percent?: DecimalInput;
  /** Costs nothing: a tenant that uses its own keys, or a model that runs on machines of ours. */
  readonly none?: true;
  /** USD added per call that names a model (times the event's quantity). */
  readonly feePerCall?: DecimalInput;
  /** First instant of validity; absent: since ever. */
  readonly effectiveFrom?: Date | string;
  /** First instant after validity; absent: until a later rule supersedes it. */
  readonly effectiveTo?: Date | string;
  /** Why: a contract's number, an agreement. */
  readonly note?: string;
}

/** A rule as the engine keeps it: checked, exact, named by the hash of its content. '' is "any". */
export interface PriceRule {
  readonly id: string;
  readonly appliesTo: PriceRuleTarget;
  readonly tenant: string;
  readonly provider: string;
  readonly model: string;
  readonly prices: PricedModel | undefined;
  /** Millionths of the base price: 1_200_000 is cost plus 20 %. Undefined when the rule has another form. */
  readonly factor: bigint | undefined;
  /** Pico-USD. */
  readonly feePerCall: bigint;
  readonly effectiveFrom: number;
  readonly effectiveTo: number | undefined;
  readonly note: string;
}

const FIELDS: readonly string[] = [
  ...["appliesTo", "tenant", "provider", "model", "prices", "percent", "none", "feePerCall"],
  ...["effectiveFrom", "effectiveTo", "note"],
];
const TARGETS: readonly unknown[] = ["charge", "cost"] satisfies PriceRuleTarget[];
const PERCENT_DIGITS = 4;
const WHOLE = 1_000_000n;
const MAX_FACTOR = 1_000n * WHOLE;
/** $1,000 in pico-USD. */
const MAX_FEE = 1_000n * 10n ** 12n;
/** Names of a rule's own prices while they are checked: no tenant sees them. */
const UNNAMED = "any";

/**
 * Checks a rule and makes it exact.
 *
 * @throws BillingError invalid_input naming the field: unknown fields, none or two of `prices`, `percent` and `none`, a
 * model without its provider, impossible dates or prices.
 */
export function parsePriceRule(input: unknown, field = "rule"): PriceRule {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw invalidInput(field, "invalid_type", `${field} must be an object`);
  }
  const rule = input as PriceRuleInput;
  for (const key of Object.keys(rule)) {
    if (!FIELDS.includes(key)) {
      const text = `${field} has an unknown field ${JSON.stringify(key)}`;
      throw invalidInput(`${field}.${key}`, "unknown_field", text);
    }
  }
  const appliesTo = rule.appliesTo ?? "charge";
  if (!TARGETS.includes(appliesTo)) {
    throw invalidInput(`${field}.appliesTo`, "invalid_target", `${field}.appliesTo must be charge or cost`);
  }
  const provider = name(rule.provider, `${field}.provider`).toLowerCase();
  const model = name(rule.model, `${field}.model`);
  if (model !== "" && provider === "") {
    const text = `${field}.provider is required beside model: one model name may belong to several providers`;
    throw invalidInput(`${field}.provider`, "required", text);
  }
  const forms = [rule.prices, rule.percent, rule.none].filter((form) => form !== undefined);
  if (forms.length !== 1) {
    throw invalidInput(field, "invalid_rule", `${field} needs exactly one of prices, percent and none`);
  }
  if (rule.none !== undefined && rule.none !== true) {
    throw invalidInput(`${field}.none`, "invalid_type", `${field}.none must be true or absent`);
  }
  const effectiveFrom = instant(rule.effectiveFrom, `${field}.effectiveFrom`) ?? 0;
  const effectiveTo = instant(rule.effectiveTo, `${field}.effectiveTo`);
  if (effectiveTo !== undefined && effectiveTo <= effectiveFrom) {
    const text = `${field}.effectiveTo must be after effectiveFrom`;
    throw invalidInput(`${field}.effectiveTo`, "invalid_period", text);
  }
  const content = {
    appliesTo,
    tenant: name(rule.tenant, `${field}.tenant`),
    provider,
    model,
    entry: rule.prices === undefined ? undefined : ownPrices(rule.prices, `${field}.prices`),
    factor: rule.percent === undefined ? undefined : factorOf(rule.percent, `${field}.percent`),
    feePerCall: feeOf(rule.feePerCall, `${field}.feePerCall`),
    effectiveFrom,
    effectiveTo,
    note: name(rule.note, `${field}.note`),
  };
  const id = `rule_${digest(JSON.stringify(toJson(content))).slice(0, 12)}`;
  const { entry, ...rest } = content;
  return { id, ...rest, prices: entry && pricedModel({ ...entry, id }, content.feePerCall) };
}

/** The rule as people write it. Reading it back gives the same id. */
export function priceRuleToJson(rule: PriceRule): PriceRuleInput {
  return toJson({ ...rule, entry: rule.prices?.entry });
}

function toJson(rule: Omit<PriceRule, "id" | "prices"> & { entry: PriceEntry | undefined }): PriceRuleInput {
  return {
    appliesTo: rule.appliesTo,
    ...(rule.tenant !== "" && { tenant: rule.tenant }),
    ...(rule.provider !== "" && { provider: rule.provider }),
    ...(rule.model !== "" && { model: rule.model }),
    ...(rule.entry !== undefined && { prices: withoutNames(rule.entry) }),
    ...(rule.factor !== undefined && { percent: formatDecimal(rule.factor - WHOLE, PERCENT_DIGITS) }),
    ...(rule.entry === undefined && rule.factor === undefined && { none: true as const }),
    ...(rule.feePerCall > 0n && { feePerCall: formatDecimal(rule.feePerCall, 12) }),
    ...(rule.effectiveFrom !== 0 && { effectiveFrom: isoInstant(rule.effectiveFrom) }),
    ...(rule.effectiveTo !== undefined && { effectiveTo: isoInstant(rule.effectiveTo) }),
    ...(rule.note !== "" && { note: rule.note }),
  };
}

function withoutNames(entry: PriceEntry): RulePrices {
  const { provider: _, model: __, ...prices } = priceEntryToJson(entry);
  return prices;
}

const FREE = { input: 0n, output: 0n, cacheRead: 0n, cacheWrite5m: 0n, cacheWrite1h: 0n, reasoning: 0n };

/**
 * The rate that a rule makes of the rate it stands upon. Each unit price is rounded half up to 1 pico-USD here and
 * nowhere later, so a charge is again an exact sum of products.
 *
 * @param base the rate of the cost; null when the usage has no price.
 */
export function derivedRate(rule: PriceRule, base: Rate | null): Rate {
  const fee = rule.feePerCall;
  const scaled = (price: bigint) => divideHalfUp(price * (rule.factor ?? 0n), WHOLE);
  if (rule.factor === undefined || base === null) {
    const id = rule.factor === undefined ? rule.id : derivedId(rule, "");
    return {
      id,
      aboveInputTokens: -1,
      ...FREE,
      perWebSearch: 0n,
      perUnit: 0n,
      unitSize: 1,
      perCall: fee,
      borrowed: 0,
    };
  }
  return {
    id: derivedId(rule, base.id),
    aboveInputTokens: base.aboveInputTokens,
    input: scaled(base.input),
    output: scaled(base.output),
    cacheRead: scaled(base.cacheRead),
    cacheWrite5m: scaled(base.cacheWrite5m),
    cacheWrite1h: scaled(base.cacheWrite1h),
    reasoning: scaled(base.reasoning),
    perWebSearch: scaled(base.perWebSearch),
    perUnit: scaled(base.perUnit),
    unitSize: base.unitSize,
    perCall: scaled(base.perCall) + fee,
    borrowed: 0,
  };
}

const ON = "*";

function derivedId(rule: PriceRule, base: string): string {
  return `${rule.id}${ON}${base}`;
}

/** A derived rate's id, taken apart: `rule_1a2b*price_3c4d+batch`. Undefined for ids that are not of a rule. */
export function splitDerivedId(id: string): { rule: string; base: string | undefined } | undefined {
  if (!id.startsWith("rule_")) return undefined;
  const at = id.indexOf(ON);
  return at < 0 ? { rule: id, base: undefined } : { rule: id.slice(0, at), base: id.slice(at + ON.length) };
}

/** The conflict of two different rules for the same usage from the same instant. */
export function ruleExists(rule: PriceRule, existing: string): BillingError {
  const since = rule.effectiveFrom === 0 ? "since ever" : `from ${isoInstant(rule.effectiveFrom)}`;
  return new BillingError(
    "conflict",
    "price_rule_exists",
    `another ${rule.appliesTo} rule for the same tenant, provider and model ${since} is on record (${existing}); rules are not edited: give the new one a later effectiveFrom`,
    { details: { field: "effectiveFrom", existing } },
  );
}

function ownPrices(prices: RulePrices, field: string): PriceEntry {
  if (typeof prices !== "object" || prices === null || Array.isArray(prices)) {
    throw invalidInput(field, "invalid_type", `${field} must be an object`);
  }
  for (const key of ["provider", "model", "aliases", "effectiveFrom", "effectiveTo", "source"]) {
    if (key in prices) {
      throw invalidInput(
        `${field}.${key}`,
        "unknown_field",
        `${field} has an unknown field ${JSON.stringify(key)}`,
      );
    }
  }
  return parsePriceEntry({ ...prices, provider: UNNAMED, model: UNNAMED }, PRICE_LAYER.own, field);
}

function factorOf(percent: DecimalInput, field: string): bigint {
  const factor = WHOLE + parseDecimal(percent, PERCENT_DIGITS, field);
  if (factor < 0n || factor > MAX_FACTOR) {
    throw invalidInput(field, "out_of_range", `${field} must be between -100 and 99900`);
  }
  return factor;
}

function feeOf(fee: DecimalInput | undefined, field: string): bigint {
  if (fee === undefined) return 0n;
  const value = parseUsd(fee, field);
  if (value < 0n || value > MAX_FEE)
    throw invalidInput(field, "out_of_range", `${field} must be from 0 to 1000`);
  return value;
}

function instant(input: unknown, field: string): number | undefined {
  return input === undefined || input === null ? undefined : parseTimestamp(input as string, field);
}

const NAME = /^[^\p{Cc}\p{Cs}]{1,256}$/u;

function name(input: unknown, field: string): string {
  if (input === undefined) return "";
  if (typeof input === "string" && NAME.test(input)) return input;
  throw invalidInput(
    field,
    "invalid_text",
    `${field} must be text of 1 to 256 characters without control characters`,
  );
}
