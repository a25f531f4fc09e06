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
import { appendToOutbox, type Reader, type Store, type Tx } from "../../store/index.ts";
import { appendAudit, type PageQuery, pageLimit } from "../audit/index.ts";
import {
  type Actor,
  actsForInstallation,
  checkedActor,
  type PersonalDataHolder,
  requireOpen,
  requirePermission,
  type SecureRandom,
  seenBy,
} from "../organizations/index.ts";
import {
  deliveryNotFound,
  type EndpointDelivery,
  type EndpointView,
  EVERY_EVENT,
  endpointNotFound,
  type IssuedEndpoint,
} from "./endpoint.ts";
import { deliveryOf } from "./endpoint-deliveries.ts";
import {
  type CheckAddress,
  checkedFields,
  type EndpointChanges,
  type EndpointInput,
} from "./endpoint-input.ts";
import { kindOf, SAMPLES } from "./endpoint-sample.ts";
import {
  countEndpoint,
  deleteEndpoint,
  deliveriesTo,
  deliveryTo,
  endpointOf,
  endpointsOf,
  eraseRecipients,
  insertEndpoint,
  lockEndpoints,
  putSecret,
  replayDelivery,
  uncountEndpoint,
  updateEndpoint,
} from "./endpoint-store.ts";
import { enqueueNotifications, messageOf, TOPIC } from "./enqueue.ts";
import { type NotificationInput, newNotification } from "./notification.ts";
import type { ListedRow, NotificationState } from "./notification-store.ts";
import type { Payload } from "./payload.ts";
import { DEAD_AFTER_MS } from "./schedule.ts";
import { WEBHOOK_EVENTS, type WebhookEventType, webhookEventOf } from "./webhook-events.ts";

/** So that one tenant's events are no flood. */
const MAX_ENDPOINTS = 20;
const SECRET_BYTES = 32;
const SCOPE = "webhooks:write";

export interface DeliveryQuery extends PageQuery {
  readonly state?: NotificationState | undefined;
}

/**
 * Webhook endpoints of tenants. Every event of a tenant is written for each enabled endpoint that wants its type, in the
 * transaction that it tells of, and delivered at least once under one id: see `NotificationService.deliverDue`.
 *
 * For operators, members with `org.settings` and keys with `webhooks:write`; to anybody else an endpoint does not exist.
 * Every change is on record in the audit log. Secrets are shown once, and read by nobody but whoever signs.
 */
export class EndpointService implements PersonalDataHolder {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #random: SecureRandom;
  readonly #check: CheckAddress;

  /** @param parts `random` must be cryptographically secure: signatures rest on it. `check` refuses private addresses. */
  constructor(parts: {
    readonly store: Store;
    readonly clock: Clock;
    readonly ids: Ids;
    readonly random: SecureRandom;
    readonly check: CheckAddress;
  }) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#ids = parts.ids;
    this.#random = parts.random;
    this.#check = parts.check;
  }

  /**
   * Registers an endpoint and makes its secret, which is in this answer and nowhere else.
   *
   * @throws BillingError invalid_input naming the field, `webhook_refused` for an address that would never be called;
   * limit_exceeded `endpoint_limit_reached`.
   * @example
   * const { secret } = await billing.endpoints.create(actor, "acme", {
   *   url: "https://hooks.acme.example/billing", events: ["budget.alert"],
   * });
   */
  async create(actor: Actor, tenant: string, input: EndpointInput): Promise<IssuedEndpoint> {
    const { url, events } = input;
    const checked = checkedFields({ ...input, url, events }, this.#check);
    const secret = this.#newSecret();
    return this.#change(actor, tenant, async (tx, at) => {
      if (!(await countEndpoint(tenant, MAX_ENDPOINTS, tx))) {
        const text = `a tenant has at most ${MAX_ENDPOINTS} webhook endpoints`;
        const details = { limit: MAX_ENDPOINTS };
        throw new BillingError("limit_exceeded", "endpoint_limit_reached", text, { details });
      }
      const id = this.#ids.next("we");
      const fields = { description: null, enabled: true, ...checked } as EndpointView;
      await insertEndpoint(tenant, { ...fields, id, secret, at }, tx);
      await this.#record(tx, actor, { tenant, at, action: "webhook_endpoint.created", target: id });
      return { ...(await existing(tenant, id, tx)), secret };
    });
  }

  /** @throws BillingError not_found `endpoint_not_found`. */
  get(actor: Actor, tenant: string, id: string): Promise<EndpointView> {
    return this.#look(actor, tenant, (reader) => existing(tenant, id, reader));
  }

  /** A tenant's endpoints, by id: there are at most 20. */
  list(actor: Actor, tenant: string): Promise<EndpointView[]> {
    return this.#look(actor, tenant, (reader) => endpointsOf(tenant, reader));
  }

  /**
   * Changes what is given. What is still to be delivered goes to the new address; to a disabled endpoint nothing goes, and
   * what was on its way to it can be replayed.
   *
   * @throws BillingError not_found `endpoint_not_found`; invalid_input as {@link create}.
   */
  async update(actor: Actor, tenant: string, id: string, changes: EndpointChanges): Promise<EndpointView> {
    const checked = checkedFields(changes, this.#check);
    return this.#change(actor, tenant, async (tx, at) => {
      const present = await existing(tenant, id, tx);
      await updateEndpoint(tenant, { ...present, ...checked, at }, tx);
      const details = { fields: Object.keys(checked) };
      await this.#record(tx, actor, { tenant, at, action: "webhook_endpoint.updated", target: id, details });
      return existing(tenant, id, tx);
    });
  }

  /** Removes an endpoint. @throws BillingError not_found `endpoint_not_found`. */
  async remove(actor: Actor, tenant: string, id: string): Promise<void> {
    return this.#change(actor, tenant, async (tx, at) => {
      if (!(await deleteEndpoint(tenant, id, tx))) throw endpointNotFound();
      await uncountEndpoint(tenant, tx);
      await this.#record(tx, actor, { tenant, at, action: "webhook_endpoint.removed", target: id });
    });
  }

  /** Makes a new secret: every call from now on is signed with it, and none with the old one. */
  async rotateSecret(actor: Actor, tenant: string, id: string): Promise<IssuedEndpoint> {
    const secret = this.#newSecret();
    return this.#change(actor, tenant, async (tx, at) => {
      await existing(tenant, id, tx);
      await putSecret(tenant, id, secret, at, tx);
      await this.#record(tx, actor, { tenant, at, action: "webhook_endpoint.key_rotated", target: id });
      return { ...(await existing(tenant, id, tx)), secret };
    });
  }

  /** Ends what an erased organization would still be sent, and forgets where to. */
  eraseTenant(tenant: string, at: number, tx: Tx): Promise<void> {
    return eraseRecipients(tenant, at, tx);
  }

  /** What an endpoint was or is to be sent, the newest first. */
  deliveries(
    actor: Actor,
    tenant: string,
    id: string,
    { state, cursor, limit: asked }: DeliveryQuery = {},
  ): Promise<Page<EndpointDelivery>> {
    return this.#look(actor, tenant, async (reader) => {
      await existing(tenant, id, reader);
      const limit = pageLimit(asked);
      const before = cursor === undefined ? undefined : Number(decodeCursor(cursor, ["number"])[0]);
      const rows = await deliveriesTo(tenant, id, { state, before, limit: limit + 1 }, reader);
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      return {
        items: shown.map((row) => deliveryView(row, id)),
        nextCursor: last === undefined ? null : encodeCursor([Number(last.seq)]),
      };
    });
  }

  /**
   * Sends a delivery once more, under its id: one that was delivered or one that was given up, for another 72 hours.
   *
   * @throws BillingError not_found `endpoint_not_found`, `delivery_not_found`; failed_precondition `delivery_pending`,
   * `endpoint_disabled`.
   */
  async replay(actor: Actor, tenant: string, id: string, delivery: string): Promise<EndpointDelivery> {
    return this.#change(actor, tenant, async (tx, at) => {
      requireEnabled(await existing(tenant, id, tx));
      if ((await deliveryTo(tenant, id, delivery, tx)) === undefined) throw deliveryNotFound();
      if (!(await replayDelivery(tenant, delivery, at + DEAD_AFTER_MS, tx))) {
        const text = "this delivery is still under way: it is tried again by itself";
        throw new BillingError("failed_precondition", "delivery_pending", text);
      }
      await appendToOutbox(tx, [{ topic: TOPIC, tenant, payload: messageOf(delivery) }], at);
      const details = { endpoint: id };
      await this.#record(tx, actor, {
        tenant,
        at,
        action: "webhook_delivery.replayed",
        target: delivery,
        details,
      });
      return deliveryView((await deliveryTo(tenant, id, delivery, tx)) as ListedRow, id);
    });
  }

  /**
   * Writes a made-up event for one endpoint, of a type that it wants: delivered like any other.
   *
   * @throws BillingError not_found `endpoint_not_found`; invalid_input `type_not_wanted`; failed_precondition
   * `endpoint_disabled`.
   */
  async sendTest(
    actor: Actor,
    tenant: string,
    id: string,
    type?: WebhookEventType,
  ): Promise<EndpointDelivery> {
    return this.#change(actor, tenant, async (tx, at) => {
      const endpoint = await existing(tenant, id, tx);
      requireEnabled(endpoint);
      const kind = kindOf(wantedType(endpoint, type));
      const input = { kind, tenant, payload: SAMPLES[kind] } as NotificationInput;
      const delivery = deliveryOf(newNotification(input, this.#ids), id);
      await enqueueNotifications(tx, [delivery], at);
      await this.#record(tx, actor, { tenant, at, action: "webhook_endpoint.tested", target: id });
      return deliveryView((await deliveryTo(tenant, id, delivery.id, tx)) as ListedRow, id);
    });
  }

  #newSecret(): string {
    return `whsec_${Buffer.from(this.#random(SECRET_BYTES)).toString("base64")}`;
  }

  #look<T>(actor: Actor, tenant: string, work: (reader: Reader) => Promise<T>): Promise<T> {
    return this.#store.read(async (reader) => {
      await requireKeeper(checkedActor(actor), tenant, reader);
      return work(reader);
    });
  }

  #change<T>(actor: Actor, tenant: string, work: (tx: Tx, at: number) => Promise<T>): Promise<T> {
    return this.#store.transaction(async (tx) => {
      const organization = await requireKeeper(checkedActor(actor), tenant, tx);
      if (organization !== undefined) requireOpen(organization, actor);
      await lockEndpoints(tenant, tx);
      return work(tx, this.#clock.now());
    });
  }

  #record(
    tx: Tx,
    { kind, id, requestId }: Actor,
    entry: {
      readonly tenant: string;
      readonly at: number;
      readonly action: string;
      readonly target: string;
      readonly details?: Readonly<Record<string, unknown>>;
    },
  ): Promise<void> {
    return appendAudit(tx, [{ id: this.#ids.next("aud"), actor: { kind, id }, requestId, ...entry }]);
  }
}

/** Lets whoever may keep a tenant's endpoints pass; its organization, where the actor is somebody in one. */
async function requireKeeper(actor: Actor, tenant: string, reader: Reader) {
  // A tenant that records usage need not be an organization.
  if (actsForInstallation(actor)) return undefined;
  if (actor.kind === "key" && actor.tenant === tenant && actor.scopes.includes(SCOPE)) {
    // Its own right is enough here: to the organization itself it may have none.
    return (await seenBy({ kind: "system", id: actor.id }, tenant, reader)).organization;
  }
  const { organization, standing } = await seenBy(actor, tenant, reader);
  requirePermission(standing, ["org.settings"]);
  return organization;
}

async function existing(tenant: string, id: string, reader: Reader): Promise<EndpointView> {
  const endpoint = await endpointOf(tenant, id, reader);
  if (endpoint === undefined) throw endpointNotFound();
  return endpoint;
}

function requireEnabled({ enabled }: EndpointView): void {
  if (enabled) return;
  const text = "this endpoint is disabled: enable it first";
  throw new BillingError("failed_precondition", "endpoint_disabled", text);
}

function wantedType({ events }: EndpointView, asked: WebhookEventType | undefined): WebhookEventType {
  const known = Object.keys(WEBHOOK_EVENTS) as WebhookEventType[];
  const wanted = known.filter((type) => events.includes(EVERY_EVENT) || events.includes(type));
  const [first] = wanted;
  const type = asked ?? (wanted.includes("budget.alert") ? "budget.alert" : first);
  if (type !== undefined && wanted.includes(type)) return type;
  throw invalidInput(
    "type",
    "type_not_wanted",
    `type must be one that the endpoint wants: ${wanted.join(", ")}`,
  );
}

function deliveryView(row: ListedRow, endpointId: string): EndpointDelivery {
  const payload = JSON.parse(row.payload) as Payload;
  const { id, tenant, kind, state } = row;
  return {
    ...{ id, endpointId, state },
    type: webhookEventOf({ id, tenant, kind, payload }, Number(row.created_at)).type,
    attempts: Number(row.attempts),
    lastError: row.last_error === "" ? null : row.last_error,
    data: payload,
    createdAt: isoInstant(Number(row.created_at)),
    deliveredAt: row.delivered_at === null ? null : isoInstant(Number(row.delivered_at)),
    deadAfter: isoInstant(Number(row.dead_after)),
  };
}
