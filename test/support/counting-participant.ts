import type { CommitParticipant, RatedEvent } from "../../src/domain/metering/index.ts";
import type { Reader, Store, Tx } from "../../src/store/index.ts";

/** Counts each tenant's events in a table of its own. It can be told to fail on an event. */
export interface CountingParticipant extends CommitParticipant {
  failing: string | null;
  readonly calls: RatedEvent[][];
}

export function countingParticipant(): CountingParticipant {
  return {
    name: "test counter",
    failing: null,
    calls: [],
    async apply(tx: Tx, accepted: readonly RatedEvent[]) {
      this.calls.push([...accepted]);
      if (accepted.some(({ event }) => event.id === this.failing)) throw new Error("participant failed");
      const counts = new Map<string, number>();
      for (const { event } of accepted) counts.set(event.tenant, (counts.get(event.tenant) ?? 0) + 1);
      await tx.many(
        `INSERT INTO test_counts (tenant, n) VALUES (?, ?)
         ON CONFLICT (tenant) DO UPDATE SET n = test_counts.n + excluded.n`,
        [...counts].sort(([a], [b]) => (a < b ? -1 : 1)),
      );
    },
    async differences(reader: Reader) {
      const rows = await reader.all<{ tenant: string }>(
        `SELECT tenant FROM test_counts AS c
         WHERE n <> (SELECT count(*) FROM usage_events AS e WHERE e.tenant = c.tenant)`,
      );
      return rows.map(({ tenant }) => `test_counts row ${tenant} differs`);
    },
  };
}

export async function createCountsTable(store: Store): Promise<void> {
  await store.transaction((tx) =>
    tx.run("CREATE TABLE test_counts (tenant TEXT PRIMARY KEY, n BIGINT NOT NULL)"),
  );
}

/** The events counted per tenant. */
export async function readCounts(store: Store): Promise<Record<string, number>> {
  const rows = await store.read((reader) =>
    reader.all<{ tenant: string; n: bigint }>("SELECT * FROM test_counts"),
  );
  return Object.fromEntries(rows.map(({ tenant, n }) => [tenant, Number(n)]));
}
