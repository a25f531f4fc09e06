export type { Operation } from "./group-commit.ts";
export { type LastRun, lastJobRun, leaseHolder, recordJobRun } from "./job-runs.ts";
export { acquireLease, type LeaseRequest, releaseLease } from "./leases.ts";
export {
  appendToOutbox,
  type Claim,
  type ClaimedMessage,
  claimFromOutbox,
  completeInOutbox,
  type OutboxMessage,
  releaseToOutbox,
} from "./outbox.ts";
export { OvertakenError } from "./overtaken.ts";
export { intArray, textArray } from "./postgres-arrays.ts";
export { jsonOf, rowsFrom } from "./rows.ts";
export { open, Store, storeAt } from "./store.ts";
export type { Dialect, Reader, Tx, Value } from "./tx.ts";
