#!/usr/bin/env node
// aragora-billing: the command line of the billing engine.

import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { addAdjustmentsCommand } from "./adjustments.ts";
import { addBudgetCommand } from "./budget.ts";
import { addCorrectCommand } from "./correct.ts";
import { addCreditsCommand } from "./credits.ts";
import { addDemoCommand } from "./demo.ts";
import { addDiscountCommand } from "./discount.ts";
import { reportFailure } from "./failure.ts";
import { addImportCommand } from "./import.ts";
import { addInvoiceCommand } from "./invoice.ts";
import { addJobsCommand } from "./jobs.ts";
import { addKeysCommand } from "./keys.ts";
import { addNotificationsCommand } from "./notifications.ts";
import { addPlanCommand } from "./plan.ts";
import { addPricesCommand } from "./prices.ts";
import { addReportCommand } from "./report.ts";
import { addRerateCommand } from "./rerate.ts";
import { addServeCommand } from "./serve.ts";
import { addSubscriptionCommand } from "./subscription.ts";
import { addVerifyCommand } from "./verify.ts";

const HELP = `
Examples:
  $ aragora-billing demo
  $ aragora-billing import usage.csv.gz
  $ aragora-billing report --from 2025-01-01 --to 2025-02-01 --by tenant,model
  $ aragora-billing verify

Exit codes: 0 done; 1 done in part, or something differs; 2 wrong usage or input; 3 not allowed; 4 not found;
5 conflict or unfit database; 6 limit; 7 out of reach; 130, 143 interrupted.`;

const json = process.argv.includes("--json");
endQuietlyWithReader();
process.on("uncaughtException", (error) => process.exit(reportFailure(error, json)));
try {
  await createProgram().parseAsync();
} catch (error) {
  const isHelp = error instanceof CommanderError && error.exitCode === 0;
  if (!isHelp) process.exitCode = reportFailure(error, json);
}

function createProgram(): Command {
  const program = new Command("aragora-billing")
    .description("Meters LLM usage and knows what it costs, to the last digit.")
    .version(version())
    .exitOverride()
    // Errors are printed once, by the handler above.
    .configureOutput({ outputError: () => undefined })
    .addHelpText("after", HELP);
  addImportCommand(program);
  addReportCommand(program);
  addPricesCommand(program);
  addCorrectCommand(program);
  addRerateCommand(program);
  addAdjustmentsCommand(program);
  addBudgetCommand(program);
  addPlanCommand(program);
  addSubscriptionCommand(program);
  addCreditsCommand(program);
  addDiscountCommand(program);
  addInvoiceCommand(program);
  addNotificationsCommand(program);
  addJobsCommand(program);
  addKeysCommand(program);
  addServeCommand(program);
  addVerifyCommand(program);
  addDemoCommand(program);
  return program;
}

function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** `aragora-billing report | head`: who stops reading wants no more, and no complaint. */
function endQuietlyWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    throw error;
  });
  process.stderr.on("error", () => undefined);
}
