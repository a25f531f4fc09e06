// What is used is owed from the same commit on: unbilled until an invoice takes it.

import { dayOf } from "../../kernel/index.ts";
import type { Reader, Tx } from "../../store/index.ts";
import type { CommitParticipant, RatedEvent } from "../metering/index.ts";
import { addedSums } from "./usage.ts";
import { addUnbilledAcrossTenants, lockUsageAcrossTenants, type TenantUsage } from "./usage-store.ts";
import { invoiceDifferences } from "./verify.ts";

/** Joined to metering: adds every accepted event to `unbilled_usage`, in its commit. */
export class UnbilledUsage implements CommitParticipant {
  readonly name = "invoices";

  prepare(tx: Tx, rated: readonly RatedEvent[]): Promise<void> {
    return lockUsageAcrossTenants([...new Set(rated.map(({ event }) => event.tenant))], "shared", tx);
  }

  apply(tx: Tx, accepted: readonly RatedEvent[]): Promise<void> {
    const rows = new Map<string, TenantUsage>();
    for (const one of accepted) {
      const usage = usageOf(one);
      const { tenant, day, provider, model, type, price, chargePrice } = usage;
      const key = JSON.stringify([tenant, day, provider, model, type, price, chargePrice]);
      const known = rows.get(key);
      rows.set(key, known === undefined ? usage : { ...known, ...addedSums(known, usage) });
    }
    return addUnbilledAcrossTenants([...rows.values()], tx);
  }

  differences(reader: Reader): Promise<readonly string[]> {
    return invoiceDifferences(reader);
  }
}

function usageOf({ event, sign, price, chargePrice, charge }: RatedEvent): TenantUsage {
  const { tenant, provider, model, type } = event;
  return {
    ...{ tenant, day: dayOf(event.ts), provider, model, type, price, chargePrice },
    ...{ source: "", afterSeq: 0n, uptoSeq: 0n, events: BigInt(sign), quantity: BigInt(event.quantity) },
    ...{ inputTokens: BigInt(event.inputTokens), cacheReadTokens: BigInt(event.cacheReadTokens) },
    cacheWriteTokens: BigInt(event.cacheWriteTokens),
    cacheWrite1hTokens: BigInt(event.cacheWrite1hTokens),
    ...{ outputTokens: BigInt(event.outputTokens), reasoningTokens: BigInt(event.reasoningTokens) },
    ...{ webSearches: BigInt(event.webSearches), charge },
  };
}
