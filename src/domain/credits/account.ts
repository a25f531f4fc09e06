// The credits of one tenant while its row is locked: lots and balance in memory, changed step by step. Every step is a
// transaction of the ledger; nothing here can make a balance or a lot negative.

import type { Ids } from "../../kernel/index.ts";
import type { Posting } from "../ledger/index.ts";
import {
  ACCOUNT,
  BOOK,
  CREDIT_CURRENCY,
  type CreditKind,
  type CreditPosting,
  type CreditTransactionType,
  type Lot,
  type LotPart,
} from "./credit.ts";
import { draw, inOrderOfUse, isDue, totalOf } from "./lots.ts";

/** What is noted of a step that somebody asked for. */
export interface Note {
  readonly id: string;
  readonly reference: string | null;
  readonly request: string;
  readonly description: string;
  readonly actor: string;
}

export interface NewLot {
  readonly type: CreditTransactionType;
  readonly amount: bigint;
  readonly expiresAt: number;
}

interface Step {
  readonly kind: CreditKind;
  readonly type: CreditTransactionType;
  /** Where the money of the lots comes from or goes to. */
  readonly against: string;
  /** Positive: into the lots. */
  readonly parts: readonly LotPart[];
  readonly asked: bigint;
  readonly relatesTo?: string;
  readonly at?: number;
  readonly expiresAt?: number;
}

/** Lots that are not stored yet come after all that are. */
const NOT_NUMBERED_YET = 2 ** 52;

export class OpenAccount {
  readonly tenant: string;
  readonly #now: number;
  readonly #ids: Ids;
  readonly #lots: Map<string, Lot>;
  readonly #loaded: ReadonlyMap<string, Lot>;
  readonly #posted: CreditPosting[] = [];
  #balance: bigint;
  #nextSeq = NOT_NUMBERED_YET;

  /**
   * @param lots all whose end has come, all that the steps name, and of the others, in their order of use, as many as the
   * steps can ask for.
   */
  constructor(
    { tenant, balance, lots }: { tenant: string; balance: bigint; lots: readonly Lot[] },
    { now, ids }: { now: number; ids: Ids },
  ) {
    this.tenant = tenant;
    this.#balance = balance;
    this.#now = now;
    this.#ids = ids;
    this.#loaded = new Map(lots.map((lot) => [lot.id, lot]));
    this.#lots = new Map(this.#loaded);
  }

  /** What may be spent, once {@link expireDue} was called. */
  get balance(): bigint {
    return this.#balance;
  }

  /** What was posted, in order. */
  get posted(): readonly CreditPosting[] {
    return this.#posted;
  }

  get newLots(): Lot[] {
    return [...this.#lots.values()].filter(({ id }) => !this.#loaded.has(id));
  }

  /** Lots that were changed, with what remained before. */
  get changedLots(): { lot: Lot; before: bigint }[] {
    const changed: { lot: Lot; before: bigint }[] = [];
    for (const [id, before] of this.#loaded) {
      const lot = this.#lots.get(id) as Lot;
      if (lot !== before) changed.push({ lot, before: before.remaining });
    }
    return changed;
  }

  lot(id: string): Lot | undefined {
    return this.#lots.get(id);
  }

  /** Posts the rest of every lot whose end has come; returns how many there were. An expiry is dated by that end. */
  expireDue(): number {
    const due = [...this.#lots.values()].filter((lot) => isDue(lot, this.#now)).sort(inOrderOfUse);
    for (const { id, remaining, expiresAt } of due) {
      const step = { kind: "expire", type: "expired", against: ACCOUNT.expired, asked: remaining } as const;
      const parts = [{ lot: id, amount: -remaining }];
      this.#post(this.#ownNote(), { ...step, parts, relatesTo: id, at: expiresAt });
    }
    return due.length;
  }

  /** Adds a lot, named by the transaction. */
  add(note: Note, { type, amount, expiresAt }: NewLot, relatesTo = ""): CreditPosting {
    const seq = this.#nextSeq;
    this.#nextSeq += 1;
    const empty = { granted: amount, remaining: 0n, voidedAt: null };
    this.#lots.set(note.id, { tenant: this.tenant, id: note.id, type, expiresAt, seq, ...empty });
    return this.#post(note, {
      kind: type === "adjustment" ? "adjust" : "issue",
      type,
      against: type === "adjustment" ? ACCOUNT.adjusted : ACCOUNT.issued,
      parts: [{ lot: note.id, amount }],
      asked: amount,
      relatesTo,
      expiresAt,
    });
  }

  /** Takes what is there, up to `amount`, in the order of use. */
  take(note: Note, kind: "deduct" | "adjust", amount: bigint): CreditPosting {
    const parts = draw([...this.#lots.values()], amount, this.#now).map(({ lot, amount }) => ({
      lot,
      amount: -amount,
    }));
    const asked = amount;
    return kind === "deduct"
      ? this.#post(note, { kind, type: "usage", against: ACCOUNT.used, parts, asked })
      : this.#post(note, { kind, type: "adjustment", against: ACCOUNT.adjusted, parts, asked: -asked });
  }

  /** Ends a lot now: its rest goes, and so will whatever returns to it. */
  void(note: Note, id: string): CreditPosting {
    const lot = this.#lots.get(id) as Lot;
    this.#lots.set(id, { ...lot, voidedAt: this.#now });
    return this.#post(note, { ...this.#voiding(lot), relatesTo: id });
  }

  /** Gives back to the lots what a deduction took. What returns to a lot that has ended ends with it, at once. */
  giveBack(note: Note, deduction: string, parts: readonly LotPart[]): CreditPosting {
    const asked = totalOf(parts);
    const step = { kind: "reverse", type: "usage", against: ACCOUNT.used, asked } as const;
    const posted = this.#post(note, { ...step, parts, relatesTo: deduction });
    for (const { lot: id } of parts) {
      const lot = this.#lots.get(id) as Lot;
      if (lot.voidedAt !== null && !isDue(lot, this.#now)) {
        this.#post(this.#ownNote(), { ...this.#voiding(lot), relatesTo: id });
      }
    }
    this.expireDue();
    return posted;
  }

  #voiding({ id, remaining }: Lot): Step {
    const parts = remaining === 0n ? [] : [{ lot: id, amount: -remaining }];
    return { kind: "void", type: "adjustment", against: ACCOUNT.voided, parts, asked: -remaining };
  }

  /** Of what the program does by itself. */
  #ownNote(): Note {
    return { id: this.#ids.next("cred"), reference: null, request: "", description: "", actor: "" };
  }

  #post(note: Note, step: Step): CreditPosting {
    const { kind, type, against, parts, asked, relatesTo = "", at = this.#now, expiresAt = null } = step;
    const postings: Posting[] = [];
    for (const { lot: id, amount } of parts) {
      const lot = this.#lots.get(id) as Lot;
      this.#lots.set(id, { ...lot, remaining: lot.remaining + amount });
      this.#balance += amount;
      postings.push({ account: ACCOUNT.credits, subject: id, amount });
      postings.push({ account: against, subject: id, amount: -amount });
    }
    const { id, reference, request, description, actor } = note;
    const posting: CreditPosting = {
      ...{ tenant: this.tenant, id, book: BOOK, kind, at, currency: CREDIT_CURRENCY, reference, request },
      relatesTo,
      details: {
        ...{ type, description, actor, balance: String(this.#balance), asked: String(asked) },
        expiresAt,
      },
      postings,
    };
    this.#posted.push(posting);
    return posting;
  }
}
