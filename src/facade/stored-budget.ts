// Budgets under ids that follow from what they are for: setting one again changes it, in whichever process.

import type { Billing } from "../billing.ts";
import { type BudgetInput, type BudgetRecord, EACH } from "../domain/budgets/index.ts";
import { BillingError, invalidInput } from "../kernel/index.ts";

/** A budget of a fixed id. */
type FixedBudget = BudgetInput & { readonly id: string };

/** A budget, or undefined where there is none. */
export async function storedBudget(
  billing: Billing,
  id: string,
  tenant: string | undefined,
): Promise<BudgetRecord | undefined> {
  try {
    return await billing.budgets.get(id, tenant);
  } catch (error) {
    if (error instanceof BillingError && error.code === "budget_not_found") return undefined;
    throw error;
  }
}

/**
 * Makes a budget, or gives the one under its id these terms.
 *
 * @throws BillingError conflict `budget_exists` where the id is that of a budget on other usage; failed_precondition
 * `budget_closed`.
 */
export async function putBudget(billing: Billing, budget: FixedBudget): Promise<BudgetRecord> {
  const { id, tenant, name, limit = null, thresholds, notify = [] } = budget;
  let known = await storedBudget(billing, id, tenant);
  if (known === undefined) {
    try {
      return await billing.budgets.create(budget);
    } catch (error) {
      // Another process has made it meanwhile, on other terms: the later one's are in force.
      if (!(error instanceof BillingError) || error.code !== "budget_exists") throw error;
      known = await billing.budgets.get(id, tenant);
    }
  }
  requireSameUsage(known, budget);
  return billing.budgets.update(id, { name, limit, thresholds, notify }, tenant);
}

/** Takes the limit of a budget away, where there is one that counts. What it has counted stays. */
export async function unlimit(billing: Billing, id: string, tenant: string | undefined): Promise<void> {
  const known = await storedBudget(billing, id, tenant);
  if (known === undefined || known.status === "closed" || known.limit === null) return;
  await billing.budgets.update(id, { limit: null }, tenant);
}

/**
 * A value of a dimension.
 *
 * @throws BillingError invalid_input for an empty one, and for the word that stands for each of them.
 */
export function dimensionValue(value: string, field: string): string {
  if (typeof value !== "string" || value === "")
    throw invalidInput(field, "required", `${field} must be a non-empty text`);
  if (value === EACH)
    throw invalidInput(
      field,
      "reserved",
      `${field} must not be ${JSON.stringify(EACH)}: budgets take it for all`,
    );
  return value;
}

function requireSameUsage(known: BudgetRecord, { id, scope = {} }: FixedBudget): void {
  const text = (of: object) => JSON.stringify(Object.entries(of).sort());
  if (text(known.scope) === text(scope)) return;
  const problem = `the id ${JSON.stringify(id)} is that of a budget on other usage; nothing was changed`;
  throw new BillingError("conflict", "budget_exists", problem, { details: { budget: id } });
}
