// The services of organizations and identity over one database, joined as billing.ts joins them.
import { randomBytes } from "node:crypto";
import { onTestFinished } from "vitest";
import { AuditLog } from "../../src/domain/audit/index.ts";
import { IdentityService } from "../../src/domain/identity/index.ts";
import {
  type Actor,
  type MembershipRole,
  OrganizationService,
  type OrganizationView,
  type SecureRandom,
} from "../../src/domain/organizations/index.ts";
import type { SubscriptionTier } from "../../src/domain/plans/index.ts";
import { createIds, ManualClock } from "../../src/kernel/index.ts";
import { open, type Store } from "../../src/store/index.ts";

export const OPERATOR: Actor = { kind: "operator", id: "op_1" };
export const START = "2026-01-01T00:00:00Z";

/** A user as an actor. */
export function user(id: string): Actor {
  return { kind: "user", id };
}

export interface Services {
  readonly store: Store;
  readonly clock: ManualClock;
  readonly audit: AuditLog;
  readonly organizations: OrganizationService;
  readonly identity: IdentityService;
}

/**
 * Services on a database that no other services of the test have opened yet.
 *
 * @param atEnd takes what closes them; by default they end with the test.
 */
export async function startServices(
  url: string,
  random?: SecureRandom,
  atEnd: (close: () => Promise<void>) => void = onTestFinished,
): Promise<Services> {
  const store = await open(url);
  atEnd(() => store.close());
  return servicesOver(store, random);
}

/** As another process would see a database that {@link startServices} has prepared. */
export async function moreServices(url: string): Promise<Services> {
  const store = await open(url);
  onTestFinished(() => store.close());
  return servicesOver(store);
}

function servicesOver(store: Store, random: SecureRandom = randomBytes): Services {
  const clock = new ManualClock(START);
  const parts = { store, clock, ids: createIds(clock), random };
  return {
    store,
    clock,
    audit: new AuditLog(store),
    organizations: new OrganizationService({ ...parts, holders: [] }),
    identity: new IdentityService(parts),
  };
}

let made = 0;

/** Text that no other part of the test uses. */
export function fresh(prefix: string): string {
  made += 1;
  return `${prefix}_${made}`;
}

export interface Team {
  readonly org: OrganizationView;
  /** The user in each role. */
  readonly users: Readonly<Record<MembershipRole, string>>;
}

/** An organization with one member in each role. */
export async function startTeam(
  { organizations }: Services,
  tier: SubscriptionTier = "enterprise_plus",
): Promise<Team> {
  const name = fresh("team");
  const users = {
    owner: `${name}_owner`,
    admin: `${name}_admin`,
    member: `${name}_member`,
    viewer: `${name}_viewer`,
    billing: `${name}_billing`,
  };
  const org = await organizations.createOrganization(OPERATOR, { name, ownerId: users.owner, tier });
  for (const role of ["admin", "member", "viewer", "billing"] as const) {
    await organizations.addMember(OPERATOR, org.id, users[role], role);
  }
  return { org, users };
}

/** The code with which a promise rejects; the test fails with what it resolved to. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  const settled = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ("value" in settled) throw new Error(`resolved with ${JSON.stringify(settled.value)}`);
  const { code } = settled.error as { code?: unknown };
  if (typeof code !== "string") throw settled.error;
  return code;
}
