// A process of its own that reminds, whoever else does: `delivery-child.ts URL NAME`. Prints "ready", waits for a line, prints
// how many it reminded.

import { once } from "node:events";
import { invoiceReminders } from "../../src/domain/invoices/index.ts";
import { InvoiceMails } from "../../src/domain/notifications/index.ts";
import { createIds, ManualClock } from "../../src/kernel/index.ts";
import { storeAt } from "../../src/store/index.ts";
import { OVERDUE } from "./delivery-times.ts";

const clock = new ManualClock(OVERDUE);
const store = storeAt(process.argv[2] ?? "");
await store.ready();
const job = invoiceReminders({ store, notices: new InvoiceMails({ clock, ids: createIds(clock) }) });
process.stdout.write("ready\n");
await once(process.stdin, "data");
process.stdout.write(`${JSON.stringify(await job.runDue(clock.now()))}\n`);
await store.close();
process.exit(0);
