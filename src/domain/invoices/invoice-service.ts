import { BillingError, DAY_MS, type Ids, invalidInput, isoInstant, periodAt } from "../../kernel/index.ts";
import { OvertakenError, type Tx } from "../../store/index.ts";
import { type AuditActor, type AuditEntryInput, appendAudit } from "../audit/index.ts";
import { type CommitParticipant, tenantOf } from "../metering/index.ts";
import { draftOf, type SubscriptionBook } from "./draft.ts";
import type { InvoiceTerms, StoredInvoice } from "./invoice.ts";
import {
  centsOf,
  fieldsOf,
  type InvoiceTermsInput,
  invoiceNotFound,
  monthOf,
  parseTerms,
  TERM_FIELDS,
  textOf,
  wholeOf,
} from "./invoice-input.ts";
import { type InvoiceDeps, type InvoiceKey, InvoiceReads, type Whose } from "./invoice-reads.ts";
import {
  deleteDraft,
  hasVoid,
  insertDraft,
  invoiceOf,
  invoiceOfPeriod,
  lockInvoice,
  owingAcrossTenants,
  updateTerms,
} from "./invoice-store.ts";
import type { CreditNoteView, InvoiceView } from "./invoice-view.ts";
import { finalize, voidInvoice } from "./issue.ts";
import {
  type MonthEndProgress,
  type MonthEndReport,
  MonthEndTally,
  type TenantOutcome,
} from "./month-end.ts";
import { creditInvoice, payInvoice, writeOff } from "./settlement.ts";
import { UnbilledUsage } from "./usage-participant.ts";

/** Who did it, and by which request, for the audit log; the program itself by default. */
interface Deed {
  readonly actor?: (AuditActor & Pick<AuditEntryInput, "requestId">) | undefined;
}

export interface NewInvoice extends Whose, Deed, InvoiceTermsInput {
  /** The month: `2025-01`, cut in UTC. */
  readonly period: string;
}

export interface PaymentInput extends InvoiceKey, Deed {
  /** Whole cents. Absent: all that is due. */
  readonly amountCents?: number | undefined;
  /** The caller's key, unique per tenant: a retry with it is counted once. */
  readonly reference: string;
  /** How it was paid: `bank transfer`. */
  readonly method?: string | undefined;
}

export interface CreditNoteInput extends InvoiceKey, Deed {
  /** The caller's key, unique per invoice. */
  readonly reference: string;
  readonly reason: string;
  /** Cents per line, without discount and tax. Absent: all that is left of the invoice. */
  readonly lines?: readonly { readonly lineId: string; readonly amountCents: number }[] | undefined;
  /** Where what was paid already goes: prepaid credit (default), or money that you pay back. */
  readonly refundTo?: "credits" | "payment" | undefined;
}

/** When the month end is run by itself, and on which terms. */
export interface MonthEndOptions {
  /** Days from the month's end to the run, 0 to 27: late usage is on the invoice until then. */
  readonly afterDays: number;
  readonly terms?: InvoiceTermsInput | undefined;
}

const SYSTEM: Doer = { kind: "system", id: "invoices" };
const TENANTS_AT_ONCE = 200;

/**
 * Invoices: drafts that are computed anew at every look, and issued ones that never change.
 *
 * A tenant has one invoice per month that is not void. Issuing it takes all usage up to the month's end that no invoice has
 * taken, so usage is on exactly one. All changes are one transaction each, on record in the audit log.
 */
export class InvoiceService extends InvoiceReads {
  readonly #subscriptions: SubscriptionBook;
  readonly #ids: Ids;

  constructor(deps: InvoiceDeps, options: { readonly tenant: string | undefined }) {
    super(deps, options);
    this.#subscriptions = deps.subscriptions;
    this.#ids = deps.ids;
  }

  /**
   * The invoice of a month: a new draft, or the one that there is. The same call again finds the same invoice.
   *
   * @throws BillingError conflict `invoice_exists` where it was made with other terms; invalid_input naming the field; what a
   * discount code is refused with.
   * @example
   * const draft = await billing.invoices.create({ tenant: "acme", period: "2025-01", taxRate: "0.1" });
   * const { number } = await billing.invoices.finalize({ tenant: "acme", invoiceId: draft.id });
   */
  async create(input: NewInvoice): Promise<InvoiceView> {
    const wanted = this.#wanted(input);
    await this.#subscriptions.settle(wanted.tenant);
    const invoice = await this.store.transaction(async (tx) => {
      const made = await this.#createIn(wanted, actorOf(input), tx);
      // Terms that could not be issued now, such as an unknown code, make no draft.
      if (made.status === "draft") await draftOf(made, this.clock.now(), this.context, tx);
      return made;
    });
    return this.get({ tenant: invoice.tenant, invoiceId: invoice.id });
  }

  /** What the invoice of a month would say now; nothing is written. Equal to what `finalize` would issue now. */
  async preview(input: NewInvoice): Promise<InvoiceView> {
    const { tenant, periodStart, periodEnd, terms } = this.#wanted(input);
    await this.#subscriptions.settle(tenant);
    return this.store.read(async (reader) => {
      const known = await invoiceOfPeriod(tenant, periodStart, reader);
      if (known !== undefined && known.status !== "draft") return this.view(known, reader);
      const now = this.clock.now();
      const draft = this.#draft({ tenant, id: known?.id ?? "preview", periodStart, periodEnd, terms });
      return this.view({ ...draft, createdAt: now }, reader);
    });
  }

  /** Sets the terms of a draft; those left out are back at their defaults. @throws BillingError not_found; failed_precondition `invoice_issued`. */
  async update(key: InvoiceKey & Deed & InvoiceTermsInput): Promise<InvoiceView> {
    const { tenant, id } = this.keyOf(key, ["actor", ...TERM_FIELDS]);
    const terms = parseTerms(key);
    await this.store.transaction(async (tx) => {
      const invoice = await this.#lock(tenant, id, tx);
      if (invoice.status !== "draft") throw issued(id);
      await draftOf({ ...invoice, terms }, this.clock.now(), this.context, tx);
      await updateTerms(tenant, id, terms, tx);
      await this.#note(tx, tenant, actorOf(key), "invoice.updated", id);
    });
    return this.get({ tenant, invoiceId: id });
  }

  /** Deletes a draft. @throws BillingError not_found; failed_precondition `invoice_issued`. */
  async deleteDraft(key: InvoiceKey & Deed): Promise<void> {
    const { tenant, id } = this.keyOf(key, ["actor"]);
    await this.store.transaction(async (tx) => {
      const invoice = await this.#lock(tenant, id, tx);
      if (invoice.status !== "draft" || !(await deleteDraft(tenant, id, tx))) throw issued(id);
      await this.#note(tx, tenant, actorOf(key), "invoice.deleted", id);
    });
  }

  /**
   * Issues a draft: its number is taken and its text written in the same transaction, for ever. Idempotent.
   *
   * @throws BillingError not_found; failed_precondition `period_not_over`, `earlier_draft`; what a discount code is refused with.
   */
  async finalize(key: InvoiceKey & Deed): Promise<InvoiceView> {
    const { tenant, id } = this.keyOf(key, ["actor"]);
    await this.#subscriptions.settle(tenant);
    await this.store.transaction((tx) => this.#finalizeIn(tenant, id, actorOf(key), tx));
    return this.get({ tenant, invoiceId: id });
  }

  /**
   * Takes an issued invoice back: what was on it is unbilled again, its credit returns; number and document stay. Idempotent.
   *
   * @throws BillingError not_found; failed_precondition `invoice_draft`, `invoice_settled` for one with payments or credit notes.
   */
  async void(key: InvoiceKey & Deed & { readonly reason: string }): Promise<InvoiceView> {
    const { tenant, id } = this.keyOf(key, ["actor", "reason"]);
    const reason = textOf(key.reason, "reason", 500);
    await this.store.transaction(async (tx) => {
      const before = await invoiceOf(tenant, id, tx);
      await voidInvoice(tenant, id, reason, this.context, tx);
      if (before?.status !== "void")
        await this.#note(tx, tenant, actorOf(key), "invoice.voided", id, { reason });
    });
    return this.get({ tenant, invoiceId: id });
  }

  /**
   * Counts a payment, also of what was given up. With the same `reference` a retry is counted once.
   *
   * @throws BillingError not_found; conflict `reference_conflict`; failed_precondition `invoice_not_payable`; invalid_input `overpaid`.
   */
  async pay(input: PaymentInput): Promise<InvoiceView> {
    const { tenant, id } = this.keyOf(input, ["actor", "amountCents", "reference", "method"]);
    const amount = input.amountCents === undefined ? null : centsOf(input.amountCents, "amountCents");
    const reference = textOf(input.reference, "reference");
    const method = input.method === undefined ? "" : textOf(input.method, "method");
    await this.store.transaction(async (tx) => {
      const at = this.clock.now();
      const payment = { tenant, invoice: id, amount, reference, method };
      const isNew = await payInvoice(payment, { at, ids: this.#ids, notices: this.context.notices }, tx);
      if (isNew) await this.#note(tx, tenant, actorOf(input), "invoice.paid", id, { reference });
    });
    return this.get({ tenant, invoiceId: id });
  }

  /** Gives up what is due. Idempotent. @throws BillingError not_found; failed_precondition `invoice_not_payable`. */
  async markUncollectible(key: InvoiceKey & Deed): Promise<InvoiceView> {
    const { tenant, id } = this.keyOf(key, ["actor"]);
    await this.store.transaction(async (tx) => {
      const isNew = await writeOff(tenant, id, { at: this.clock.now(), ids: this.#ids }, tx);
      if (isNew) await this.#note(tx, tenant, actorOf(key), "invoice.written_off", id);
    });
    return this.get({ tenant, invoiceId: id });
  }

  /**
   * Issues a credit note that names its invoice: takes lines back in part or whole, with their tax. It lowers what is due;
   * what was paid goes back as credit, or as money that you pay back. Once per reference.
   *
   * @throws BillingError not_found; failed_precondition `invoice_not_creditable`; invalid_input `line_exceeded`,
   * `unknown_line`; conflict `reference_conflict`.
   */
  async creditNote(input: CreditNoteInput): Promise<CreditNoteView> {
    const { tenant, id } = this.keyOf(input, ["actor", "reference", "reason", "lines", "refundTo"]);
    const { refundTo = "credits" } = input;
    if (refundTo !== "credits" && refundTo !== "payment")
      throw invalidInput("refundTo", "invalid_choice", "refundTo must be credits or payment");
    const request = {
      ...{ tenant, invoice: id, refundTo, reference: textOf(input.reference, "reference", 128) },
      reason: textOf(input.reason, "reason", 500),
      lines: input.lines === undefined ? null : linesOf(input.lines),
    };
    const { credits, notices } = this.context;
    const note = await this.store.transaction(async (tx) => {
      const context = { at: this.clock.now(), ids: this.#ids, credits, notices };
      const made = await creditInvoice(request, context, tx);
      if (made.isNew)
        await this.#note(tx, tenant, actorOf(input), "credit_note.issued", made.id, { invoice: id });
      return made;
    });
    return this.getCreditNote({ tenant, creditNoteId: note.id });
  }

  /**
   * Issues the invoices of a month for every tenant that owes or used something: those that have none, and open drafts.
   * Can be stopped and run again at any time, and by several processes at once: each tenant gets one invoice. A tenant whose
   * invoice cannot be issued is among the failures, and keeps no other one waiting.
   *
   * @throws BillingError failed_precondition `period_not_over`; invalid_input naming the field; what keeps the database away.
   */
  runMonthEnd(
    input: { readonly period: string } & InvoiceTermsInput & Deed,
    onProgress: (progress: MonthEndProgress) => void = () => undefined,
  ): Promise<MonthEndReport> {
    return this.#run(input, { onProgress, isAsked: true });
  }

  /** @param how.isAsked whether somebody wants it now: the job does not issue again what somebody has taken back. */
  async #run(
    input: { readonly period: string } & InvoiceTermsInput & Deed,
    how: { readonly onProgress: (progress: MonthEndProgress) => void; readonly isAsked: boolean },
  ): Promise<MonthEndReport> {
    fieldsOf(input, ["period", "actor", ...TERM_FIELDS], "run");
    const { start, end } = monthOf(input.period);
    const terms = parseTerms(input);
    if (this.clock.now() < end) {
      const text = `${input.period} ends at ${isoInstant(end)}: run it after that`;
      throw new BillingError("failed_precondition", "period_not_over", text);
    }
    const tally = new MonthEndTally(input.period);
    // Whose lines are due is found by them: they must be on record.
    for (const { tenant, error } of await this.#subscriptions.settleAll())
      tally.add({ kind: "failed", tenant, error });
    let after = "";
    for (;;) {
      const page = { after, limit: TENANTS_AT_ONCE };
      const tenants = await this.store.read((reader) => owingAcrossTenants(end, page, reader));
      for (const tenant of tenants) {
        tally.add(
          await this.#billTenant({ tenant, periodStart: start, periodEnd: end, terms }, actorOf(input), how),
        );
        how.onProgress(tally.progress);
      }
      const last = tenants.at(-1);
      if (last === undefined) return tally.report;
      after = last;
    }
  }

  /**
   * The job that issues the invoices of the last month, so many days after its end: until then late usage is still on them.
   * What could not be issued is tried again every hour.
   */
  monthEnd({ afterDays, terms = {} }: MonthEndOptions) {
    const days = wholeOf(afterDays, "monthEnd.afterDays", 0, 27);
    parseTerms(terms);
    const lastMonth = (now: number) => periodAt(periodAt(now - days * DAY_MS, "month").start - 1, "month");
    const oneOf = { after: "", limit: 1 };
    return {
      name: "invoices.month_end",
      every: 3_600_000,
      hasWork: async (now: number) =>
        (await this.store.read((reader) => owingAcrossTenants(lastMonth(now).end, oneOf, reader))).length > 0,
      runDue: async (now: number) => {
        const period = isoInstant(lastMonth(now).start).slice(0, 7);
        const how = { onProgress: () => undefined, isAsked: false };
        const { finalized, failures } = await this.#run({ ...terms, period }, how);
        if (failures[0] === undefined) return finalized;
        const { tenant, message } = failures[0];
        const text = `${failures.length} invoices of ${period} could not be issued; the first is that of ${tenant}: ${message}`;
        throw new BillingError("failed_precondition", "month_end_incomplete", text);
      },
    };
  }

  /** To be joined to metering: usage is unbilled from its commit on, and `verify` proves the invoices too. */
  static get participant(): CommitParticipant {
    return new UnbilledUsage();
  }

  async #billTenant(
    wanted: Wanted,
    actor: Doer,
    { isAsked }: { readonly isAsked: boolean },
  ): Promise<TenantOutcome> {
    const { tenant } = wanted;
    try {
      await this.#subscriptions.settle(tenant);
      return await this.store.transaction(async (tx): Promise<TenantOutcome> => {
        const known = await invoiceOfPeriod(tenant, wanted.periodStart, tx);
        if (known !== undefined && known.status !== "draft") return { kind: "already" };
        if (!isAsked && (await hasVoid(tenant, wanted.periodStart, tx))) return { kind: "already" };
        const invoice = known ?? (await this.#createIn(wanted, actor, tx));
        // Another process has just issued it.
        if (invoice.status !== "draft") return { kind: "already" };
        const { total } = await this.#finalizeIn(tenant, invoice.id, actor, tx);
        const hadOwnTerms = !hasTerms(invoice, wanted.terms);
        return { kind: "finalized", totalCents: Number(total), hadOwnTerms };
      });
    } catch (error) {
      if (isOutOfReach(error)) throw error;
      return { kind: "failed", tenant, error };
    }
  }

  async #createIn(wanted: Wanted, actor: Doer, tx: Tx): Promise<StoredInvoice> {
    const { tenant, periodStart, terms } = wanted;
    const draft = { ...this.#draft({ ...wanted, id: this.#ids.next("inv") }), createdAt: this.clock.now() };
    if (await insertDraft(draft, tx)) {
      await this.#note(tx, tenant, actor, "invoice.created", draft.id);
      return draft;
    }
    const known = await invoiceOfPeriod(tenant, periodStart, tx);
    if (known !== undefined && hasTerms(known, terms)) return known;
    const text =
      "this month has an invoice with other terms: update its draft, or void it and make another one";
    throw new BillingError("conflict", "invoice_exists", text, { details: { invoice: known?.id ?? null } });
  }

  async #finalizeIn(tenant: string, id: string, actor: Doer, tx: Tx): Promise<StoredInvoice> {
    const before = await invoiceOf(tenant, id, tx);
    const invoice = await finalize(tenant, id, this.context, tx);
    if (before?.status === "draft") await this.#note(tx, tenant, actor, "invoice.finalized", id);
    return invoice;
  }

  async #lock(tenant: string, id: string, tx: Tx): Promise<StoredInvoice> {
    const invoice = await lockInvoice(tenant, id, tx);
    if (invoice === undefined) throw invoiceNotFound(id);
    return invoice;
  }

  #wanted(input: NewInvoice): Wanted {
    fieldsOf(input, ["tenant", "period", "actor", ...TERM_FIELDS], "invoice");
    const { start, end } = monthOf(input.period);
    const tenant = tenantOf(input.tenant, this.tenant);
    return { tenant, periodStart: start, periodEnd: end, terms: parseTerms(input) };
  }

  #draft({ tenant, id, periodStart, periodEnd, terms }: Wanted & { readonly id: string }): StoredInvoice {
    return {
      ...{
        tenant,
        id,
        periodStart,
        periodEnd,
        terms,
        status: "draft",
        total: 0n,
        credited: 0n,
        paid: 0n,
        noted: 0n,
      },
      ...{ usageUpto: 0n, createdAt: 0, finalizedAt: null, dueAt: null, settledAt: null },
    };
  }

  async #note(
    tx: Tx,
    tenant: string,
    doer: Doer,
    action: string,
    target: string,
    details: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    const entry = { id: this.#ids.next("aud"), at: this.clock.now(), tenant, action, target, details };
    const { requestId, ...actor } = doer;
    await appendAudit(tx, [{ ...entry, actor, requestId }]);
  }
}

interface Wanted {
  readonly tenant: string;
  readonly periodStart: number;
  readonly periodEnd: number;
  readonly terms: InvoiceTerms;
}

type Doer = NonNullable<Deed["actor"]>;

function actorOf({ actor = SYSTEM }: Deed): Doer {
  const { kind, id, requestId } = actor;
  return { kind, id, requestId };
}

/** A database that is away is everybody's trouble; being overtaken again and again is one tenant's. */
function isOutOfReach(error: unknown): boolean {
  if (!(error instanceof BillingError) || error instanceof OvertakenError) return false;
  return error.kind === "unavailable" || error.code === "database_error" || error.code === "database_damaged";
}

function linesOf(lines: unknown): { lineId: string; amount: bigint }[] {
  if (!Array.isArray(lines) || lines.length === 0 || lines.length > 500)
    throw invalidInput(
      "lines",
      "invalid_type",
      "lines must be a list of 1 to 500; leave it out for all that is left",
    );
  return lines.map((line: { lineId?: unknown; amountCents?: unknown }, index) => {
    fieldsOf(line, ["lineId", "amountCents"], `lines[${index}]`);
    const amount = centsOf(line.amountCents, `lines[${index}].amountCents`);
    return { lineId: textOf(line.lineId, `lines[${index}].lineId`), amount };
  });
}

function hasTerms(invoice: StoredInvoice, terms: InvoiceTerms): boolean {
  return JSON.stringify(invoice.terms) === JSON.stringify(terms);
}

function issued(id: string): BillingError {
  const text = `invoice ${id} was issued and does not change: void it, or issue a credit note`;
  return new BillingError("failed_precondition", "invoice_issued", text, { details: { invoice: id } });
}
