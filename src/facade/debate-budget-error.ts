import type { Decimal } from "decimal.js";
import { BillingError, type DecimalInput, formatUsd, parseUsd, usdToDecimal } from "../kernel/index.ts";

/**
 * A debate may not spend any more. The engine decides; who asked it throws this.
 *
 * @example
 * const status = await tracker.checkDebateBudget("debate_123", { estimatedCostUsd: "0.50" });
 * if (!status.allowed) {
 *   throw new DebateBudgetExceededError({
 *     debateId: "debate_123", currentCost: status.currentCost, limit: status.limit,
 *   });
 * }
 */
export class DebateBudgetExceededError extends BillingError {
  override readonly name = "DebateBudgetExceededError";
  readonly debateId: string;
  readonly currentCost: Decimal;
  /** Null: a budget without a limit that is suspended. */
  readonly limit: Decimal | null;

  /** `limit` may be the `"unlimited"` of a status. @throws BillingError invalid_input for an amount that is none. */
  constructor({
    debateId,
    currentCost,
    limit,
  }: {
    readonly debateId: string;
    readonly currentCost: DecimalInput;
    readonly limit: DecimalInput;
  }) {
    const spent = parseUsd(currentCost, "currentCost");
    const most = limit === "unlimited" ? null : parseUsd(limit, "limit");
    const end = most === null ? "its budget is suspended" : `the limit is $${formatUsd(most)}`;
    const text = `debate ${JSON.stringify(debateId)} may spend no more: $${formatUsd(spent)} spent, ${end}`;
    super("limit_exceeded", "debate_budget_exceeded", text, {
      details: {
        debateId,
        currentCostUsd: formatUsd(spent),
        limitUsd: most === null ? null : formatUsd(most),
      },
    });
    this.debateId = debateId;
    this.currentCost = usdToDecimal(spent);
    this.limit = most === null ? null : usdToDecimal(most);
  }
}
