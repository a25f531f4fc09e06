// What a call costs and what it is charged at, from docs/prices.md and docs/selling-prices.md.

/** Pico-USD per token. */
export interface TokenPrices {
  readonly input: bigint;
  readonly output: bigint;
  readonly cached?: bigint;
  readonly cacheWrite?: bigint;
  readonly cacheWrite1h?: bigint;
  readonly reasoning?: bigint;
}

export interface Band extends TokenPrices {
  readonly above: number;
}

export interface Prices extends TokenPrices {
  readonly bands?: readonly Band[];
  readonly batch?: TokenPrices;
  /** Pico-USD per `unitSize` of quantity. */
  readonly perUnit?: bigint;
  readonly unitSize?: bigint;
  readonly perSearch?: bigint;
}

/** One dated price of the book. */
export interface Entry {
  readonly provider: string;
  readonly model: string;
  readonly alias?: string;
  readonly from: number;
  readonly prices: Prices;
}

/** One dated rule. `tenant`, `provider`, `model`: '' is any. */
export interface Rule {
  readonly target: "charge" | "cost";
  readonly tenant: string;
  readonly provider: string;
  readonly model: string;
  readonly from: number;
  readonly to: number | null;
  readonly form:
    | { readonly kind: "none" }
    /** Ten-thousandths of a percent. */
    | { readonly kind: "percent"; readonly percent: number }
    | { readonly kind: "prices"; readonly prices: Prices };
  /** Pico-USD per call. */
  readonly fee: bigint;
}

/** What of a call its price depends on. */
export interface Call {
  readonly tenant: string;
  readonly at: number;
  readonly type: string;
  readonly provider: string;
  readonly model: string;
  readonly tier: string;
  readonly quantity: number;
  readonly tokensIn: number;
  readonly cached: number;
  readonly cacheWrite: number;
  /** Of `cacheWrite`. */
  readonly cacheWrite1h: number;
  readonly tokensOut: number;
  readonly reasoning: number;
  readonly searches: number;
}

export interface Priced {
  readonly cost: bigint;
  readonly charge: bigint;
  /** Whether the price deserves a second look. */
  readonly flagged: boolean;
  /** By which price, and by which selling price; two calls at one price have one name. */
  readonly price: string;
  readonly chargePrice: string;
}

/** Unit prices, all filled in. */
interface Unit {
  readonly name: string;
  readonly input: bigint;
  readonly output: bigint;
  readonly cached: bigint;
  readonly cacheWrite: bigint;
  readonly cacheWrite1h: bigint;
  readonly reasoning: bigint;
  readonly perUnit: bigint;
  readonly unitSize: bigint;
  readonly perSearch: bigint;
  readonly fee: bigint;
}

interface Listed {
  readonly unit: Unit | null;
  readonly flagged: boolean;
  /** The name under which the book prices the model. */
  readonly entryModel: string;
}

const shipped = (provider: string, model: string, prices: Prices, alias?: string): Entry => {
  return { provider, model, from: 0, prices, ...(alias !== undefined && { alias }) };
};

/** The shipped list, as far as the workload uses it: dollars per 1M tokens are millionths per token. */
const SHIPPED: readonly Entry[] = [
  shipped(
    "anthropic",
    "claude-sonnet-4",
    {
      input: 3_000_000n,
      output: 15_000_000n,
      cached: 300_000n,
      cacheWrite: 3_750_000n,
      cacheWrite1h: 6_000_000n,
    },
    "claude-sonnet-4-0",
  ),
  shipped("openai", "gpt-4o", { input: 2_500_000n, output: 10_000_000n, cached: 1_250_000n }),
  shipped("deepseek", "deepseek-v3", { input: 140_000n, output: 280_000n, cached: 14_000n }),
  shipped("openrouter", "default", { input: 2_000_000n, output: 8_000_000n }),
  shipped("aragora", "api_call", { input: 0n, output: 0n, perUnit: 100_000_000n }),
  shipped("aragora", "debate", {
    input: 2_000_000n,
    output: 2_000_000n,
    cached: 2_000_000n,
    perUnit: 10_000_000_000n,
  }),
  shipped("aragora", "storage", {
    input: 0n,
    output: 0n,
    perUnit: 100_000_000_000n,
    unitSize: 1_073_741_824n,
  }),
];

export class ExpectedPrices {
  readonly own: Entry[] = [];
  readonly rules: Rule[] = [];

  of(call: Call): Priced {
    const listed = this.#listed(call);
    const costRule = this.#ruleFor("cost", call, listed.entryModel);
    const base = costRule === undefined ? listed : this.#underCostRule(costRule, call, listed);
    const cost = base.unit === null ? 0n : total(base.unit, call);
    const chargeRule = this.#ruleFor("charge", call, listed.entryModel);
    const priced = {
      cost,
      charge: cost,
      flagged: base.flagged,
      price: base.unit?.name ?? "",
      chargePrice: "",
    };
    if (chargeRule === undefined) return priced;
    const unit = this.#applied(chargeRule, call, base.unit).unit;
    return { ...priced, charge: total(unit, call), chargePrice: unit.name };
  }

  #underCostRule(rule: Rule, call: Call, listed: Listed): Listed {
    const { unit, flagged } = this.#applied(rule, call, listed.unit);
    return { ...listed, unit, flagged: rule.form.kind === "percent" ? listed.flagged : flagged };
  }

  #applied(rule: Rule, call: Call, base: Unit | null): { unit: Unit; flagged: boolean } {
    const name = `rule ${this.rules.indexOf(rule)}`;
    const { form, fee } = rule;
    if (form.kind === "prices") return unitOf(name, form.prices, call, fee);
    const nothing = { ...FREE, name, fee };
    if (form.kind === "none") return { unit: nothing, flagged: false };
    const derived = `${name} on ${base?.name ?? ""}`;
    if (base === null) return { unit: { ...nothing, name: derived }, flagged: false };
    const scaled = (price: bigint) => halfUp(price * BigInt(1_000_000 + form.percent), 1_000_000n);
    const unit = {
      name: derived,
      input: scaled(base.input),
      output: scaled(base.output),
      cached: scaled(base.cached),
      cacheWrite: scaled(base.cacheWrite),
      cacheWrite1h: scaled(base.cacheWrite1h),
      reasoning: scaled(base.reasoning),
      perUnit: scaled(base.perUnit),
      unitSize: base.unitSize,
      perSearch: scaled(base.perSearch),
      fee: scaled(base.fee) + fee,
    };
    return { unit, flagged: false };
  }

  #listed(call: Call): Listed {
    const [provider, model] = call.model === "" ? ["aragora", call.type] : [call.provider, call.model];
    const known = this.#entry(provider, model, call.at);
    if (known !== undefined)
      return { ...unitOf(this.#nameOf(known), known.prices, call, 0n), entryModel: known.model };
    if (call.model === "" && call.tokensIn + call.tokensOut === 0)
      return { unit: null, flagged: false, entryModel: call.type };
    const fallback =
      this.#entry(call.provider, "default", call.at) ?? this.#entry("openrouter", "default", call.at);
    if (fallback === undefined) throw new Error("the shipped list has a fallback");
    const { unit } = unitOf(this.#nameOf(fallback), fallback.prices, call, 0n);
    return { unit, flagged: true, entryModel: call.model };
  }

  /** Own entries before shipped ones, an exact name before an alias, then the latest. */
  #entry(provider: string, model: string, at: number): Entry | undefined {
    for (const layer of [this.own, SHIPPED]) {
      for (const names of ["model", "alias"] as const) {
        const found = layer
          .filter((entry) => entry.provider === provider && entry[names] === model && entry.from <= at)
          .sort((a, b) => b.from - a.from)[0];
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  #nameOf(entry: Entry): string {
    const own = this.own.indexOf(entry);
    return own >= 0 ? `own ${own}` : `shipped ${SHIPPED.indexOf(entry)}`;
  }

  #ruleFor(target: Rule["target"], call: Call, entryModel: string): Rule | undefined {
    const unit = call.model === "";
    const provider = unit ? "aragora" : call.provider;
    const places = [
      [provider, unit ? call.type : call.model],
      [provider, unit ? call.type : entryModel],
      [provider, ""],
      ["", ""],
    ];
    for (const tenant of [call.tenant, ""]) {
      for (const [onProvider, onModel] of places) {
        const found = this.rules
          .filter((rule) => rule.target === target && rule.tenant === tenant)
          .filter((rule) => rule.provider === onProvider && rule.model === onModel)
          .filter((rule) => rule.from <= call.at && (rule.to === null || call.at < rule.to))
          .sort((a, b) => b.from - a.from)[0];
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }
}

const FREE: Unit = {
  ...{ name: "", input: 0n, output: 0n, cached: 0n, cacheWrite: 0n, cacheWrite1h: 0n, reasoning: 0n },
  ...{ perUnit: 0n, unitSize: 1n, perSearch: 0n, fee: 0n },
};

/** The unit prices of a call: of its tier, then of its band. */
function unitOf(name: string, prices: Prices, call: Call, fee: bigint): { unit: Unit; flagged: boolean } {
  const isBatch = call.tier === "batch" && prices.batch !== undefined;
  const wrongTier = call.tier !== "" && !isBatch;
  const bands = isBatch ? [] : (prices.bands ?? []);
  const band = bands.filter(({ above }) => call.tokensIn > above).sort((a, b) => b.above - a.above)[0];
  const chosen: TokenPrices = (isBatch ? prices.batch : band) ?? prices;
  const borrows =
    (call.cached > 0 && chosen.cached === undefined) ||
    (call.cacheWrite - call.cacheWrite1h > 0 && chosen.cacheWrite === undefined) ||
    (call.cacheWrite1h > 0 && chosen.cacheWrite1h === undefined);
  const place = isBatch ? " batch" : band === undefined ? "" : ` above ${band.above}`;
  const unit = {
    name: name + place,
    input: chosen.input,
    output: chosen.output,
    cached: chosen.cached ?? chosen.input,
    cacheWrite: chosen.cacheWrite ?? chosen.input,
    cacheWrite1h: chosen.cacheWrite1h ?? chosen.input,
    reasoning: chosen.reasoning ?? chosen.output,
    perUnit: prices.perUnit ?? 0n,
    unitSize: prices.unitSize ?? 1n,
    perSearch: prices.perSearch ?? 0n,
    fee,
  };
  return { unit, flagged: wrongTier || borrows };
}

function total(unit: Unit, call: Call): bigint {
  const plain = call.tokensIn - call.cached - call.cacheWrite;
  const tokens =
    BigInt(plain) * unit.input +
    BigInt(call.cached) * unit.cached +
    BigInt(call.cacheWrite - call.cacheWrite1h) * unit.cacheWrite +
    BigInt(call.cacheWrite1h) * unit.cacheWrite1h +
    BigInt(call.tokensOut - call.reasoning) * unit.output +
    BigInt(call.reasoning) * unit.reasoning;
  const units = halfUp(BigInt(call.quantity) * unit.perUnit, unit.unitSize);
  const fees = call.model === "" ? 0n : BigInt(call.quantity) * unit.fee;
  return tokens + BigInt(call.searches) * unit.perSearch + units + fees;
}

function halfUp(value: bigint, by: bigint): bigint {
  return (2n * value + by) / (2n * by);
}
