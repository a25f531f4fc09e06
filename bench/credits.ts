import { startCredits } from "../src/domain/credits/fixtures.ts";
import { systemClock } from "../src/kernel/index.ts";
import type { Store } from "../src/store/index.ts";
import type { BenchEngine, EngineName } from "./databases.ts";
import { benchFsync, type FsyncFigures } from "./fsync.ts";
import { collectGarbage, progress, quantile } from "./measure.ts";

export interface CreditFigures {
  readonly engine: EngineName;
  /** Durable deductions of 64 callers, each of which awaits its own, from one tenant and from 64. */
  readonly deductionsPerSecond: number;
  readonly spreadPerSecond: number;
  /** One caller alone: from the call to the answer. */
  readonly deductP50Ms: number;
  readonly deductP99Ms: number;
  /** What one commit cannot be cheaper than, in the same run. */
  readonly fsync: FsyncFigures;
  /** Of the account whose balance is read. */
  readonly postings: number;
  readonly balanceP50Ms: number;
  readonly balanceP99Ms: number;
}

const CALLERS = 64;
const DEDUCTIONS = 6_000;
const ALONE = 300;
const POSTINGS = 100_000;
/** The history is made by so many callers at once: it is not what is measured. */
const FILLERS = 500;
const BALANCES = 1_000;
const PLENTY = 100_000_000_000;

/** Deductions of many and of one, and the balance of an account with a long history. */
export async function benchCredits(engine: BenchEngine): Promise<CreditFigures> {
  const url = await engine.fresh();
  const { credits, store } = await startCredits(url, { clock: systemClock });
  try {
    const tenants = Array.from({ length: CALLERS }, (_, caller) => `tenant ${caller}`);
    for (const tenant of ["acme", ...tenants]) {
      await credits.issue({ tenant, amountCents: PLENTY, type: "purchase" });
      await credits.issue({ tenant, amountCents: 1_000, type: "promotional", expiresInDays: 30 });
    }
    let references = 0;
    const deductions = async (count: number, callers: number, tenantOf: (caller: number) => string) => {
      let left = count;
      const call = async (caller: number) => {
        while (left > 0) {
          left -= 1;
          references += 1;
          await credits.deduct({ tenant: tenantOf(caller), amountCents: 30, reference: `inv_${references}` });
        }
      };
      const startedAt = performance.now();
      await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
      return count / ((performance.now() - startedAt) / 1_000);
    };
    const ofOne = () => "acme";
    const ofEach = (caller: number) => tenants[caller] ?? "";

    await deductions(DEDUCTIONS / 3, CALLERS, ofOne);
    await deductions(DEDUCTIONS / 3, CALLERS, ofEach);
    collectGarbage();
    const deductionsPerSecond = await deductions(DEDUCTIONS, CALLERS, ofOne);
    const spreadPerSecond = await deductions(DEDUCTIONS, CALLERS, ofEach);
    const alone = await timesOf(ALONE, () => credits.deduct({ tenant: "acme", amountCents: 30 }));
    const fsync = benchFsync();

    await deductions(POSTINGS - DEDUCTIONS, FILLERS, ofOne);
    const postings = await postingsOf(store, "acme");
    const balances = await timesOf(BALANCES, () => credits.balance("acme"));
    const figures: CreditFigures = {
      ...{ engine: engine.name, deductionsPerSecond, spreadPerSecond },
      ...{ deductP50Ms: quantile(alone, 0.5), deductP99Ms: quantile(alone, 0.99), fsync, postings },
      ...{ balanceP50Ms: quantile(balances, 0.5), balanceP99Ms: quantile(balances, 0.99) },
    };
    progress(
      `credits ${engine.name}: ${deductionsPerSecond.toFixed(0)} deductions/s of one tenant, ` +
        `${spreadPerSecond.toFixed(0)} of ${CALLERS}, alone p50 ${figures.deductP50Ms.toFixed(2)} ms, ` +
        `p99 ${figures.deductP99Ms.toFixed(2)} ms (fsync p50 ${fsync.p50Ms.toFixed(2)} ms), ` +
        `balance over ${postings} postings p50 ${figures.balanceP50Ms.toFixed(2)} ms, ` +
        `p99 ${figures.balanceP99Ms.toFixed(2)} ms`,
    );
    return figures;
  } finally {
    await store.close();
    await engine.drop(url);
  }
}

async function timesOf(calls: number, work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let call = 0; call < calls; call += 1) {
    const startedAt = performance.now();
    await work();
    times.push(performance.now() - startedAt);
  }
  return times;
}

/** A figure for an account with a short history would be worth nothing. */
async function postingsOf(store: Store, tenant: string): Promise<number> {
  const row = await store.read((reader) =>
    reader.get<{ postings: bigint }>(
      "SELECT count(*) AS postings FROM ledger_postings WHERE tenant = ? AND account = 'credits'",
      [tenant],
    ),
  );
  const postings = Number(row?.postings);
  if (!(postings >= POSTINGS)) throw new Error(`the account has ${postings} postings only`);
  return postings;
}
