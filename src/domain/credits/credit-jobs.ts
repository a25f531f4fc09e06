// Many callers' changes of credits in one transaction: the accounts they are about are locked in one order, the jobs decided
// on them one after another, in memory, and all that changed is written at once.

import { BillingError, type Clock, type Ids } from "../../kernel/index.ts";
import { type Operation, OvertakenError, type Store, type Tx } from "../../store/index.ts";
import {
  postToLedger,
  type TenantId,
  transactionsAbout,
  transactionsById,
  transactionsByReference,
} from "../ledger/index.ts";
import { type Note, OpenAccount } from "./account.ts";
import { BOOK, type CreditPosting, type CreditTransactionType, type Lot, lotParts } from "./credit.ts";
import { CreditDesk } from "./credit-desk.ts";
import {
  dueTenantsAcrossTenants,
  insertLots,
  lockAccountsAcrossTenants,
  lotsById,
  openLotsAcrossTenants,
  updateLots,
} from "./credit-store.ts";
import type { TopUp, TopUpState } from "./top-up.ts";
import { topUpsById, writeTopUpRules, writeTopUps } from "./top-up-store.ts";

interface Asked extends Note {
  readonly tenant: string;
}

export interface IssueJob extends Asked {
  readonly kind: "issue";
  readonly type: CreditTransactionType;
  readonly amount: bigint;
  readonly expiresAt: number;
}

export interface TakeJob extends Asked {
  readonly kind: "deduct" | "adjust";
  readonly amount: bigint;
  /** False: refused where not all of it is there. */
  readonly allowPartial: boolean;
}

export interface VoidJob extends Asked {
  readonly kind: "void";
  readonly lot: string;
}

export interface ReverseJob extends Asked {
  readonly kind: "reverse";
  readonly transaction: string;
  /** Null: all that was not given back yet. */
  readonly amount: bigint | null;
}

export interface RuleJob {
  readonly kind: "rule";
  readonly tenant: string;
  readonly rule: { readonly threshold: bigint; readonly amount: bigint } | null;
}

export interface SettleJob {
  readonly kind: "settle";
  readonly tenant: string;
  readonly topUp: string;
  readonly state: Exclude<TopUpState, "open">;
  /** Id of the transaction that it becomes. */
  readonly id: string;
}

/** Posts the expiries of up to so many tenants. */
interface ExpireJob {
  readonly kind: "expire";
  readonly tenants: number;
}

export type CreditJob = IssueJob | TakeJob | VoidJob | ReverseJob | RuleJob | SettleJob | ExpireJob;

/** A refusal is an answer like any other: it fails no neighbour in the group. */
export type CreditAnswer =
  | CreditPosting
  | TopUp
  | { readonly expired: number; readonly tenants: number }
  | null
  | BillingError;

export class CreditJobs implements Operation<CreditJob, CreditAnswer> {
  readonly name = "credits";
  readonly #clock: Clock;
  readonly #ids: Ids;

  constructor({ clock, ids }: { clock: Clock; ids: Ids }) {
    this.#clock = clock;
    this.#ids = ids;
  }

  size(job: CreditJob): number {
    return job.kind === "expire" ? job.tenants : 1;
  }

  async apply(tx: Tx, jobs: readonly CreditJob[]): Promise<CreditAnswer[]> {
    const now = this.#clock.now();
    const desk = await this.#load(tx, jobs, now);
    const answers = jobs.map((job) => desk.answer(job));
    desk.requestTopUps();
    await write(tx, desk);
    return answers;
  }

  async #load(tx: Tx, jobs: readonly CreditJob[], now: number): Promise<CreditDesk> {
    const sweep = Math.max(0, ...jobs.map((job) => (job.kind === "expire" ? job.tenants : 0)));
    const due = sweep === 0 ? [] : await dueTenantsAcrossTenants(now, sweep, tx);
    const named = jobs.flatMap((job) => (job.kind === "expire" ? [] : [job.tenant]));
    const tenants = [...new Set([...named, ...due])];
    if (tenants.length === 0) return new CreditDesk({ now, ids: this.#ids });
    const stored = await lockAccountsAcrossTenants(tx, tenants);

    const references = pairsOf(jobs, (job) => ("reference" in job ? job.reference : null));
    const known = (await transactionsByReference(BOOK, references, tx)) as CreditPosting[];
    const deductions = (await transactionsById(
      pairsOf(jobs, (job) => (job.kind === "reverse" ? job.transaction : null)),
      tx,
    )) as CreditPosting[];
    const voids = pairsOf(jobs, (job) => (job.kind === "void" ? job.lot : null));
    const about = (await transactionsAbout([...deductions, ...voids], tx)) as CreditPosting[];
    const topUps = await topUpsById(
      pairsOf(jobs, (job) => (job.kind === "settle" ? job.topUp : null)),
      tx,
    );

    const returning = deductions.flatMap((deduction) =>
      lotParts(deduction).map(({ lot }) => ({ tenant: deduction.tenant, id: lot })),
    );
    const namedLots = await lotsById(unique([...voids, ...returning]), tx);
    const needed = new Map(tenants.map((tenant) => [tenant, 0n]));
    const need = (tenant: string, amount: bigint) => needed.set(tenant, (needed.get(tenant) ?? 0n) + amount);
    for (const job of jobs) if (job.kind === "deduct" || job.kind === "adjust") need(job.tenant, job.amount);
    // What is voided cannot be taken any more.
    for (const { tenant, remaining } of namedLots) need(tenant, remaining);
    const open = await openLotsAcrossTenants(
      tx,
      [...needed].map(([tenant, amount]) => ({ tenant, needed: amount })),
      now,
    );

    const lots = byTenant(unique([...namedLots, ...open]));
    const desk = new CreditDesk({ now, ids: this.#ids, known, deductions, about, topUps });
    for (const account of stored) {
      const { tenant, balance } = account;
      const mine = lots.get(tenant) ?? [];
      desk.open(new OpenAccount({ tenant, balance, lots: mine }, { now, ids: this.#ids }), account);
    }
    return desk;
  }
}

/** Does a job in a commit shared with others. @throws BillingError what the job was refused with. */
export async function submitCreditJob(store: Store, jobs: CreditJobs, job: CreditJob): Promise<CreditAnswer> {
  const answer = await store.submit(jobs, job);
  if (answer instanceof BillingError) throw answer;
  return answer;
}

async function write(tx: Tx, desk: CreditDesk): Promise<void> {
  const { accounts } = desk;
  await postToLedger(
    tx,
    accounts.flatMap(({ posted }) => posted),
  );
  await insertLots(
    tx,
    accounts.flatMap(({ newLots }) => newLots),
  );
  const changed = accounts.flatMap(({ changedLots }) => changedLots);
  // The locks keep others away; whoever goes past them must not make a balance of what was not there.
  if (!(await updateLots(tx, changed))) throw new OvertakenError();
  await writeTopUps(tx, desk.topUpChanges);
  await writeTopUpRules(tx, desk.ruleChanges);
}

function pairsOf(jobs: readonly CreditJob[], id: (job: CreditJob) => string | null): TenantId[] {
  const pairs = jobs.flatMap((job) => {
    const named = id(job);
    return named === null || job.kind === "expire" ? [] : [{ tenant: job.tenant, id: named }];
  });
  return unique(pairs);
}

function unique<Thing extends TenantId>(things: readonly Thing[]): Thing[] {
  return [...new Map(things.map((thing) => [JSON.stringify([thing.tenant, thing.id]), thing])).values()];
}

function byTenant(lots: readonly Lot[]): Map<string, Lot[]> {
  const grouped = new Map<string, Lot[]>();
  for (const lot of lots) {
    const list = grouped.get(lot.tenant);
    if (list === undefined) grouped.set(lot.tenant, [lot]);
    else list.push(lot);
  }
  return grouped;
}
