// A process of its own that runs the month end: `month-end-child.ts URL PERIOD`. Prints "ready", waits for a line, prints its
// report. Its clock stands in the month after.

import { once } from "node:events";
import { createBilling } from "../../src/billing.ts";
import { ManualClock } from "../../src/kernel/index.ts";

const [url = "", period = ""] = process.argv.slice(2);
const billing = createBilling({ database: url, clock: new ManualClock("2025-02-03T10:00:00Z") });
await billing.ready();
process.stdout.write("ready\n");
await once(process.stdin, "data");
const report = await billing.invoices.runMonthEnd({ period, taxRate: "0.19" });
process.stdout.write(`${JSON.stringify(report)}\n`);
await billing.close();
process.exit(0);
