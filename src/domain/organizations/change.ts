// One change of one organization: in one transaction, with the organization locked, by somebody who may, and on record.

import { BillingError, type Clock, type Ids } from "../../kernel/index.ts";
import type { Reader, Store, Tx } from "../../store/index.ts";
import { appendAudit } from "../audit/index.ts";
import { MUTATIONS, type Mutation, type Rule, requireAccess, type Standing, standingOf } from "./access.ts";
import { type Actor, actsForInstallation, checkedActor } from "./actor.ts";
import { roleOf } from "./membership-store.ts";
import { type OrganizationView, organizationNotFound } from "./organization.ts";
import { lockOrganization, organizationOf } from "./organization-store.ts";

/** What a change works with. */
export interface Change {
  readonly tx: Tx;
  readonly at: number;
  readonly ids: Ids;
  readonly tenant: string;
  /** As it was when it was locked. */
  readonly organization: OrganizationView;
  readonly standing: Standing;
  /** Puts on record what was changed: an audit entry of the same transaction. */
  note(action: string, target: string, details?: Readonly<Record<string, unknown>>): void;
}

interface Note {
  readonly action: string;
  readonly target: string;
  readonly details: Readonly<Record<string, unknown>> | undefined;
}

export interface ChangeContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** An organization and what an actor is in it. */
export interface Seen {
  readonly organization: OrganizationView;
  readonly standing: Standing;
}

/**
 * Runs a change: all of it, audit entries included, or nothing. Changes of one organization come one after another. A later
 * domain says by a rule of its own who may make it.
 *
 * @throws BillingError not_found `organization_not_found` for an unknown organization and for outsiders alike; forbidden
 * `permission_denied`, `organization_suspended`; failed_precondition `organization_erased`.
 */
export async function changeOrganization<T>(
  { store, clock, ids }: ChangeContext,
  {
    mutation,
    actor,
    tenant,
    self = false,
  }: { mutation: Mutation | Rule; actor: Actor; tenant: string; self?: boolean },
  work: (change: Change) => Promise<T>,
): Promise<T> {
  const who = checkedActor(actor);
  return store.transaction(async (tx) => {
    if (typeof tenant !== "string" || !(await lockOrganization(tenant, tx))) throw organizationNotFound();
    const seen = await seenBy(who, tenant, tx);
    requireAccess(seen.standing, typeof mutation === "string" ? MUTATIONS[mutation] : mutation, self);
    requireOpen(seen.organization, who);
    const at = clock.now();
    const notes: Note[] = [];
    const note: Change["note"] = (action, target, details) => notes.push({ action, target, details });
    const result = await work({ tx, at, ids, tenant, ...seen, note });
    await record(tx, { ids, at, tenant, actor: who }, notes);
    return result;
  });
}

/** Writes notes as audit entries of one actor. */
export async function record(
  tx: Tx,
  { ids, at, tenant, actor }: { ids: Ids; at: number; tenant: string; actor: Actor },
  notes: readonly Note[],
): Promise<void> {
  const { kind, id, requestId } = actor;
  await appendAudit(
    tx,
    notes.map((note) => ({ id: ids.next("aud"), at, tenant, actor: { kind, id }, requestId, ...note })),
  );
}

/** @throws BillingError not_found `organization_not_found`: unknown, or the actor has no part in it. */
export async function seenBy(actor: Actor, tenant: string, reader: Reader): Promise<Seen> {
  const organization = await organizationOf(tenant, reader);
  if (organization === undefined) throw organizationNotFound();
  if (organization.status === "erased" && !actsForInstallation(actor)) throw organizationNotFound();
  const role = actor.kind === "user" ? await roleOf(tenant, actor.id, reader) : undefined;
  const standing = standingOf(actor, tenant, role);
  if (standing === undefined) throw organizationNotFound();
  return { organization, standing };
}

/** @throws BillingError forbidden `organization_suspended`, failed_precondition `organization_erased`. */
export function requireOpen({ status }: OrganizationView, actor: Actor): void {
  if (status === "erased") {
    throw new BillingError("failed_precondition", "organization_erased", "this organization was erased");
  }
  if (status === "suspended" && !actsForInstallation(actor)) {
    const text = "this organization is suspended: only an operator changes it";
    throw new BillingError("forbidden", "organization_suspended", text);
  }
}
