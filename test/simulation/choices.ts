// The small choices of the workload: names, amounts, prices, terms.

import type { Auditor, RerateScope } from "./auditor.ts";
import type { Budget, BudgetTerms, Measure, Period, Terms, Threshold } from "./expected-budgets.ts";
import type { Entry, Prices, Rule } from "./expected-prices.ts";
import type { Names, Use } from "./expected-usage.ts";
import type { Amount, TokenCounts } from "./operations.ts";
import type { Random } from "./random.ts";

export interface Setting {
  readonly start: number;
  readonly days: number;
  readonly operations: number;
}

export const TENANTS = ["acme", "beta", "gamma"] as const;
const WORKSPACES = ["", "north", "south"];
const USERS = ["", "ann", "bob", "eve"];
const AGENTS = ["", "writer", "critic"];
const DEBATES = ["", "d1", "d2", "d3", "d4"];
const MODELS = [
  ["openai", "gpt-4o"],
  ["openai", "gpt-4o"],
  ["anthropic", "claude-sonnet-4"],
  ["anthropic", "claude-sonnet-4-0"],
  ["deepseek", "deepseek-v3"],
  ["mystery", "model-x"],
] as const;
const UNIT_TYPES = ["debate", "api_call", "storage", "export"] as const;
const ZONES = [
  ...["UTC", "UTC", "UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "America/Havana"],
  ...["Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Auckland", "Africa/Cairo"],
];
const PERIODS: readonly Period[] = [
  ...(["daily", "daily", "daily", "weekly", "weekly", "monthly", "monthly"] as const),
  ...(["quarterly", "annual", "total"] as const),
];
/** How much more usage falls into a period than into a day. */
const LENGTHS = { daily: 1, weekly: 3, monthly: 8, quarterly: 15, annual: 20, total: 20 };
const MEASURES: readonly Measure[] = ["usd", "usd", "usd", "usd", "tokens", "calls", "debates"];
const THRESHOLDS: readonly (readonly Threshold[])[] = [
  [
    { bps: 5_000, action: "notify" },
    { bps: 7_500, action: "warn" },
    { bps: 9_000, action: "soft_limit" },
    { bps: 10_000, action: "hard_limit" },
  ],
  [{ bps: 10_000, action: "suspend" }],
  [
    { bps: 6_000, action: "notify" },
    { bps: 8_000, action: "suspend" },
  ],
  [
    { bps: 3_333, action: "notify" },
    { bps: 6_667, action: "soft_limit" },
    { bps: 9_999, action: "hard_limit" },
    { bps: 15_000, action: "warn" },
  ],
  [
    { bps: 5_000, action: "warn" },
    { bps: 12_000, action: "hard_limit" },
  ],
  [{ bps: 5_000, action: "notify" }],
  [],
];
const MINUTE = 60_000;
const DAY = 86_400_000;
/** $1 in pico-USD. */
const DOLLAR = 1_000_000_000_000n;

export class Choices {
  readonly #random: Random;
  readonly #auditor: Auditor;

  constructor(random: Random, auditor: Auditor) {
    this.#random = random;
    this.#auditor = auditor;
  }

  user(): string {
    return this.#random.pick(USERS.slice(1));
  }

  names(): Names {
    const random = this.#random;
    const [provider, model] = random.pick(MODELS);
    return {
      workspace: random.pick(WORKSPACES),
      user: random.pick(USERS),
      agent: random.pick(AGENTS),
      debate: random.pick(DEBATES),
      ...{ provider, model },
    };
  }

  /** Whose use, and of what kind: a model's tokens, or something priced by its type. */
  subject(): { names: Names; type: string } {
    const names = this.names();
    if (this.#random.chance(0.8)) return { names, type: this.#random.chance(0.1) ? "debate" : "tokens" };
    return { names: { ...names, provider: "", model: "" }, type: this.#random.pick(UNIT_TYPES) };
  }

  /** An event's content. */
  use(tenant: string): Use {
    const random = this.#random;
    const { names, type } = this.subject();
    const isUnit = names.model === "";
    const counts = isUnit && random.chance(0.8) ? NO_TOKENS : this.tokens();
    const quantity =
      type === "storage" ? random.int(1, 4_000_000_000) : random.chance(0.9) ? 1 : random.int(0, 4);
    return {
      ...{ tenant, type, quantity, ...names, ...counts },
      at: random.chance(0.25) ? this.earlier() : this.#auditor.now() + (random.chance(0.05) ? 60_000 : 0),
      isEstimate: random.chance(0.05),
    };
  }

  /** An instant before now: minutes, days or weeks, sometimes just before the end of a day. */
  earlier(): number {
    const random = this.#random;
    const now = this.#auditor.now();
    if (random.chance(0.2)) return this.#edge();
    const back = { minutes: random.int(1, 600) * MINUTE, days: random.int(1, 5) * DAY, weeks: 25 * DAY };
    const at = now - back[random.weighted({ minutes: 5, days: 4, weeks: 1 })];
    return random.chance(0.2) ? Math.floor(at / DAY) * DAY - random.int(0, 1) : at;
  }

  /** Where a price or a rule begins or ends, or the millisecond before; else now. */
  #edge(): number {
    const { own, rules } = this.#auditor.prices;
    const edges = [...own.map(({ from }) => from), ...rules.flatMap(({ from, to }) => [from, to ?? 0])];
    const past = edges.filter((edge) => edge > 0 && edge <= this.#auditor.now());
    return past.length === 0 ? this.#auditor.now() : this.#random.pick(past) - this.#random.int(0, 1);
  }

  tokens(): TokenCounts {
    const random = this.#random;
    const size = random.chance(0.03) ? 250_000 : random.chance(0.1) ? 0 : 20_000;
    // At the edge of a band, and just above it.
    const tokensIn = random.chance(0.06) ? random.pick([5_000, 5_001, 100_000]) : random.int(0, size);
    const cached = random.chance(0.3) ? random.int(0, tokensIn) : 0;
    const cacheWrite = random.chance(0.2) ? random.int(0, tokensIn - cached) : 0;
    const tokensOut = random.int(0, 8_000);
    return {
      ...{ tokensIn, cached, cacheWrite, tokensOut },
      cacheWrite1h: random.chance(0.5) ? random.int(0, cacheWrite) : 0,
      reasoning: random.chance(0.2) ? random.int(0, tokensOut) : 0,
      searches: random.chance(0.1) ? random.int(1, 3) : 0,
      tier: random.chance(0.1) ? random.pick(["batch", "flex"]) : "",
    };
  }

  /** What a request says of its amount, which may be nothing. */
  estimate(): Amount {
    const random = this.#random;
    switch (random.weighted({ cost: 5, tokens: 4, both: 1, nothing: 1 })) {
      case "cost":
        return { cost: this.dollars(0.6), tokens: null, quantity: null };
      case "tokens":
        return { cost: null, tokens: this.tokens(), quantity: random.chance(0.1) ? random.int(1, 3) : null };
      case "both":
        return { cost: this.dollars(0.6), tokens: this.tokens(), quantity: null };
      case "nothing":
        return { cost: null, tokens: null, quantity: null };
    }
  }

  actual(): Amount {
    const random = this.#random;
    const cost = random.chance(0.6) ? this.dollars(0.6) : null;
    return { cost, tokens: cost === null || random.chance(0.2) ? this.tokens() : null, quantity: null };
  }

  /** Up to so many dollars: whole cents mostly, else to the last pico-dollar; sometimes nothing. */
  dollars(most: number): bigint {
    const random = this.#random;
    if (random.chance(0.05)) return 0n;
    if (random.chance(0.7)) return BigInt(random.int(1, Math.round(most * 100))) * (DOLLAR / 100n);
    return BigInt(random.int(1, 999_999_999)) * BigInt(Math.round(most * 1_000));
  }

  correction(): Partial<Use> | null {
    const random = this.#random;
    switch (random.weighted({ void: 2, counts: 4, model: 2, time: 2, names: 2, nothing: 1 })) {
      case "void":
        return null;
      case "counts": {
        const { tier: _, ...counts } = this.tokens();
        // Counts that are given are the provider's own.
        return { ...counts, isEstimate: false };
      }
      case "model": {
        const [provider, model] = random.pick(MODELS);
        // A fee per call is not meant for bytes of storage.
        return { provider, model, quantity: 1 };
      }
      case "time":
        return { at: this.earlier() };
      case "names":
        return { workspace: random.pick(WORKSPACES), user: random.pick(USERS), debate: random.pick(DEBATES) };
      case "nothing":
        return {};
    }
  }

  rerateScope(tenant: string): RerateScope {
    const random = this.#random;
    const from = this.earlier() - random.int(0, 20) * DAY;
    return {
      tenant: random.chance(0.7) ? tenant : null,
      from,
      to: from + random.int(1, 30) * DAY,
      model: random.chance(0.4) ? random.pick(MODELS)[1] : null,
    };
  }

  // Prices

  price(): Entry {
    const random = this.#random;
    const [provider, model] = random.pick(MODELS);
    const unit = random.chance(0.2);
    const names = unit ? { provider: "aragora", model: random.pick(UNIT_TYPES) } : { provider, model };
    return { ...names, from: this.#startOfTerms(), prices: this.#prices(unit) };
  }

  rule(tenant: string): Rule {
    const random = this.#random;
    const [provider, model] = random.pick(MODELS);
    const about = random.weighted({ model: 2, provider: 1, all: 2, unit: 1 });
    const from = this.#startOfTerms();
    const unit = about === "unit";
    return {
      target: random.chance(0.7) ? "charge" : "cost",
      tenant: random.chance(0.6) ? tenant : "",
      provider: about === "all" ? "" : unit ? "aragora" : provider,
      model: about === "model" ? model : unit ? random.pick(UNIT_TYPES) : "",
      from,
      to: random.chance(0.3)
        ? Math.max(from, this.#auditor.now() - 40 * DAY) + random.int(1, 60) * DAY
        : null,
      form: this.#form(unit),
      fee: random.chance(0.3) ? BigInt(random.int(1, 5_000)) * 1_000_000n : 0n,
    };
  }

  #form(unit: boolean): Rule["form"] {
    switch (this.#random.weighted({ percent: 5, prices: 3, none: 1 })) {
      case "percent":
        return { kind: "percent", percent: this.#random.int(-600_000, 1_200_000) };
      case "prices":
        return { kind: "prices", prices: this.#prices(unit) };
      case "none":
        return { kind: "none" };
    }
  }

  #prices(unit: boolean): Prices {
    const random = this.#random;
    const perToken = () => BigInt(random.int(0, 12_000_000));
    const some = (name: string) => (random.chance(0.5) ? { [name]: perToken() } : {});
    const tokens = () => ({ input: perToken(), output: perToken(), ...some("cached"), ...some("reasoning") });
    return {
      ...tokens(),
      ...some("cacheWrite"),
      ...some("cacheWrite1h"),
      ...(random.chance(0.3) && { bands: [{ above: random.pick([5_000, 100_000]), ...tokens() }] }),
      ...(random.chance(0.3) && { batch: tokens() }),
      ...(random.chance(0.3) && { perSearch: BigInt(random.int(0, 20_000)) * 1_000_000n }),
      ...((unit || random.chance(0.1)) && {
        perUnit: BigInt(random.int(0, 99_999_999)) * 1_001n,
        unitSize: BigInt(random.pick([999_983, 1_073_741_824])),
      }),
    };
  }

  /** Since ever, or from a day near now. */
  #startOfTerms(): number {
    const random = this.#random;
    if (random.chance(0.15)) return 0;
    return Math.floor(this.#auditor.now() / DAY) * DAY + random.int(-20, 6) * DAY + random.int(0, 1) * MINUTE;
  }

  // Budgets

  budget(tenant: string, id: string): BudgetTerms {
    const random = this.#random;
    const now = this.#auditor.now();
    const measure = random.pick(MEASURES);
    const period = random.pick(PERIODS);
    const anchored = period !== "total" && random.chance(0.25);
    const anchor = anchored ? now - random.int(-30, 90) * DAY + random.int(0, DAY) : null;
    const zone = random.pick(ZONES);
    const scope = this.#scope();
    return {
      ...{ tenant, id, measure, period, scope, zone, anchor },
      money: random.chance(0.4) ? "charge" : "cost",
      rollover: period !== "total" && random.chance(0.4),
      from: period === "total" && random.chance(0.5) ? now - random.int(0, 30) * DAY : null,
      limit: random.chance(0.05) ? null : this.#limit(measure, period),
      thresholds: random.chance(0.5) ? (THRESHOLDS[0] ?? []) : random.pick(THRESHOLDS),
      overage: this.#overage(measure, period),
      emails: this.#emails(),
    };
  }

  changes(budget: Budget): Partial<Terms> {
    const random = this.#random;
    const { measure, period, limit } = budget;
    switch (random.weighted({ limit: 5, scaled: 3, thresholds: 3, overage: 1, emails: 1 })) {
      case "limit":
        return { limit: random.chance(0.05) ? null : this.#limit(measure, period) };
      case "scaled":
        return { limit: ((limit ?? 10n) * BigInt(random.int(5, 30))) / 10n };
      case "thresholds":
        return { thresholds: random.pick(THRESHOLDS), ...(random.chance(0.3) && { limit: limit ?? 7n }) };
      case "overage":
        return { overage: this.#overage(measure, period) };
      case "emails":
        return { emails: this.#emails() };
    }
  }

  #scope(): BudgetTerms["scope"] {
    const random = this.#random;
    const scope: Record<string, string> = {};
    if (random.chance(0.3)) scope.workspace = random.pick(["north", "south", "each"]);
    if (random.chance(0.25)) scope.user = random.pick(["ann", "each", "each"]);
    if (random.chance(0.15)) scope.agent = random.pick(["writer", "each"]);
    if (random.chance(0.25)) scope.debate = random.pick(["d1", "each", "each"]);
    if (random.chance(0.1)) scope.provider = random.pick(["openai", "each"]);
    if (random.chance(0.1)) scope.model = random.pick(["gpt-4o", "each"]);
    return scope;
  }

  #limit(measure: Measure, period: Period): bigint {
    const random = this.#random;
    if (random.chance(0.03)) return 0n;
    const size = LENGTHS[period];
    switch (measure) {
      case "usd":
        return this.dollars(random.pick([0.3, 1, 2]) * size);
      case "tokens":
        return BigInt(random.int(1_000, 60_000 * size));
      case "debates":
        return BigInt(random.int(1, 4 * size));
      case "calls":
        return BigInt(random.int(1, 6 * size));
    }
  }

  #overage(measure: Measure, period: Period): Terms["overage"] {
    if (!this.#random.chance(0.15)) return null;
    return { cap: this.#random.chance(0.3) ? null : this.#limit(measure, period) };
  }

  #emails(): string[] {
    return Array.from({ length: this.#random.int(0, 2) }, (_, index) => `owner${index}@example.com`);
  }
}

export const NO_TOKENS: TokenCounts = {
  ...{ tokensIn: 0, cached: 0, cacheWrite: 0, cacheWrite1h: 0, tokensOut: 0, reasoning: 0, searches: 0 },
  tier: "",
};
