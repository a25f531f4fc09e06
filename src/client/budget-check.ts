// Asking before spending, with an answer even when nobody can be asked.

import { AragoraApiError, AragoraNetworkError } from "./errors.ts";
import type { Api } from "./generated/types.ts";
import type { CallOptions } from "./request.ts";
import type { Transport } from "./transport.ts";

/** Milliseconds of a check, retries included. Its attempts have half of it each. */
const CHECK_MS = 2_000;

/** What the API answered, or what was decided without it: then `reason` is `unavailable`. */
export type BudgetCheck = Omit<Api.BudgetsCheckReply, "reason"> & {
  readonly reason: Api.BudgetsCheckReply["reason"] | "unavailable";
};

export interface CheckOptions {
  /**
   * What a check says when the API cannot be reached or answers 5xx: `closed` (the default) that it is not allowed, `open`
   * that it is. A refusal of the request itself (4xx) is an error under both.
   */
  readonly onUnavailable?: "closed" | "open" | undefined;
  /** Milliseconds of the whole check, retries included; default 2,000. */
  readonly timeoutMs?: number | undefined;
  /** Ends the check at once; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A check changes nothing, so it needs no idempotency key, and its second attempt is answered by the state of then. */
export async function checkBudgets(
  { json }: Transport,
  input: Api.BudgetsCheckInput,
  { onUnavailable = "closed", timeoutMs = CHECK_MS, signal }: CheckOptions,
): Promise<BudgetCheck> {
  if (onUnavailable !== "closed" && onUnavailable !== "open") {
    throw new TypeError('onUnavailable must be "closed" or "open"');
  }
  const options: CallOptions = { signal, timeoutMs: Math.ceil(timeoutMs / 2) };
  const request = { method: "POST", path: "/v1/budgets/check", body: input, deadlineMs: timeoutMs };
  try {
    return await json<Api.BudgetsCheckReply>(request, options);
  } catch (error) {
    if (signal?.aborted === true || !isUnavailable(error)) throw error;
    return {
      allowed: onUnavailable === "open",
      reason: "unavailable",
      message: `the budgets could not be asked: ${error.message}`,
      warnings: [],
      budgets: [],
    };
  }
}

function isUnavailable(error: unknown): error is AragoraApiError | AragoraNetworkError {
  return error instanceof AragoraNetworkError || (error instanceof AragoraApiError && error.status >= 500);
}
