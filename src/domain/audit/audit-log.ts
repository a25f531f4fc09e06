import { decodeCursor, invalidInput, type Page, parseTimestamp } from "../../kernel/index.ts";
import type { Store } from "../../store/index.ts";
import type { AuditActor, AuditEntry } from "./audit-entry.ts";
import {
  type AuditFilter,
  auditEntries,
  auditEntriesAcrossTenants,
  type StoredAuditEntry,
} from "./audit-store.ts";
import { type PageQuery, pageLimit, pageOf } from "./paging.ts";

export interface AuditQuery extends PageQuery {
  readonly from?: Date | string | undefined;
  /** Entries of this instant are left out. */
  readonly to?: Date | string | undefined;
  readonly action?: string | undefined;
  /** By kind, by id, or both. */
  readonly actor?: Partial<AuditActor> | undefined;
}

/** Who did what, when: read here, written by `appendAudit` in the transaction of what was done. */
export class AuditLog {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * A tenant's entries within [from, to), newest first; tenant '' is the installation. Entries written while a caller
   * pages are in no later page, and move none.
   *
   * @throws BillingError invalid_input naming the field.
   * @example
   * const page = await billing.audit.list({ tenant: "acme", action: "member.removed" });
   */
  async list({ tenant, ...query }: AuditQuery & { readonly tenant: string }): Promise<Page<AuditEntry>> {
    // A forgotten tenant must never read as "every tenant".
    if (typeof tenant !== "string") throw invalidInput("tenant", "invalid_tenant", "tenant must be a text");
    return this.#page(query, (filter) => this.#store.read((reader) => auditEntries(tenant, filter, reader)));
  }

  /** {@link list} over every tenant and the installation. */
  async listAcrossTenants(query: AuditQuery = {}): Promise<Page<AuditEntry>> {
    return this.#page(query, (filter) =>
      this.#store.read((reader) => auditEntriesAcrossTenants(filter, reader)),
    );
  }

  async #page(
    { from, to, action, actor, cursor, limit: asked }: AuditQuery,
    read: (filter: AuditFilter) => Promise<StoredAuditEntry[]>,
  ): Promise<Page<AuditEntry>> {
    const limit = pageLimit(asked);
    const rows = await read({
      from: from === undefined ? undefined : parseTimestamp(from, "from"),
      to: to === undefined ? undefined : parseTimestamp(to, "to"),
      action,
      actor,
      before: cursor === undefined ? undefined : Number(decodeCursor(cursor, ["number"])[0]),
      limit: limit + 1,
    });
    return pageOf(
      rows,
      limit,
      ({ seq }) => [seq],
      ({ entry }) => entry,
    );
  }
}
