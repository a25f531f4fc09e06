// aragora-billing notifications: what was sent, what waits, what was given up.

import { type Command, Option } from "commander";
import type {
  NotificationQuery,
  NotificationService,
  NotificationState,
  NotificationView,
} from "../domain/notifications/index.ts";
import type { Page } from "../kernel/index.ts";
import { DATABASE_HELP, existingDatabaseUrl, withBilling } from "./database.ts";
import { counted, printable, say, writeJson } from "./output.ts";
import { type TableColumn, tableLines } from "./table.ts";

interface Flags {
  readonly database?: string;
  readonly json?: true;
}

interface ListFlags extends Flags {
  readonly tenant?: string;
  readonly state?: NotificationState;
}

const STATES: readonly NotificationState[] = ["pending", "delivered", "dead"];
const HELP = `
A notification is pending while it is tried (up to 72 hours), then delivered or dead. Of a webhook only the server is
shown; secrets are not.

Examples:
  $ aragora-billing notifications list --state dead
  $ aragora-billing notifications retry ntf_01jgfjjz00e0f1g2h3j4k5m6n7
  $ aragora-billing jobs run`;
const COLUMNS: readonly TableColumn[] = [
  { title: "id", align: "left" },
  { title: "created", align: "left" },
  { title: "tenant", align: "left" },
  { title: "kind", align: "left" },
  { title: "recipient", align: "left" },
  { title: "state", align: "left" },
  { title: "tries", align: "right" },
  { title: "last error", align: "left" },
];
const PAGE = 200;

export function addNotificationsCommand(program: Command): void {
  const notifications = program
    .command("notifications")
    .summary("list notifications, retry dead ones")
    .description("Lists notifications and makes dead ones due again.")
    .addHelpText("after", HELP);
  notifications
    .command("list")
    .description("Prints notifications, the newest first.")
    .option("--database <url>", DATABASE_HELP)
    .option("--tenant <id>", "one tenant (default: all)")
    .addOption(new Option("--state <state>", "only those in this state").choices([...STATES]))
    .option("--json", "print the notifications as JSON")
    .action(runList);
  notifications
    .command("retry")
    .description("Makes a dead notification due again; `jobs run` or a running server sends it.")
    .argument("<id>", "the notification's id")
    .option("--database <url>", DATABASE_HELP)
    .option("--json", "print the notification as JSON")
    .action(runRetry);
}

async function runList(flags: ListFlags): Promise<void> {
  const database = existingDatabaseUrl(flags.database);
  const all = await withBilling({ database }, (billing) => listAll(billing.notifications, flags));
  if (flags.json) writeJson(all);
  else sayNotifications(all);
}

async function runRetry(id: string, flags: Flags): Promise<void> {
  const database = existingDatabaseUrl(flags.database);
  const view = await withBilling({ database }, (billing) => billing.notifications.retry(id));
  if (flags.json) writeJson(view);
  else say(`${view.id} is due again, until ${view.deadAfter}`);
}

async function listAll(
  notifications: NotificationService,
  { tenant, state }: ListFlags,
): Promise<NotificationView[]> {
  const all: NotificationView[] = [];
  let cursor: string | undefined;
  do {
    const query: NotificationQuery = { state, cursor, limit: PAGE };
    const page: Page<NotificationView> =
      tenant === undefined
        ? await notifications.listAcrossTenants(query)
        : await notifications.list({ ...query, tenant });
    all.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return all;
}

function sayNotifications(all: readonly NotificationView[]): void {
  const rows = all.map((view) => [
    view.id,
    view.createdAt.slice(0, 19),
    printable(view.tenant),
    view.kind,
    printable(view.recipient ?? ""),
    view.state,
    String(view.attempts),
    printable(view.lastError ?? ""),
  ]);
  for (const line of tableLines(COLUMNS, rows)) say(line);
  say(counted(all.length, "notification"));
}
