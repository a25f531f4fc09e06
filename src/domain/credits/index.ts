export { type CreditLotType, CreditTransactionType } from "./credit.ts";
export {
  type AdjustInput,
  CreditService,
  type DeductInput,
  type IssueInput,
  type ReverseInput,
  type VoidInput,
} from "./credit-service.ts";
export type {
  CreditAccount,
  CreditLot,
  CreditLotPart,
  CreditTransaction,
  Deduction,
} from "./credit-view.ts";
export { creditExpiryNotices } from "./expiry-notices.ts";
export type { CreditNotices, ExpiringCredit } from "./notices.ts";
export type { AskForPayment, TopUpRule, TopUpRuleView, TopUpState, TopUpView } from "./top-up.ts";
export { TopUpService } from "./top-up-service.ts";
