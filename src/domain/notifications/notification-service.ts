import {
  BillingError,
  type Clock,
  decodeCursor,
  encodeCursor,
  type Ids,
  invalidInput,
  isoInstant,
  type Page,
} from "../../kernel/index.ts";
import { appendToOutbox, type Store } from "../../store/index.ts";
import type { Channels } from "./channel.ts";
import { Delivery, type DeliveryCounts, LEASE_MS } from "./delivery.ts";
import { enqueueNotifications, messageOf, TOPIC } from "./enqueue.ts";
import {
  type Notification,
  type NotificationInput,
  newNotification,
  notificationNotFound,
  type StoredKind,
} from "./notification.ts";
import {
  isOutboxDueAcrossTenants,
  type ListedRow,
  type ListRange,
  type NotificationMethod,
  type NotificationState,
  notificationAcrossTenants,
  notificationsAcrossTenants,
  notificationsOf,
  notificationsToSendAcrossTenants,
  notificationWithKey,
  outboxSeqAcrossTenants,
  reviveAcrossTenants,
  type StoredNotification,
} from "./notification-store.ts";
import type { Payload } from "./payload.ts";
import { shownRecipient } from "./recipient.ts";
import { DEAD_AFTER_MS } from "./schedule.ts";

/** What became of the first try; the notification itself is durable either way. */
export interface NotificationResult {
  readonly id: string;
  readonly success: boolean;
  readonly method: NotificationMethod;
  /** Why the try failed. */
  readonly error?: string;
  /** Whether it will be tried again by itself. */
  readonly willRetry: boolean;
}

/** A notification as it is on record. Of an endpoint only the server is shown; secrets are not. */
export interface NotificationView {
  readonly id: string;
  readonly tenant: string;
  readonly kind: StoredKind;
  readonly recipient: string | null;
  readonly state: NotificationState;
  readonly attempts: number;
  /** How it went, or was last tried; null before the first try. */
  readonly method: NotificationMethod | null;
  readonly lastError: string | null;
  readonly payload: Payload;
  readonly createdAt: string;
  readonly deliveredAt: string | null;
  /** When a pending one is given up. */
  readonly deadAfter: string;
}

export interface NotificationQuery {
  readonly state?: NotificationState | undefined;
  /** At most 200; 50 if not given. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

const STATES: readonly string[] = ["pending", "delivered", "dead"] satisfies NotificationState[];
const [PAGE, MAX_PAGE] = [50, 200];

interface Written {
  readonly seq: bigint;
  readonly notification: StoredNotification;
}

/** Notifications: written durably, sent at least once under one id, and never lost without a trace. */
export class NotificationService {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #tenant: string | undefined;
  readonly #channels: Channels;
  readonly #delivery: Delivery;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(
    deps: { store: Store; clock: Clock; ids: Ids },
    options: { tenant?: string | undefined; channels: Channels },
  ) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#ids = deps.ids;
    this.#tenant = options.tenant;
    this.#channels = options.channels;
    this.#delivery = new Delivery(deps, options.channels);
  }

  /**
   * Writes a notification and tries it once at once. It is durable before the try: should that fail, or the process
   * die, delivery goes on in the background (see `deliverDue`) for up to 72 hours. With a `dedupKey` that the tenant
   * has used, nothing is written or sent: the result tells how the first one stands.
   *
   * @returns the outcome of the try; a failure is a result, not an error.
   * @throws BillingError invalid_input naming the field; unavailable when the database cannot commit.
   * @example
   * const { success, willRetry } = await billing.notifications.notify({
   *   kind: "trial_ending", tenant: "acme", recipient: { email: "cfo@acme.example" },
   *   payload: { orgName: "Acme", daysRemaining: 3, upgradeUrl: "https://app.example.com/upgrade" },
   * });
   */
  async notify(input: NotificationInput): Promise<NotificationResult> {
    return this.#tracked(async () => {
      const notification = newNotification(input, this.#ids, this.#tenant);
      const written = await this.#write(notification);
      if (written === undefined) return this.#firstOf(notification);
      const { seq } = written;
      const tried = await this.#delivery.deliver({ seq, owner: "" }, written.notification);
      const { method, attempt, willRetry } = tried;
      const success = attempt.outcome === "delivered";
      const failure = attempt.outcome === "delivered" ? {} : { error: attempt.error };
      return { id: notification.id, success, method, ...failure, willRetry };
    });
  }

  /**
   * Tries everything that is due. Safe to call from any number of processes: while one of them tries a notification,
   * for up to a minute, no other does.
   *
   * @throws BillingError of the database; what was being tried then comes due again by itself.
   */
  async deliverDue(): Promise<DeliveryCounts> {
    return this.#tracked(() => this.#delivery.deliverDue());
  }

  /** {@link deliverDue} as due work for `Jobs`. */
  deliveryJob(every = 1_000) {
    return {
      name: "notifications",
      every,
      hasWork: (now: number) => this.#store.read((reader) => isOutboxDueAcrossTenants(reader, TOPIC, now)),
      runDue: async () => {
        const { delivered, failed, dead } = await this.deliverDue();
        return delivered + failed + dead;
      },
    };
  }

  /** One tenant's notifications, the newest first. */
  async list(query: NotificationQuery & { readonly tenant: string }): Promise<Page<NotificationView>> {
    const { tenant, ...rest } = query;
    const range = rangeOf(rest);
    const rows = await this.#store.read((reader) => notificationsOf(tenant, range, reader));
    return pageOf(rows, range);
  }

  /** Everybody's notifications, the newest first: for operators. */
  async listAcrossTenants(query: NotificationQuery = {}): Promise<Page<NotificationView>> {
    const range = rangeOf(query);
    const rows = await this.#store.read((reader) => notificationsAcrossTenants(reader, range));
    return pageOf(rows, range);
  }

  /**
   * Makes a dead notification due again, for another 72 hours, under the same id.
   *
   * @throws BillingError not_found `notification_not_found`; failed_precondition `notification_not_dead`.
   */
  async retry(id: string): Promise<NotificationView> {
    const now = this.#clock.now();
    return this.#store.transaction(async (tx) => {
      const isRevived = await reviveAcrossTenants(tx, id, now + DEAD_AFTER_MS);
      const row = await notificationAcrossTenants(tx, id);
      if (row === undefined) throw notificationNotFound(id);
      if (!isRevived) {
        const text = `notification ${id} is ${row.state}: only a dead one can be retried`;
        throw new BillingError("failed_precondition", "notification_not_dead", text, {
          details: { id, state: row.state },
        });
      }
      await appendToOutbox(tx, [{ topic: TOPIC, tenant: row.tenant, payload: messageOf(id) }], now);
      return viewOf(row);
    });
  }

  /**
   * Checks an endpoint's address before it is accepted from a tenant. Its host is looked up at each call only, so an
   * address that passes may still be refused then.
   *
   * @throws BillingError invalid_input `webhook_refused`, saying why.
   */
  checkEndpoint(url: string): void {
    this.#channels.endpoints.check(url);
  }

  /** Lets tries under way finish, then closes the connections. Notifications not sent yet stay due. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    await this.#channels.mail?.close();
  }

  /** Written and reserved for the caller's own try: its message comes due when that can no longer be under way. */
  #write(notification: Notification): Promise<Written | undefined> {
    const { id } = notification;
    const now = this.#clock.now();
    const dueAt = now + LEASE_MS;
    return this.#store.transaction(async (tx) => {
      const written = await enqueueNotifications(tx, [notification], now, dueAt);
      if (!written.has(id)) return undefined;
      const seq = await outboxSeqAcrossTenants(tx, { topic: TOPIC, payload: messageOf(id), dueAt });
      const stored = (await notificationsToSendAcrossTenants(tx, [id])).get(id);
      if (seq === undefined || stored === undefined) throw notificationNotFound(id);
      return { seq, notification: stored };
    });
  }

  async #firstOf({ tenant, dedupKey }: Notification): Promise<NotificationResult> {
    const row = await this.#store.read((reader) => notificationWithKey(tenant, dedupKey ?? "", reader));
    if (row === undefined) throw notificationNotFound(dedupKey ?? "");
    return {
      id: row.id,
      success: row.state === "delivered",
      method: row.method === "" ? "log" : row.method,
      ...(row.last_error === "" ? {} : { error: row.last_error }),
      willRetry: row.state === "pending",
    };
  }

  async #tracked<T>(work: () => Promise<T>): Promise<T> {
    const promise = work();
    this.#underWay.add(promise);
    try {
      return await promise;
    } finally {
      this.#underWay.delete(promise);
    }
  }
}

function rangeOf({ state, limit = PAGE, cursor }: NotificationQuery): ListRange {
  if (state !== undefined && !STATES.includes(state)) {
    throw invalidInput("state", "invalid_state", `state must be one of ${STATES.join(", ")}`);
  }
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) {
    throw invalidInput("limit", "invalid_limit", `limit must be a whole number from 1 to ${MAX_PAGE}`);
  }
  const before = cursor === undefined ? undefined : Number(decodeCursor(cursor, ["number"])[0]);
  // One more than asked for tells whether there is a next page.
  return { state, before, limit: limit + 1 };
}

function pageOf(rows: readonly ListedRow[], range: ListRange): Page<NotificationView> {
  const shown = rows.slice(0, range.limit - 1);
  const last = rows.length > shown.length ? shown.at(-1) : undefined;
  return { items: shown.map(viewOf), nextCursor: last ? encodeCursor([Number(last.seq)]) : null };
}

function viewOf(row: ListedRow): NotificationView {
  return {
    id: row.id,
    tenant: row.tenant,
    kind: row.kind,
    recipient: shownRecipient(row.recipient_type, row.recipient),
    state: row.state,
    attempts: Number(row.attempts),
    method: row.method === "" ? null : row.method,
    lastError: row.last_error === "" ? null : row.last_error,
    payload: JSON.parse(row.payload) as Payload,
    createdAt: isoInstant(Number(row.created_at)),
    deliveredAt: row.delivered_at === null ? null : isoInstant(Number(row.delivered_at)),
    deadAfter: isoInstant(Number(row.dead_after)),
  };
}
