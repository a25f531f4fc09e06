// The options by which a server, or the scheduler's `jobs run`, issues the invoices of a month without anybody asking.

import type { Command } from "commander";

/** `--month-end-after-days`, `--month-end-tax-rate` and `--month-end-due-in-days`; `readConfig` checks what they are given. */
export function withMonthEndFlags(command: Command): Command {
  return command
    .option(
      "--month-end-after-days <days>",
      "issue each month's invoices so many days after its end, 0 to 27 (default: ARAGORA_MONTH_END_AFTER_DAYS, else never)",
    )
    .option(
      "--month-end-tax-rate <fraction>",
      "the tax on every line of theirs: 0.19 is 19 % (default: ARAGORA_MONTH_END_TAX_RATE, else none)",
    )
    .option(
      "--month-end-due-in-days <days>",
      "when they are due, from their issue on (default: ARAGORA_MONTH_END_DUE_IN_DAYS, else 30)",
    );
}
