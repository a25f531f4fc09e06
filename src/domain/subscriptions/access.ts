// Who may change a subscription. The one place: the service looks here, docs/subscriptions.md shows it, and a test compares
// both.

import type { Rule } from "../organizations/index.ts";
import type { ChangeKind } from "./lifecycle.ts";

const BILLING: Rule = { any: ["org.billing"] };
const OPERATOR: Rule = { only: "operator" };

export const CHANGES: Readonly<Record<ChangeKind, Rule>> = Object.freeze({
  start_trial: BILLING,
  extend_trial: OPERATOR,
  convert_trial: BILLING,
  change_plan: BILLING,
  cancel: BILLING,
  resume: BILLING,
  pause: OPERATOR,
  unpause: OPERATOR,
  mark_past_due: OPERATOR,
  mark_paid: OPERATOR,
});
