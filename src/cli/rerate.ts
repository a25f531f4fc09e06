// aragora-billing rerate: usage on record, priced again by the book and the rules of today.

import { type Command, Option } from "commander";
import type { Billing, BillingOptions } from "../billing.ts";
import type { RerateProgress, RerateReport, TenantDifference } from "../domain/metering/index.ts";
import { invalidInput, usdToDecimal } from "../kernel/index.ts";
import { DATABASE_HELP, existingDatabaseUrl, withBilling } from "./database.ts";
import { INSTANT_HELP, instantOf } from "./instant.ts";
import { type Interruption, onInterrupt } from "./interrupt.ts";
import { counted, grouped, printable, say, writeJson } from "./output.ts";
import { startProgress } from "./progress.ts";
import { type TableColumn, tableLines } from "./table.ts";
import { decimalsOf, dollars } from "./usage-table.ts";

interface RerateFlags {
  readonly from: string;
  readonly to: string;
  readonly tenant?: string;
  readonly provider?: string;
  readonly model?: string;
  readonly apply?: true;
  readonly reason?: string;
  readonly id?: string;
  readonly unknownModel: NonNullable<BillingOptions["unknownModel"]>;
  readonly database?: string;
  readonly json?: true;
}

const HELP = `
Each event is priced by its own time, as if it were recorded today. Without --apply nothing is changed: the differences are
shown, per tenant. With it every event that differs is taken back and replaced, under one entry that says why. The period
holds --from and ends before --to.

Interrupted, it is continued by running it again, with the same --id if one was given; no event is changed twice.

Examples:
  $ aragora-billing rerate --from 2026-01-01 --to 2026-02-01 --model gpt-4o
  $ aragora-billing rerate --from 2026-01-01 --to 2026-02-01 --apply --reason "contract of 2026, signed late"`;
const NOTHING_CHANGED = "dry run: nothing was changed; --apply --reason TEXT to apply";
const ZERO = usdToDecimal(0n);
const NO_DIFFERENCE: TenantDifference = {
  tenant: "total",
  events: 0,
  costBeforeUsd: ZERO,
  costAfterUsd: ZERO,
  chargeBeforeUsd: ZERO,
  chargeAfterUsd: ZERO,
};
const COLUMNS: readonly TableColumn[] = [
  { title: "tenant", align: "left" },
  ...[
    "events",
    "cost before",
    "cost after",
    "cost difference",
    "charge before",
    "charge after",
    "charge difference",
  ].map((title): TableColumn => ({ title, align: "right" })),
];

export function addRerateCommand(program: Command): void {
  program
    .command("rerate")
    .summary("price usage on record again")
    .description(
      "Prices usage on record again by the book and rules of today; shows, or applies, what differs.",
    )
    .requiredOption("--from <time>", `first instant: ${INSTANT_HELP}`)
    .requiredOption("--to <time>", "first instant after it, written the same way")
    .option("--tenant <id>", "one tenant (default: all)")
    .option("--provider <name>", "one provider (default: all)")
    .option("--model <id>", "one model, as on the events (default: all)")
    .option("--apply", "change what differs; needs --reason")
    .option("--reason <text>", "why; kept for ever")
    .option("--id <id>", "an id of the re-rating, so that a retry continues it (default: a new one)")
    .addOption(
      new Option("--unknown-model <policy>", "price of models that the price book does not know")
        .choices(["fallback", "unpriced", "refuse"])
        .default("fallback"),
    )
    .option("--database <url>", DATABASE_HELP)
    .option("--json", "print the differences as JSON")
    .addHelpText("after", HELP)
    .action(runRerate);
}

async function runRerate(flags: RerateFlags): Promise<void> {
  const { unknownModel } = flags;
  for (const name of ["tenant", "provider", "model"] as const) {
    // An empty name would widen the re-rating to all of them.
    if (flags[name] === "") throw invalidInput(name, "required", `--${name} must not be empty`);
  }
  const database = existingDatabaseUrl(flags.database);
  const interruption = onInterrupt();
  try {
    const report = await withBilling({ database, unknownModel }, (billing) =>
      rerateWithProgress(billing, flags, interruption),
    );
    if (flags.json) writeJson(rerateJson(report));
    else sayRerate(report);
  } catch (error) {
    const exitCode = interruption.exitCode();
    if (exitCode === undefined) throw error;
    say(flags.apply ? "interrupted: what is done stays, run it again to go on" : "interrupted");
    process.exitCode = exitCode;
  } finally {
    interruption.release();
  }
}

async function rerateWithProgress(
  billing: Billing,
  flags: RerateFlags,
  { signal }: Interruption,
): Promise<RerateReport> {
  const { tenant, provider, model, reason, id } = flags;
  const [from, to] = [instantOf(flags.from, "from") as Date, instantOf(flags.to, "to") as Date];
  const progress = startProgress(1, "events", flags.json === true);
  const onProgress = ({ examined, share }: RerateProgress) => {
    progress.update(share, examined);
    // Between two commits: each of them is whole.
    signal.throwIfAborted();
  };
  try {
    const selection = { from, to, tenant, provider, model };
    return await billing.metering.rerate(selection, { dryRun: flags.apply !== true, reason, id, onProgress });
  } finally {
    progress.stop();
  }
}

function sayRerate({ id, dryRun, examined, tenants }: RerateReport): void {
  const total = totalOf(tenants);
  if (tenants.length > 0) {
    const decimals = decimalsOf([...tenants, total].flatMap(amountsOf));
    const row = (difference: TenantDifference) => [
      printable(difference.tenant),
      grouped(difference.events),
      ...amountsOf(difference).map((amount) => dollars(amount, decimals)),
    ];
    for (const line of tableLines(COLUMNS, tenants.map(row), row(total))) say(line);
    say("");
  }
  const change = dryRun ? "would change" : "changed";
  say(`${counted(examined, "event")} examined, ${grouped(total.events)} ${change}`);
  if (dryRun) say(NOTHING_CHANGED);
  else say(total.events === 0 ? `nothing differs; ${id} is on record` : `applied as ${id}`);
}

function rerateJson({ id, dryRun, examined, tenants }: RerateReport) {
  const { tenant: _, ...total } = differenceJson(totalOf(tenants));
  return { id, dryRun, examined, total, tenants: tenants.map(differenceJson) };
}

function differenceJson(difference: TenantDifference) {
  const [costBefore, costAfter, costDifference, chargeBefore, chargeAfter, chargeDifference] = amountsOf(
    difference,
  ).map((amount) => amount.toFixed());
  return {
    tenant: difference.tenant,
    events: difference.events,
    costBeforeUsd: costBefore,
    costAfterUsd: costAfter,
    costDifferenceUsd: costDifference,
    chargeBeforeUsd: chargeBefore,
    chargeAfterUsd: chargeAfter,
    chargeDifferenceUsd: chargeDifference,
  };
}

/** In the order of the columns: cost, then charge, each before, after, and after minus before. */
function amountsOf({ costBeforeUsd, costAfterUsd, chargeBeforeUsd, chargeAfterUsd }: TenantDifference) {
  return [
    ...[costBeforeUsd, costAfterUsd, costAfterUsd.minus(costBeforeUsd)],
    ...[chargeBeforeUsd, chargeAfterUsd, chargeAfterUsd.minus(chargeBeforeUsd)],
  ];
}

function totalOf(tenants: readonly TenantDifference[]): TenantDifference {
  return tenants.reduce(
    (sum, each) => ({
      tenant: "total",
      events: sum.events + each.events,
      costBeforeUsd: sum.costBeforeUsd.plus(each.costBeforeUsd),
      costAfterUsd: sum.costAfterUsd.plus(each.costAfterUsd),
      chargeBeforeUsd: sum.chargeBeforeUsd.plus(each.chargeBeforeUsd),
      chargeAfterUsd: sum.chargeAfterUsd.plus(each.chargeAfterUsd),
    }),
    NO_DIFFERENCE,
  );
}
