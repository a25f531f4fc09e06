import { createBilling } from "../src/billing.ts";
import { ManualClock } from "../src/kernel/index.ts";
import type { BenchEngine, EngineName } from "./databases.ts";
import { benchFsync, type FsyncFigures } from "./fsync.ts";
import { collectGarbage, progress } from "./measure.ts";

export interface InvoiceFigures {
  readonly engine: EngineName;
  readonly tenants: number;
  readonly lines: number;
  /** One durable transaction per invoice, one after the other. */
  readonly monthEndSeconds: number;
  readonly invoicesPerSecond: number;
  /** The same run again, which finds that all is done. */
  readonly againSeconds: number;
  /** What one commit cannot be cheaper than, in the same run. */
  readonly fsync: FsyncFigures;
}

const TENANTS = 1_000;
const LINES = 100;
const BATCH = 2_000;

/** The month end of many tenants with many lines each. */
export async function benchInvoices(engine: BenchEngine): Promise<InvoiceFigures> {
  const url = await engine.fresh();
  const clock = new ManualClock("2025-02-03T00:00:00Z");
  const billing = createBilling({ database: url, clock });
  try {
    await billing.pricing.add(Array.from({ length: LINES }, (_, index) => priceOf(index)));
    for (let start = 0; start < TENANTS * LINES; start += BATCH) {
      await billing.metering.record(Array.from({ length: BATCH }, (_, index) => eventOf(start + index)));
    }
    collectGarbage();
    const fsync = benchFsync();
    const first = await timed(() => billing.invoices.runMonthEnd({ period: "2025-01", taxRate: "0.19" }));
    const again = await timed(() => billing.invoices.runMonthEnd({ period: "2025-01", taxRate: "0.19" }));
    const { items } = await billing.invoices.list({ tenant: tenantOf(0) });
    const invoice = await billing.invoices.get({ tenant: tenantOf(0), invoiceId: items[0]?.id ?? "" });
    // A figure for invoices with fewer lines would be worth nothing.
    if (first.result.finalized !== TENANTS || invoice.content.lines.length !== LINES)
      throw new Error(`${first.result.finalized} invoices, ${invoice.content.lines.length} lines`);
    const figures: InvoiceFigures = {
      ...{ engine: engine.name, tenants: TENANTS, lines: LINES, monthEndSeconds: first.seconds },
      ...{ invoicesPerSecond: TENANTS / first.seconds, againSeconds: again.seconds, fsync },
    };
    progress(
      `invoices ${engine.name}: month end of ${TENANTS} tenants x ${LINES} lines ${first.seconds.toFixed(1)} s, ` +
        `${figures.invoicesPerSecond.toFixed(0)} invoices/s (fsync p50 ${fsync.p50Ms.toFixed(2)} ms), ` +
        `again ${again.seconds.toFixed(2)} s`,
    );
    return figures;
  } finally {
    await billing.close();
    await engine.drop(url);
  }
}

function tenantOf(index: number): string {
  return `tenant-${String(index).padStart(4, "0")}`;
}

function priceOf(index: number) {
  return { provider: "openai", model: `model-${index}`, input: "2.5", output: "10" };
}

/** Each model is a line. */
function eventOf(index: number) {
  const timestamp = new Date(Date.UTC(2025, 0, 1 + (index % 31), 12));
  return {
    ...{ tenant: tenantOf(Math.floor(index / LINES)), id: `e${index}`, timestamp, provider: "openai" },
    ...{ model: `model-${index % LINES}`, tokensIn: 40_000, tokensOut: 2_000 },
  };
}

async function timed<Result>(work: () => Promise<Result>): Promise<{ seconds: number; result: Result }> {
  const startedAt = performance.now();
  const result = await work();
  return { seconds: (performance.now() - startedAt) / 1_000, result };
}
