// What is used is owed from the same commit on: unbilled until an invoice takes it.

import type { Reader, Tx } from "../../store/index.ts";
import type { CommitParticipant, RatedEvent } from "../metering/index.ts";
import { addUnbilledAcrossTenants, lockUsageAcrossTenants } from "./usage-store.ts";
import { UsageTally } from "./usage-tally.ts";
import { invoiceDifferences } from "./verify.ts";

/** Joined to metering: adds every accepted event to `unbilled_usage`, in its commit. */
export class UnbilledUsage implements CommitParticipant {
  readonly name = "invoices";

  prepare(tx: Tx, rated: readonly RatedEvent[]): Promise<void> {
    return lockUsageAcrossTenants([...new Set(rated.map(({ event }) => event.tenant))], "shared", tx);
  }

  apply(tx: Tx, accepted: readonly RatedEvent[]): Promise<void> {
    const tally = new UsageTally();
    for (const rated of accepted) tally.add(rated);
    return addUnbilledAcrossTenants(tally.rows, tx);
  }

  differences(reader: Reader): Promise<readonly string[]> {
    return invoiceDifferences(reader);
  }
}
