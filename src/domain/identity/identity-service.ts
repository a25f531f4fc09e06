import {
  BillingError,
  type Clock,
  decodeCursor,
  type Ids,
  invalidInput,
  isoInstant,
  type Page,
  parseTimestamp,
} from "../../kernel/index.ts";
import type { Reader, Store, Tx } from "../../store/index.ts";
import { appendAudit, type PageQuery, pageLimit, pageOf } from "../audit/index.ts";
import {
  type Actor,
  actsForInstallation,
  checkedActor,
  lockOrganization,
  organizationOf,
  requireOpen,
  requirePermission,
  type SecureRandom,
  seenBy,
} from "../organizations/index.ts";
import { type ApiKeyView, type IssuedKey, keyNotFound, type NewApiKey, unauthenticated } from "./api-key.ts";
import {
  claimOnce,
  hasOperatorKey,
  insertKey,
  type KeyRange,
  keyAcrossTenants,
  keysAcrossTenants,
  keysOf,
  keysWithPrefixAcrossTenants,
  NOTED_EVERY_MS,
  noteKeyUses,
  revokeKey,
  type StoredKey,
} from "./api-key-store.ts";
import { isSameHash, newKeyText, readKeyText } from "./key-text.ts";
import { checkedNetworks, isWithinNetworks } from "./network.ts";
import type { Principal } from "./principal.ts";
import { checkedScopes, grantedScopes, type Scope } from "./scope.ts";

/** How operators' keys are filed. */
const OPERATORS = "";
const FIRST_KEY = "first operator key";
const MAX_NAME = 200;

/** A key that was asked for and may be made. */
interface CheckedKey {
  readonly tenant: string;
  readonly name: string;
  readonly scopes: readonly (Scope | "*")[];
  readonly networks: readonly string[];
  readonly expiresAt: number | null;
}

/**
 * API keys: making, showing, ending and checking them.
 *
 * A key is random beyond guessing and shown once; the database holds its SHA-256, from which nobody gets it back. A key
 * that was revoked, or whose tenant was suspended, is refused at the next check in every process, for each check reads
 * the database. To rotate, make a second key and revoke the first.
 */
export class IdentityService {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #random: SecureRandom;
  /** Keys whose use is being noted, so that a busy one waits in the queue once. */
  readonly #noting = new Set<string>();

  /** @param parts `random` must be cryptographically secure: keys rest on it. */
  constructor({
    store,
    clock,
    ids,
    random,
  }: {
    readonly store: Store;
    readonly clock: Clock;
    readonly ids: Ids;
    readonly random: SecureRandom;
  }) {
    this.#store = store;
    this.#clock = clock;
    this.#ids = ids;
    this.#random = random;
  }

  /**
   * Makes a key. Operators make any; members with `org.settings` and keys with `keys:write` one of their own tenant, the
   * latter with no scope that they lack.
   *
   * @throws BillingError invalid_input naming the field; not_found `organization_not_found`; forbidden
   * `permission_denied`, `scope_above_own`, `organization_suspended`.
   * @example
   * const { key } = await billing.identity.createKey(actor, {
   *   tenant: "acme", name: "ingest", scopes: ["events:write"], networks: ["192.0.2.0/24"],
   * });
   */
  async createKey(actor: Actor, input: NewApiKey): Promise<IssuedKey> {
    const who = checkedActor(actor);
    const checked = this.#checked(input);
    return this.#store.transaction(async (tx) => {
      await this.#requireKeeper(who, checked.tenant, tx);
      requireScopesWithin(who, checked);
      return this.#issue(tx, who, checked);
    });
  }

  /**
   * Ends a key, at once and for ever. Idempotent.
   *
   * @throws BillingError not_found `api_key_not_found` for an unknown key and for one of another tenant alike; forbidden
   * `permission_denied`, `organization_suspended`.
   */
  async revokeKey(actor: Actor, id: string): Promise<ApiKeyView> {
    const who = checkedActor(actor);
    return this.#store.transaction(async (tx) => {
      const key = await keyAcrossTenants(id, tx);
      if (key === undefined) throw keyNotFound();
      const tenant = key.tenant ?? OPERATORS;
      await this.#requireKeeper(who, tenant, tx).catch((error: unknown) => {
        throw isHidden(error, key) ? keyNotFound() : error;
      });
      const at = this.#clock.now();
      if (await revokeKey(tenant, id, at, tx)) {
        await this.#record(tx, who, { at, tenant, action: "api_key.revoked", target: id, details: {} });
      }
      return (await keyAcrossTenants(id, tx)) as ApiKeyView;
    });
  }

  /**
   * The keys of a tenant, the latest first, ended ones included; without a tenant those of operators. For whoever may
   * make them.
   *
   * @throws BillingError not_found `organization_not_found`; forbidden `permission_denied`.
   */
  async keys(
    actor: Actor,
    { tenant = OPERATORS, ...query }: PageQuery & { readonly tenant?: string | undefined } = {},
  ): Promise<Page<ApiKeyView>> {
    const who = checkedActor(actor);
    return this.#page(query, async (range, reader) => {
      if (!actsForInstallation(who)) await requireKeyRights(who, tenant, reader);
      return keysOf(tenant, range, reader);
    });
  }

  /** Every key, the latest first. Operators only. */
  async keysAcrossTenants(actor: Actor, query: PageQuery = {}): Promise<Page<ApiKeyView>> {
    if (!actsForInstallation(checkedActor(actor))) throw operatorsOnly();
    return this.#page(query, keysAcrossTenants);
  }

  /**
   * Makes the first operator's key of an installation and returns it; null if there ever was one. Of several processes
   * that start at once one gets it.
   */
  async ensureOperatorKey(): Promise<IssuedKey | null> {
    if (await this.#store.read(hasOperatorKey)) return null;
    return this.#store.transaction(async (tx) => {
      if (!(await claimOnce(FIRST_KEY, this.#clock.now(), tx)) || (await hasOperatorKey(tx))) return null;
      return this.#issue(
        tx,
        { kind: "system", id: "first start" },
        { tenant: OPERATORS, name: FIRST_KEY, scopes: ["*"], networks: [], expiresAt: null },
      );
    });
  }

  /**
   * Whose key a text is.
   *
   * @param from `ip` is the peer's address, needed for keys that are bound to networks; `now` is epoch ms.
   * @throws BillingError unauthenticated `invalid_api_key`, in the same words for a text that is no key, an unknown, an
   * expired and a revoked one; forbidden `ip_not_allowed`, `organization_suspended`.
   * @example
   * const principal = await billing.identity.authenticate(bearer, { ip: request.ip });
   */
  async authenticate(
    secretText: string,
    { ip, now = this.#clock.now() }: { readonly ip?: string | undefined; readonly now?: number } = {},
  ): Promise<Principal> {
    const shown = readKeyText(secretText);
    if (shown === undefined) throw unauthenticated();
    const key = await this.#store.read(async (reader) => {
      const candidates = await keysWithPrefixAcrossTenants(shown.prefix, reader);
      const found = candidates.find(({ hash }) => isSameHash(hash, shown.hash));
      if (found === undefined || !isLive(found, now)) throw unauthenticated();
      await requireLiveTenant(found.view.tenant, reader);
      return found;
    });
    if (!isWithinNetworks(key.view.networks, ip)) {
      const text = "this key may not be used from this address";
      throw new BillingError("forbidden", "ip_not_allowed", text);
    }
    this.#noteUse(key, now);
    const { kind, id, tenant, scopes } = key.view;
    return { kind, id, tenant, scopes: grantedScopes(scopes, kind === "operator") };
  }

  #checked({ tenant, name, scopes, expiresAt, networks = [] }: NewApiKey): CheckedKey {
    if (tenant !== undefined && (typeof tenant !== "string" || tenant === OPERATORS)) {
      throw invalidInput("tenant", "invalid_tenant", "tenant must be an organization's id");
    }
    const label = typeof name === "string" && name.isWellFormed() ? name.trim() : "";
    if (label === "" || label.length > MAX_NAME || /\p{Cc}/u.test(label)) {
      throw invalidInput("name", "invalid_text", `name must be one line of 1 to ${MAX_NAME} characters`);
    }
    const expiry = expiresAt === undefined ? null : parseTimestamp(expiresAt, "expiresAt");
    if (expiry !== null && expiry <= this.#clock.now()) {
      throw invalidInput("expiresAt", "invalid_expiry", "expiresAt must be in the future");
    }
    return {
      tenant: tenant ?? OPERATORS,
      name: label,
      scopes: checkedScopes(scopes, tenant === undefined),
      networks: checkedNetworks(networks),
      expiresAt: expiry,
    };
  }

  /** Only for whoever may make and end a tenant's keys; while this runs, nothing about the tenant changes. */
  async #requireKeeper(actor: Actor, tenant: string, tx: Tx): Promise<void> {
    if (tenant === OPERATORS) {
      if (!actsForInstallation(actor)) throw operatorsOnly();
      return;
    }
    await lockOrganization(tenant, tx);
    const { organization } = await requireKeyRights(actor, tenant, tx);
    requireOpen(organization, actor);
  }

  async #issue(tx: Tx, actor: Actor, checked: CheckedKey): Promise<IssuedKey> {
    const { tenant, name, scopes, networks, expiresAt } = checked;
    const at = this.#clock.now();
    const id = this.#ids.next("key");
    const { text: key, prefix, hash } = newKeyText(this.#random);
    const createdBy = { kind: actor.kind, id: actor.id };
    await insertKey(tenant, { id, prefix, hash, name, scopes, networks, createdBy, at, expiresAt }, tx);
    const details = {
      scopes,
      networks: networks.length,
      expiresAt: expiresAt === null ? null : isoInstant(expiresAt),
    };
    await this.#record(tx, actor, { at, tenant, action: "api_key.created", target: id, details });
    return { ...((await keyAcrossTenants(id, tx)) as ApiKeyView), key };
  }

  #record(
    tx: Tx,
    { kind, id, requestId }: Actor,
    entry: {
      at: number;
      tenant: string;
      action: string;
      target: string;
      details: Record<string, unknown>;
    },
  ): Promise<void> {
    return appendAudit(tx, [{ id: this.#ids.next("aud"), actor: { kind, id }, requestId, ...entry }]);
  }

  async #page(
    { cursor, limit: asked }: PageQuery,
    read: (range: KeyRange, reader: Reader) => Promise<ApiKeyView[]>,
  ): Promise<Page<ApiKeyView>> {
    const limit = pageLimit(asked);
    const before = cursor === undefined ? undefined : String(decodeCursor(cursor, ["string"])[0]);
    const rows = await this.#store.read((reader) => read({ before, limit: limit + 1 }, reader));
    return pageOf(
      rows,
      limit,
      ({ id }) => [id],
      (row) => row,
    );
  }

  /** Nobody waits for this, and nobody fails by it: it is a hint for people, not a fact that anything rests on. */
  #noteUse({ view: { id, tenant }, lastUsedAt }: StoredKey, at: number): void {
    const isNoted = lastUsedAt !== null && at - lastUsedAt < NOTED_EVERY_MS;
    if (isNoted || this.#noting.has(id)) return;
    this.#noting.add(id);
    void this.#store
      .submit(noteKeyUses, { tenant: tenant ?? OPERATORS, id, at })
      .catch(() => undefined)
      .finally(() => this.#noting.delete(id));
  }
}

function isLive({ isRevoked, expiresAt }: StoredKey, now: number): boolean {
  return !isRevoked && (expiresAt === null || now < expiresAt);
}

async function requireLiveTenant(tenant: string | null, reader: Reader): Promise<void> {
  if (tenant === null) return;
  const organization = await organizationOf(tenant, reader);
  if (organization === undefined || organization.status === "erased") throw unauthenticated();
  if (organization.status === "suspended") {
    throw new BillingError("forbidden", "organization_suspended", "this organization is suspended");
  }
}

async function requireKeyRights(actor: Actor, tenant: string, reader: Reader): ReturnType<typeof seenBy> {
  if (tenant === OPERATORS) throw operatorsOnly();
  if (actor.kind === "key" && actor.tenant === tenant) {
    if (!actor.scopes.includes("keys:write")) {
      const details = { scope: "keys:write" };
      const text = "this takes a key with the scope keys:write";
      throw new BillingError("forbidden", "scope_missing", text, { details });
    }
    // Its own right is enough here: to the organization itself it may have none.
    return seenBy({ kind: "system", id: actor.id }, tenant, reader);
  }
  const seen = await seenBy(actor, tenant, reader);
  requirePermission(seen.standing, ["org.settings"]);
  return seen;
}

function requireScopesWithin(actor: Actor, { tenant, scopes }: CheckedKey): void {
  const own = actor.kind === "key" || actor.kind === "operator" ? actor.scopes : undefined;
  if (own === undefined) return;
  const isWithin = grantedScopes(scopes, tenant === OPERATORS).every((scope) => own.includes(scope));
  if (!isWithin) {
    const text = "a key makes no key that may do more than itself";
    throw new BillingError("forbidden", "scope_above_own", text);
  }
}

/** Whether an error would tell an outsider that the key exists. */
function isHidden(error: unknown, key: ApiKeyView): boolean {
  if (!(error instanceof BillingError)) return false;
  return error.kind === "not_found" || (key.kind === "operator" && error.kind === "forbidden");
}

function operatorsOnly(): BillingError {
  const text = "operators' keys are for operators";
  return new BillingError("forbidden", "permission_denied", text, { details: { permissions: [] } });
}
