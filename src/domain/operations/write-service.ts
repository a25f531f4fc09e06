import { setTimeout as sleep } from "node:timers/promises";
import { BillingError, type Clock, DAY_MS, HOUR_MS, type Ids } from "../../kernel/index.ts";
import type { Store, Tx } from "../../store/index.ts";
import { type AuditEntryInput, appendAudit } from "../audit/index.ts";
import { type DatabaseSettings, databaseSettings, probe } from "./database-store.ts";
import {
  claimReply,
  dropClaim,
  findReply,
  hasOldReplyAcrossTenants,
  moveClaim,
  type ReplyKey,
  removeOldRepliesAcrossTenants,
  type StoredReply,
  storeReply,
} from "./reply-store.ts";
import { seal, unseal } from "./seal.ts";

/** A request that must have one effect however often it is sent. */
export interface OnceRequest extends ReplyKey {
  /** '' for an operator's request that names none. */
  readonly tenant: string;
  /** Hash of what is asked for: under one key it may not change. */
  readonly fingerprint: string;
  /** The API key's text: seals the stored answer. */
  readonly secret: string;
}

/** An answer, byte for byte. */
export interface Reply {
  readonly status: number;
  readonly body: string;
}

export interface Outcome {
  readonly reply: Reply;
  /** True when this is the answer that an earlier request got. */
  readonly isReplayed: boolean;
}

export type AuditEntry = Omit<AuditEntryInput, "id" | "at">;

const KEPT_MS = DAY_MS;
const REMOVED_AT_ONCE = 1_000;
const CLAIM_MS = 30_000;
const RENEW_MS = 10_000;
const LOOK_AGAIN_MS = 50;

/** Writes that somebody asks for over a wire: once each, however often they are sent, and on record. */
export class WriteService {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ids: Ids;

  constructor({ store, clock, ids }: { store: Store; clock: Clock; ids: Ids }) {
    this.#store = store;
    this.#clock = clock;
    this.#ids = ids;
  }

  /**
   * Runs `work` once for a request's idempotency key, in one transaction with the stored answer: whoever sends the
   * request again, at the same time or within a day, gets the first answer. When `work` rejects, nothing is kept and
   * the key is free. `work` may run again after a deadlock; it must await nothing but the engine's services.
   *
   * @throws BillingError conflict `idempotency_key_reused` for another request under the same key.
   */
  once(request: OnceRequest, work: () => Promise<Reply>): Promise<Outcome> {
    return this.#store.atomically(() =>
      this.#store.transaction(async (tx) => {
        const createdAt = this.#clock.now();
        const claim = { fingerprint: request.fingerprint, createdAt, claimedUntil: createdAt };
        if (!(await claimReply(request.tenant, request, claim, tx))) {
          const known = await this.#known(request, tx);
          if (known === undefined || known.status === 0) throw busy();
          return replayed(request, known);
        }
        const reply = await work();
        await this.#keep(tx, request, createdAt, reply);
        return { reply, isReplayed: false };
      }),
    );
  }

  /**
   * {@link once} for work that is too long for one transaction. It must be harmless to repeat and go on where it
   * stopped: it is run again when its process dies. Requests that come while it runs wait for its answer.
   */
  async onceLong(request: OnceRequest, work: () => Promise<Reply>): Promise<Outcome> {
    for (;;) {
      const claim = await this.#store.transaction((tx) => this.#claimLong(tx, request));
      if (typeof claim === "number") {
        return { reply: await this.#runClaimed(request, claim, work), isReplayed: false };
      }
      if (claim.status !== 0) return replayed(request, claim);
      await sleep(LOOK_AGAIN_MS);
    }
  }

  /** Runs `work` and writes audit entries about it in one transaction: both are there or neither. */
  audited<T>(entry: AuditEntry, work: () => Promise<T>): Promise<T> {
    return this.#store.atomically(async () => {
      const result = await work();
      await this.record(entry);
      return result;
    });
  }

  /** Writes an audit entry; inside `once`, in its transaction. */
  record(entry: AuditEntry): Promise<void> {
    return this.#store.transaction((tx) =>
      appendAudit(tx, [{ ...entry, id: this.#ids.next("aud"), at: this.#clock.now() }]),
    );
  }

  /** Resolves when the database answers. */
  async probe(): Promise<void> {
    await this.#store.read(probe);
  }

  /** How the database is set up: no address, no secret. */
  settings(): Promise<DatabaseSettings> {
    return this.#store.transaction(databaseSettings);
  }

  /** Removes answers that need not be kept any longer. */
  cleanup() {
    return {
      name: "idempotency-cleanup",
      every: HOUR_MS,
      hasWork: (now: number) => this.#store.read((reader) => hasOldReplyAcrossTenants(now - KEPT_MS, reader)),
      runDue: async (now: number) => {
        let done = 0;
        for (;;) {
          const removed = await this.#store.transaction((tx) =>
            removeOldRepliesAcrossTenants(now - KEPT_MS, REMOVED_AT_ONCE, tx),
          );
          done += removed;
          if (removed < REMOVED_AT_ONCE) return done;
        }
      },
    };
  }

  /** The end of a claim that is now ours; or what is on record. */
  async #claimLong(tx: Tx, request: OnceRequest): Promise<number | StoredReply> {
    const now = this.#clock.now();
    const claim = { fingerprint: request.fingerprint, createdAt: now, claimedUntil: now + CLAIM_MS };
    if (await claimReply(request.tenant, request, claim, tx)) return claim.claimedUntil;
    const known = await this.#known(request, tx);
    if (known === undefined) throw busy();
    const isAbandoned = known.status === 0 && known.claimedUntil <= now;
    const move = { from: known.claimedUntil, to: claim.claimedUntil };
    if (isAbandoned && (await moveClaim(request.tenant, request, move, tx))) return claim.claimedUntil;
    return known;
  }

  async #runClaimed(request: OnceRequest, claimed: number, work: () => Promise<Reply>): Promise<Reply> {
    const { tenant } = request;
    let until = claimed;
    let renewal: Promise<void> = Promise.resolve();
    const timer = setInterval(() => {
      renewal = this.#store
        .transaction(async (tx) => {
          const to = this.#clock.now() + CLAIM_MS;
          if (await moveClaim(tenant, request, { from: until, to }, tx)) until = to;
        })
        .catch(() => undefined);
    }, RENEW_MS);
    timer.unref();
    try {
      const reply = await work();
      await this.#store.transaction(async (tx) => {
        const known = await findReply(tenant, request, tx);
        if (known?.status === 0) await this.#keep(tx, request, known.createdAt, reply);
      });
      return reply;
    } catch (error) {
      clearInterval(timer);
      await renewal;
      await this.#store.transaction((tx) => dropClaim(tenant, request, until, tx)).catch(() => undefined);
      throw error;
    } finally {
      clearInterval(timer);
    }
  }

  async #known(request: OnceRequest, tx: Tx): Promise<StoredReply | undefined> {
    const known = await findReply(request.tenant, request, tx);
    if (known === undefined || known.fingerprint === request.fingerprint) return known;
    const text = "this idempotency key was used for another request; use a new one";
    const details = { field: "Idempotency-Key" };
    throw new BillingError("conflict", "idempotency_key_reused", text, { details });
  }

  async #keep(tx: Tx, request: OnceRequest, createdAt: number, { status, body }: Reply): Promise<void> {
    const sealed = seal(request.secret, contextOf(request, createdAt), body);
    await storeReply(request.tenant, request, { status, body: sealed }, tx);
  }
}

function replayed(request: OnceRequest, { status, body, createdAt }: StoredReply): Outcome {
  const text = unseal(request.secret, contextOf(request, createdAt), body);
  return { reply: { status, body: text }, isReplayed: true };
}

function contextOf({ tenant, keyId, idempotencyKey }: OnceRequest, createdAt: number): string {
  return JSON.stringify([tenant, keyId, idempotencyKey, createdAt]);
}

function busy(): BillingError {
  const text = "the same request is under way or has just ended; send it again";
  return new BillingError("unavailable", "request_in_progress", text);
}
