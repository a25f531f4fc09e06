// aragora-billing jobs: due work, looked at and done once.

import type { Command } from "commander";
import { type MonthEndFlags, readConfig } from "../config.ts";
import type { JobRun, JobStatus, Jobs } from "../jobs.ts";
import { DATABASE_HELP, existingDatabaseUrl, withBilling } from "./database.ts";
import { withMonthEndFlags } from "./invoice-month-end.ts";
import { printable, say, writeJson } from "./output.ts";
import { type TableColumn, tableLines } from "./table.ts";

interface Flags extends MonthEndFlags {
  readonly database?: string;
  readonly json?: true;
}

const HELP = `
A server runs due work by itself. Without one, let the system's scheduler call \`jobs run\`; any number of processes may do
so at once. Mail and webhook are configured by ARAGORA_SMTP_HOST, _PORT, _USER, _PASSWORD, _FROM and
ARAGORA_NOTIFICATION_WEBHOOK.

Exit codes of run: 0 every job went well, 1 a job failed.

Example:
  $ aragora-billing jobs run --database sqlite:billing.db`;
const STATUS_COLUMNS: readonly TableColumn[] = [
  { title: "job", align: "left" },
  { title: "every", align: "right" },
  { title: "last run", align: "left" },
  { title: "next", align: "left" },
  { title: "held by", align: "left" },
  { title: "last error", align: "left" },
];
const RUN_COLUMNS: readonly TableColumn[] = [
  { title: "job", align: "left" },
  { title: "ran", align: "left" },
  { title: "done", align: "right" },
  { title: "error", align: "left" },
];

export function addJobsCommand(program: Command): void {
  const jobs = program
    .command("jobs")
    .summary("list due work, run it once")
    .description("Lists due work and runs it once.")
    .addHelpText("after", HELP);
  withMonthEndFlags(jobs.command("list"))
    .description("Prints every job with its last run and its next.")
    .option("--database <url>", DATABASE_HELP)
    .option("--json", "print the jobs as JSON")
    .action(runList);
  withMonthEndFlags(jobs.command("run"))
    .description("Runs every job that is due, once.")
    .option("--database <url>", DATABASE_HELP)
    .option("--json", "print the runs as JSON")
    .action(runDue);
}

async function runList(flags: Flags): Promise<void> {
  const all = await withJobs(flags, (jobs) => jobs.list());
  if (flags.json) writeJson(all);
  else for (const line of tableLines(STATUS_COLUMNS, all.map(statusRow))) say(line);
}

async function runDue(flags: Flags): Promise<void> {
  const runs = await withJobs(flags, (jobs) => jobs.runDue());
  if (flags.json) writeJson(runs);
  else for (const line of tableLines(RUN_COLUMNS, runs.map(runRow))) say(line);
  if (runs.some(({ error }) => error !== undefined)) process.exitCode = 1;
}

function withJobs<T>(flags: Flags, work: (jobs: Jobs) => Promise<T>): Promise<T> {
  const { notifications, monthEnd, ...configured } = readConfig(undefined, flags);
  const database = existingDatabaseUrl(flags.database ?? configured.database);
  return withBilling({ database, notifications, monthEnd }, (billing) => work(billing.jobs));
}

function statusRow({ name, every, lastRunAt, nextRunAt, leaseHolder, lastError }: JobStatus): string[] {
  const next = nextRunAt === null ? "now" : nextRunAt;
  return [
    name,
    `${every / 1_000} s`,
    lastRunAt ?? "never",
    next,
    printable(leaseHolder ?? ""),
    printable(lastError ?? ""),
  ];
}

function runRow({ name, ran, done, error }: JobRun): string[] {
  return [name, ran ? "yes" : "no", String(done), printable(error ?? "")];
}
