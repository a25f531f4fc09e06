// A second process that delivers: `jobs-child.ts DATABASE_URL SMTP_PORT` delivers until nothing is pending.

import { createBilling } from "../../src/billing.ts";
import { optionsFor, pending } from "./sinks.ts";

const [url = "", port = "0"] = process.argv.slice(2);
const billing = createBilling(optionsFor(url, Number(port)));
billing.jobs.start();
do {
  // Beside the job, whose lease would keep one of the two waiting.
  await billing.notifications.deliverDue();
  await new Promise((resolve) => setTimeout(resolve, 20));
} while ((await pending(billing)) > 0);
await billing.close();
