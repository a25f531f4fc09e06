import type { Decimal } from "decimal.js";
import { type BillingError, formatUsd, usdToDecimal } from "../../kernel/index.ts";
import { type RatingFlag, ratingFlags } from "../rating/index.ts";

export type VerdictStatus = "accepted" | "duplicate" | "conflict" | "rejected";

/** Why an event was not recorded. */
export interface Rejection {
  readonly code: string;
  readonly field: string | null;
  readonly message: string;
}

interface Outcome {
  readonly price: string;
  readonly cost: bigint;
  readonly flags: number;
}

/**
 * What became of one event.
 *
 * `accepted`: durable and counted. `duplicate`: the same event was on record; price and cost are those on record.
 * `conflict`: another event has this id; nothing was applied. `rejected`: see `code`, `field`, `message`.
 */
export class Verdict {
  readonly id: string;
  readonly status: VerdictStatus;
  readonly rejection: Rejection | null;
  readonly #outcome: Outcome | null;

  constructor(
    id: string,
    status: VerdictStatus,
    outcome: Outcome | null,
    rejection: Rejection | null = null,
  ) {
    this.id = id;
    this.status = status;
    this.rejection = rejection;
    this.#outcome = outcome;
  }

  /** The exact cost; null where nothing is on record. */
  get costUsd(): Decimal | null {
    return this.#outcome === null ? null : usdToDecimal(this.#outcome.cost);
  }

  /** Id of the rate it was priced by; null where there is none. */
  get price(): string | null {
    return this.#outcome === null || this.#outcome.price === "" ? null : this.#outcome.price;
  }

  get flags(): readonly RatingFlag[] {
    return this.#outcome === null ? [] : ratingFlags(this.#outcome.flags);
  }

  toJSON(): Record<string, unknown> {
    const { id, status } = this;
    if (this.#outcome === null) return { id, status, ...this.rejection };
    return { id, status, costUsd: formatUsd(this.#outcome.cost), price: this.price, flags: this.flags };
  }
}

export function rejected(id: string, error: BillingError): Verdict {
  const field = typeof error.details.field === "string" ? error.details.field : null;
  return new Verdict(id, "rejected", null, { code: error.code, field, message: error.message });
}

export function conflicted(id: string): Verdict {
  const message = `another event has the id ${JSON.stringify(id)}; this one was not applied`;
  return new Verdict(id, "conflict", null, { code: "event_conflict", field: "id", message });
}
