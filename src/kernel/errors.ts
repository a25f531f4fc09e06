// One error class for the whole engine. A kind says who must act and maps once, here, to an HTTP
// status and a CLI exit code; a code names the exact reason and is part of the public contract.

/** The status and exit code that each kind of error ends in. */
export const ERROR_KINDS = Object.freeze({
  invalid_input: Object.freeze({ httpStatus: 422, exitCode: 2 }),
  unauthenticated: Object.freeze({ httpStatus: 401, exitCode: 3 }),
  forbidden: Object.freeze({ httpStatus: 403, exitCode: 3 }),
  not_found: Object.freeze({ httpStatus: 404, exitCode: 4 }),
  conflict: Object.freeze({ httpStatus: 409, exitCode: 5 }),
  failed_precondition: Object.freeze({ httpStatus: 412, exitCode: 5 }),
  limit_exceeded: Object.freeze({ httpStatus: 402, exitCode: 6 }),
  rate_limited: Object.freeze({ httpStatus: 429, exitCode: 6 }),
  unavailable: Object.freeze({ httpStatus: 503, exitCode: 7 }),
  provider_failed: Object.freeze({ httpStatus: 502, exitCode: 7 }),
  internal: Object.freeze({ httpStatus: 500, exitCode: 1 }),
});

/** Who must act on an error: the caller, an operator, or time. */
export type ErrorKind = keyof typeof ERROR_KINDS;

export interface BillingErrorOptions {
  /** JSON-safe facts about the failure (money as text, never a bigint). They are shown to the caller. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Whether the same call may succeed later. Default: true for unavailable, rate_limited, provider_failed. */
  readonly retryable?: boolean;
  /** What caused it. Kept for logs, never shown to the caller. */
  readonly cause?: unknown;
}

/** What a `BillingError` looks like in JSON. */
export interface BillingErrorJson {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryable: boolean;
}

/**
 * The error that every part of the engine throws. Branch on `kind` or `code`, never on `message`.
 *
 * @example
 * throw new BillingError("not_found", "budget_not_found", "no budget b_1", { details: { budgetId: "b_1" } });
 */
export class BillingError extends Error {
  override readonly name: string = "BillingError";
  readonly kind: ErrorKind;
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryable: boolean;

  constructor(kind: ErrorKind, code: string, message: string, options: BillingErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.kind = kind;
    this.code = code;
    this.details = Object.freeze({ ...options.details });
    this.retryable = options.retryable ?? RETRYABLE_KINDS.has(kind);
  }

  /** Returns what a caller may see: no stack, no cause. */
  toJSON(): BillingErrorJson {
    const { kind, code, message, details, retryable } = this;
    return { kind, code, message, details, retryable };
  }
}

/**
 * Returns an `invalid_input` error that names the offending field in `details.field`.
 *
 * @example
 * throw invalidInput("amount", "invalid_amount", "amount must be a decimal number");
 */
export function invalidInput(field: string, code: string, message: string): BillingError {
  return new BillingError("invalid_input", code, message, { details: { field } });
}

/**
 * Returns the process exit code for an error: its kind's, and 1 for anything that is no `BillingError`.
 *
 * @example
 * exitCodeOf(invalidInput("amount", "invalid_amount", "...")); // 2
 */
export function exitCodeOf(error: unknown): number {
  return error instanceof BillingError ? ERROR_KINDS[error.kind].exitCode : 1;
}

const RETRYABLE_KINDS: ReadonlySet<ErrorKind> = new Set(["unavailable", "rate_limited", "provider_failed"]);
