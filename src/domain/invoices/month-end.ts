// The month-end run: an invoice for every tenant that owes or used something, however often and by however many it is run.

import { BillingError } from "../../kernel/index.ts";

/** What a run did. */
export interface MonthEndReport {
  readonly period: string;
  /** Tenants looked at. */
  readonly tenants: number;
  /** Invoices that this run issued. */
  readonly finalized: number;
  /** Of these, drafts that were there before, with other terms than the run's: they were issued on their own. */
  readonly ownTerms: number;
  /** Tenants whose invoice was there already, or that owe nothing. */
  readonly already: number;
  readonly totalCents: number;
  /** Tenants whose invoice could not be issued, and why; the run goes on past them. */
  readonly failures: readonly { readonly tenant: string; readonly code: string; readonly message: string }[];
}

export interface MonthEndProgress {
  readonly tenants: number;
  readonly finalized: number;
}

/** What one tenant came to. */
export type TenantOutcome =
  | { readonly kind: "finalized"; readonly totalCents: number; readonly hadOwnTerms: boolean }
  | { readonly kind: "already" }
  | { readonly kind: "failed"; readonly tenant: string; readonly error: unknown };

/** Adds outcomes up. */
export class MonthEndTally {
  readonly #period: string;
  #tenants = 0;
  #finalized = 0;
  #ownTerms = 0;
  #already = 0;
  #totalCents = 0;
  readonly #failures: MonthEndReport["failures"][number][] = [];

  constructor(period: string) {
    this.#period = period;
  }

  add(outcome: TenantOutcome): void {
    this.#tenants += 1;
    switch (outcome.kind) {
      case "finalized":
        this.#finalized += 1;
        if (outcome.hadOwnTerms) this.#ownTerms += 1;
        this.#totalCents += outcome.totalCents;
        break;
      case "already":
        this.#already += 1;
        break;
      case "failed": {
        const { tenant, error } = outcome;
        // Its subscription failed before its invoice did: the cause is enough.
        if (this.#failures.some((one) => one.tenant === tenant)) return;
        const code = error instanceof BillingError ? error.code : "internal_error";
        this.#failures.push({
          tenant,
          code,
          message: error instanceof Error ? error.message : String(error),
        });
        break;
      }
    }
  }

  get progress(): MonthEndProgress {
    return { tenants: this.#tenants, finalized: this.#finalized };
  }

  get report(): MonthEndReport {
    return {
      ...{ period: this.#period, tenants: this.#tenants, finalized: this.#finalized },
      ...{
        ownTerms: this.#ownTerms,
        already: this.#already,
        totalCents: this.#totalCents,
        failures: this.#failures,
      },
    };
  }
}
