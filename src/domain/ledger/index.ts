export {
  balancesOf,
  latestTransactions,
  postToLedger,
  type TenantId,
  transactionsAbout,
  transactionsById,
  transactionsByReference,
} from "./ledger-store.ts";
export { type LedgerTransaction, movedInto, type Posting } from "./transaction.ts";
export { ledgerDifferences } from "./verify.ts";
