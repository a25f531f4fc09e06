// What the workload does to usage and budgets, as plain data.

import type { RerateScope, SentEvent } from "./auditor.ts";
import type { BudgetTerms, Terms } from "./expected-budgets.ts";
import type { Call, Entry, Rule } from "./expected-prices.ts";
import type { Names, Use } from "./expected-usage.ts";

export type TokenCounts = Pick<
  Call,
  "tier" | "tokensIn" | "cached" | "cacheWrite" | "cacheWrite1h" | "tokensOut" | "reasoning" | "searches"
>;

/** How much, as a request or a settlement says it. */
export interface Amount {
  /** Pico-USD. */
  readonly cost: bigint | null;
  readonly tokens: TokenCounts | null;
  readonly quantity: number | null;
}

/** A planned use. `at` null is now. */
export interface Request {
  readonly tenant: string;
  readonly names: Names;
  readonly type: string;
  readonly at: number | null;
  readonly amount: Amount;
}

export interface Authorization extends Request {
  readonly hold: string;
  readonly key: string | null;
  readonly ttlMs: number | null;
}

export type Operation =
  | { readonly do: "record"; readonly events: readonly SentEvent[]; readonly alone: boolean }
  | { readonly do: "check"; readonly request: Request }
  | { readonly do: "authorize"; readonly request: Authorization }
  | { readonly do: "capture"; readonly hold: string; readonly tenant: string; readonly actual: Amount }
  | { readonly do: "release"; readonly hold: string; readonly tenant: string }
  | {
      readonly do: "withBudget";
      readonly request: Authorization;
      readonly inside: readonly Operation[];
      readonly throws: boolean;
    }
  | {
      readonly do: "spend";
      readonly request: Request;
      readonly key: string | null;
      readonly eventId: string | null;
      readonly enforce: boolean;
    }
  | {
      readonly do: "correct";
      readonly tenant: string;
      readonly id: string;
      readonly values: Partial<Use> | null;
    }
  | { readonly do: "rerate"; readonly scope: RerateScope; readonly dry: boolean }
  | { readonly do: "price"; readonly entry: Entry }
  | { readonly do: "rule"; readonly rule: Rule }
  | { readonly do: "create"; readonly terms: BudgetTerms }
  | {
      readonly do: "update";
      readonly tenant: string;
      readonly budget: string;
      readonly changes: Partial<Terms>;
    }
  | {
      readonly do: "suspend" | "resume" | "close" | "reset";
      readonly tenant: string;
      readonly budget: string;
    }
  | {
      readonly do: "override";
      readonly tenant: string;
      /** '': all of the tenant's. */
      readonly budget: string;
      readonly user: string;
      readonly until: number;
      readonly limit: bigint | null;
    };
