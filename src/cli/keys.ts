// aragora-billing keys: API keys of operators and tenants.

import { type Command, InvalidArgumentError } from "commander";
import { type ApiKeyView, type IdentityService, SCOPES, type Scope } from "../domain/identity/index.ts";
import type { Page } from "../kernel/index.ts";
import { DATABASE_HELP, databaseUrl, existingDatabaseUrl, withBilling } from "./database.ts";
import { INSTANT_HELP, instantOf } from "./instant.ts";
import { counted, printable, say, writeJson } from "./output.ts";
import { type TableColumn, tableLines } from "./table.ts";

interface Flags {
  readonly database?: string;
  readonly json?: true;
}

interface ListFlags extends Flags {
  readonly tenant?: string;
}

interface CreateFlags extends Flags {
  readonly name: string;
  readonly tenant?: string;
  readonly operator?: true;
  readonly scope: readonly string[];
  readonly network?: readonly string[];
  readonly expires?: string;
}

/** Whoever can open the database can do everything anyway. */
const ACTOR = { kind: "operator", id: "cli" } as const;
const PAGE = 500;
const HELP = `
A key is shown once, when it is made; the database holds only its hash. An operator's key names the tenant of every
request; a tenant's key is bound to its own. To rotate a key, create a second one, then revoke the first.

Scopes: ${SCOPES.join(", ")}; * is all of them.

Examples:
  $ aragora-billing keys create --operator --name backend --scope "*"
  $ aragora-billing keys create --tenant acme --name ingest --scope events:write --network 192.0.2.0/24
  $ aragora-billing keys list --tenant acme
  $ aragora-billing keys revoke key_01jgfjjz00e0f1g2h3j4k5m6n7`;
const COLUMNS: readonly TableColumn[] = [
  { title: "id", align: "left" },
  { title: "tenant", align: "left" },
  { title: "name", align: "left" },
  { title: "begins", align: "left" },
  { title: "scopes", align: "left" },
  { title: "expires", align: "left" },
  { title: "last used", align: "left" },
  { title: "revoked", align: "left" },
];

export function addKeysCommand(program: Command): void {
  const keys = program
    .command("keys")
    .summary("make, list and revoke API keys")
    .description("Makes, lists and revokes API keys.")
    .addHelpText("after", HELP);
  keys
    .command("create")
    .description("Makes a key and prints it, this once.")
    .requiredOption("--name <name>", "what it is for")
    .requiredOption("--scope <scopes...>", "what it may be used for")
    .option("--tenant <id>", "a key of this organization")
    .option("--operator", "an operator's key: for every tenant")
    .option("--network <networks...>", "IP addresses or CIDR blocks from where alone it may be used")
    .option("--expires <time>", `when it ends (default: never): ${INSTANT_HELP}`)
    .option("--database <url>", DATABASE_HELP)
    .option("--json", "print the key as JSON")
    .action(runCreate);
  keys
    .command("list")
    .description("Prints keys, the newest first, ended ones included.")
    .option("--tenant <id>", "of one organization (default: all)")
    .option("--database <url>", DATABASE_HELP)
    .option("--json", "print the keys as JSON")
    .action(runList);
  keys
    .command("revoke")
    .description("Ends a key at once, in every process.")
    .argument("<id>", "the key's id")
    .option("--database <url>", DATABASE_HELP)
    .option("--json", "print the key as JSON")
    .action(runRevoke);
}

async function runCreate(flags: CreateFlags): Promise<void> {
  if ((flags.tenant === undefined) === (flags.operator === undefined)) {
    throw new InvalidArgumentError("say whose key it is: --tenant ID or --operator");
  }
  const input = {
    tenant: flags.tenant,
    name: flags.name,
    // Checked there, with a better message than a cast could give.
    scopes: flags.scope as readonly (Scope | "*")[],
    networks: flags.network,
    expiresAt: instantOf(flags.expires, "expires"),
  };
  const database = databaseUrl(flags.database);
  const issued = await withIdentity(database, (identity) => identity.createKey(ACTOR, input));
  if (flags.json) writeJson(issued);
  else {
    say(issued.key);
    say(`${issued.id}: keep it now, it is not shown again`);
  }
}

async function runList(flags: ListFlags): Promise<void> {
  const database = existingDatabaseUrl(flags.database);
  const all = await withIdentity(database, (identity) => listAll(identity, flags.tenant));
  if (flags.json) writeJson(all);
  else sayKeys(all);
}

async function runRevoke(id: string, flags: Flags): Promise<void> {
  const database = existingDatabaseUrl(flags.database);
  const view = await withIdentity(database, (identity) => identity.revokeKey(ACTOR, id));
  if (flags.json) writeJson(view);
  else say(`${view.id} is revoked since ${view.revokedAt}`);
}

function withIdentity<T>(database: string, work: (identity: IdentityService) => Promise<T>): Promise<T> {
  return withBilling({ database }, (billing) => work(billing.identity));
}

async function listAll(identity: IdentityService, tenant: string | undefined): Promise<ApiKeyView[]> {
  const all: ApiKeyView[] = [];
  let cursor: string | undefined;
  do {
    const query = { cursor, limit: PAGE };
    const page: Page<ApiKeyView> =
      tenant === undefined
        ? await identity.keysAcrossTenants(ACTOR, query)
        : await identity.keys(ACTOR, { ...query, tenant });
    all.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return all;
}

function sayKeys(all: readonly ApiKeyView[]): void {
  const day = (instant: string | null) => instant?.slice(0, 10) ?? "";
  const rows = all.map((view) => [
    view.id,
    printable(view.tenant ?? "(operator)"),
    printable(view.name),
    view.prefix,
    view.scopes.join(" "),
    day(view.expiresAt),
    day(view.lastUsedAt),
    day(view.revokedAt),
  ]);
  for (const line of tableLines(COLUMNS, rows)) say(line);
  say(counted(all.length, "key"));
}
