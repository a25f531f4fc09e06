export type { AlertSink, RaisedAlert } from "./alert.ts";
export type { AlertCallback } from "./alert-callbacks.ts";
export {
  BUDGET_MEASURES,
  BUDGET_PERIODS,
  type BudgetMeasure,
  type BudgetMoney,
  type BudgetPeriodName,
  type BudgetStatus,
  THRESHOLD_ACTIONS,
  type ThresholdAction,
} from "./budget.ts";
export { budgetEngine } from "./budget-engine.ts";
export type { BudgetInput, BudgetTermsInput, OverageInput, ThresholdInput } from "./budget-input.ts";
export {
  type BudgetChangeEntry,
  type BudgetOverride,
  BudgetService,
  type Deed,
  type OverrideInput,
} from "./budget-service.ts";
export type { AlertRecord, BudgetRecord, BudgetStatusView, CounterStatus } from "./budget-view.ts";
export { currentHold } from "./hold-context.ts";
export type { HoldFlag } from "./hold-flags.ts";
export {
  type AuthorizeRequest,
  type BudgetCheck,
  type DebateInput,
  HoldService,
  type RecordedSpend,
  type SpendInput,
} from "./hold-service.ts";
export type { BudgetDecision, BudgetHold, BudgetSpend, HeldPart } from "./hold-view.ts";
export { debatesOfPlan, PlanBudgets } from "./plan-budgets.ts";
export type { AmountInput, DimensionsInput, SpendRequest } from "./request.ts";
export { EACH, SCOPE_DIMENSIONS, type Scope, type ScopeDimension } from "./scope.ts";
export type { AlertLevel } from "./thresholds.ts";
export type { TrendPoint, TrendStep } from "./trend.ts";
