// What invoices must say and come to, from docs/invoices.md: lines, discounts, tax, credit, payments, credit notes.

import type { ExpectedCredits } from "../credits/expected-credits.ts";
import type { ExpectedDiscounts } from "../discounts/expected-discounts.ts";
import type { ExpectedVolumes } from "../discounts/expected-volumes.ts";
import type { ExpectedOrganizations } from "../plans/expected-organizations.ts";
import type { Line as SubscriptionLine } from "../plans/expected-plans.ts";
import {
  type Billable,
  type ExpectedBilling,
  type Line,
  rounded,
  type UsageByKey,
} from "./expected-billing.ts";
import {
  type Content,
  type Failure,
  type Order,
  type Purchase,
  purchaseOf,
  sumOf,
  type TakenLine,
  type Terms,
  type Totals,
  totalsOf,
} from "./expected-content.ts";
import { creditNoteOf, type Note, type NoteRequest } from "./expected-notes.ts";
import { ExpectedNotices } from "./expected-notices.ts";

export interface Invoice {
  readonly name: string;
  readonly tenant: string;
  readonly period: string;
  readonly start: number;
  readonly end: number;
  terms: Terms;
  status: "draft" | "finalized" | "paid" | "void" | "uncollectible";
  number: string | null;
  /** As issued. */
  content: Content | null;
  usage: UsageByKey;
  metered: ReadonlyMap<number, boolean>;
  subscription: readonly SubscriptionLine[];
  paid: number;
  noted: number;
  dueAt: number | null;
  /** The deduction that paid a part of it. */
  deduction: string | null;
  readonly notes: Note[];
}

const DAY = 86_400_000;

export class ExpectedInvoices {
  readonly all: Invoice[] = [];
  readonly notices: ExpectedNotices;
  readonly #now: () => number;
  readonly #billing: ExpectedBilling;
  readonly #organizations: ExpectedOrganizations;
  readonly #credits: ExpectedCredits;
  readonly #discounts: ExpectedDiscounts;
  readonly #volumes: ExpectedVolumes;
  readonly #payments = new Map<string, string>();
  #issued = 0;
  #noted = 0;

  constructor(parts: {
    readonly now: () => number;
    readonly billing: ExpectedBilling;
    readonly organizations: ExpectedOrganizations;
    readonly credits: ExpectedCredits;
    readonly discounts: ExpectedDiscounts;
    readonly volumes: ExpectedVolumes;
  }) {
    this.#now = parts.now;
    this.notices = new ExpectedNotices(parts.now);
    this.#billing = parts.billing;
    this.#organizations = parts.organizations;
    this.#credits = parts.credits;
    this.#discounts = parts.discounts;
    this.#volumes = parts.volumes;
  }

  find(name: string): Invoice {
    const known = this.all.find((one) => one.name === name);
    if (known === undefined) throw new Error(`no invoice ${name}`);
    return known;
  }

  of(tenant: string, period: string): Invoice | undefined {
    return this.all.find((one) => one.tenant === tenant && one.period === period && one.status !== "void");
  }

  /** Whoever makes or issues an invoice needs the lines of now. */
  settle(tenant: string): void {
    const organization = this.#organizations.all.find(({ id }) => id === tenant);
    if (organization !== undefined) this.#organizations.settle(organization);
  }

  create(tenant: string, period: string, terms: Terms): Invoice | Failure {
    this.settle(tenant);
    const known = this.of(tenant, period);
    if (known !== undefined && JSON.stringify(known.terms) !== JSON.stringify(terms))
      return { code: "invoice_exists" };
    const invoice = known ?? this.draft(tenant, period, terms);
    // What could not be issued now makes no draft.
    const content = this.contentOf(invoice, null);
    if ("code" in content) return content;
    if (known === undefined) this.all.push(invoice);
    return invoice;
  }

  /** One that nobody has made yet. */
  draft(tenant: string, period: string, terms: Terms): Invoice {
    return {
      ...{ name: `bill-${this.all.length + 1}`, tenant, period, ...monthOf(period), terms },
      ...{
        status: "draft",
        number: null,
        content: null,
        usage: new Map(),
        metered: new Map(),
        subscription: [],
      },
      ...{ paid: 0, noted: 0, dueAt: null, deduction: null, notes: [] },
    };
  }

  /** What it says: a draft as of now, an issued one for ever. */
  contentOf(invoice: Invoice, order: Order): Content | Failure {
    if (invoice.content !== null) return invoice.content;
    const content = this.#totals(invoice, this.#billable(invoice), order);
    if ("code" in content) return content;
    const { balance } = this.#credits.account(invoice.tenant);
    const { total } = content;
    const paying = invoice.terms.applyCredits ? balance : 0;
    return {
      ...content,
      creditsApplied: Math.max(0, Math.min(total, paying)),
      creditsIssued: Math.max(0, 0 - total),
    };
  }

  finalize(invoice: Invoice, order: Order): Failure | undefined {
    this.settle(invoice.tenant);
    if (invoice.status !== "draft") return undefined;
    if (this.#now() < invoice.end) return { code: "period_not_over" };
    const earlier = this.all.some(
      ({ tenant, status, start }) => tenant === invoice.tenant && status === "draft" && start < invoice.start,
    );
    if (earlier) return { code: "earlier_draft" };
    const { name, tenant, terms } = invoice;
    const billable = this.#billable(invoice);
    const content = this.#totals(invoice, billable, order);
    if ("code" in content) return content;
    const bill = purchaseOf(content);
    if (terms.code !== null && bill.purchase > bill.volume)
      this.#discounts.redeem(this.#useOf(invoice, bill));
    const bought = content.total - content.taxTotal;
    if (bought > 0) this.#volumes.record({ do: "purchase", tenant, cents: bought, reference: name });
    if (bought < 0) this.#volumes.takeBack(tenant, 0 - bought, name);
    Object.assign(invoice, { usage: billable.usage, metered: billable.metered });
    invoice.subscription = billable.subscription;
    invoice.content = { ...content, ...this.#pay(invoice, content.total) };
    // All of the day that is printed.
    invoice.dueAt = Math.floor(this.#now() / DAY) * DAY + (terms.dueInDays + 1) * DAY - 1;
    invoice.status = content.total - invoice.content.creditsApplied <= 0 ? "paid" : "finalized";
    this.#issued += 1;
    invoice.number = numberText("INV", this.#issued);
    this.notices.issued(invoice);
    return undefined;
  }

  void(invoice: Invoice): Failure | undefined {
    const { name, tenant, status, content } = invoice;
    if (status === "void") return undefined;
    if (content === null) return { code: "invoice_draft" };
    if (invoice.paid > 0 || invoice.notes.length > 0 || status === "uncollectible" || content.total < 0)
      return { code: "invoice_settled" };
    const bought = content.total - content.taxTotal;
    if (bought > 0) this.#volumes.takeBack(tenant, bought, name);
    if (invoice.deduction !== null)
      this.#credits.change({
        ...{ do: "reverse", name: `back from ${name}`, tenant, reference: `void:${name}` },
        ...{ actor: null, deduction: invoice.deduction, cents: null },
      });
    invoice.status = "void";
    if (content.total > 0) this.notices.tell(invoice, "invoice_voided");
    return undefined;
  }

  pay(invoice: Invoice, cents: number | null, reference: string): Failure | undefined {
    const key = `${invoice.tenant} ${reference}`;
    const request = `${invoice.name} ${cents}`;
    const known = this.#payments.get(key);
    if (known !== undefined) return known === request ? undefined : { code: "reference_conflict" };
    const { content, status } = invoice;
    if (content === null || (status !== "finalized" && status !== "uncollectible"))
      return { code: "invoice_not_payable" };
    const due = content.total - content.creditsApplied - invoice.paid - invoice.noted;
    const amount = cents ?? due;
    if (amount > due) return { code: "overpaid" };
    this.#payments.set(key, request);
    invoice.paid += amount;
    if (amount === due) invoice.status = "paid";
    this.notices.tell(invoice, "payment_received");
    return undefined;
  }

  giveUp(invoice: Invoice): Failure | undefined {
    if (invoice.status === "uncollectible") return undefined;
    if (invoice.status !== "finalized") return { code: "invoice_not_payable" };
    invoice.status = "uncollectible";
    return undefined;
  }

  creditNote(invoice: Invoice, request: NoteRequest): Note | Failure {
    const known = invoice.notes.find(({ reference }) => reference === request.reference);
    if (known !== undefined)
      return JSON.stringify(known.request) === JSON.stringify(request)
        ? known
        : { code: "reference_conflict" };
    const { content, status, tenant, name } = invoice;
    if (content === null || (status !== "finalized" && status !== "paid") || content.total <= 0)
      return { code: "invoice_not_creditable" };
    const note = creditNoteOf(content, invoice.notes, request, dueOf(invoice));
    if ("code" in note) return note;
    const id = `crn_${name}_${request.reference}`;
    if (note.net > 0) this.#volumes.takeBack(tenant, note.net, id);
    // Money first; what credit paid goes back to where it came from.
    const before = invoice.notes.reduce((sum, one) => sum + one.refunded, 0);
    const refunded = Math.min(note.total - note.offDue, invoice.paid - before);
    const returned = note.total - note.offDue - refunded;
    if (refunded > 0 && request.refundTo === "credits")
      this.#credits.change({
        ...{ do: "issue", name: `credit of ${id}`, tenant, reference: `note:${id}`, actor: null },
        ...{ type: "refund", cents: refunded, end: null },
      });
    if (returned > 0 && invoice.deduction !== null)
      this.#credits.change({
        ...{ do: "reverse", name: `lots of ${id}`, tenant, reference: `note:${id}:lots`, actor: null },
        ...{ deduction: invoice.deduction, cents: returned },
      });
    if (status === "finalized" && note.offDue === dueOf(invoice)) invoice.status = "paid";
    invoice.noted += note.offDue;
    this.#noted += 1;
    const numbered = { ...note, refunded, returned, number: numberText("CN", this.#noted) };
    invoice.notes.push(numbered);
    this.notices.tell(invoice, "credit_note_issued");
    return numbered;
  }

  /** Those whom a run has to do with: who used or owes something, and open drafts. */
  debtors(period: string): string[] {
    const { start, end } = monthOf(period);
    const taken = this.#taken();
    const tenants = new Set(
      this.all.flatMap((one) => (one.start === start && one.status === "draft" ? one.tenant : [])),
    );
    for (const tenant of this.#tenants())
      if (this.#billing.billable(tenant, end, taken, true).lines.length > 0) tenants.add(tenant);
    return [...tenants].sort();
  }

  /** One tenant's part of a run. */
  monthEnd(tenant: string, period: string, terms: Terms, order: Order): Invoice | Failure | undefined {
    const known = this.of(tenant, period);
    if (known !== undefined && known.status !== "draft") return undefined;
    const invoice = known ?? this.draft(tenant, period, terms);
    const refused = this.finalize(invoice, order);
    if (refused !== undefined) return refused;
    if (known === undefined) this.all.push(invoice);
    return invoice;
  }

  #tenants(): readonly string[] {
    return this.#organizations.tenants;
  }

  #taken() {
    return this.all.filter(({ status }) => status !== "draft" && status !== "void");
  }

  #billable({ tenant, end, terms }: Invoice): Billable {
    return this.#billing.billable(tenant, end, this.#taken(), terms.alwaysMetered);
  }

  #useOf({ name, tenant, terms }: Invoice, { purchase, volume }: Purchase) {
    const organization = this.#organizations.all.find(({ id }) => id === tenant);
    return {
      ...({ do: "apply", name: `code of ${name}`, tenant, code: terms.code as string, purchase } as const),
      volume,
      ...{ reference: name, tier: organization?.written.tier ?? null, user: null, ttlMs: null },
    };
  }

  #totals(invoice: Invoice, { lines }: Billable, order: Order): Totals | Failure {
    const percent = this.#volumes.percent(invoice.tenant);
    // What is charged and taken back on one invoice was not billed before.
    const charged = new Set(lines.flatMap(({ cents, key }) => (cents > 0 ? key : [])));
    const taken = lines.map((line) =>
      line.cents < 0 && (line.group === "usage" || !charged.has(line.key))
        ? this.#takenBack(invoice.tenant, line)
        : line,
    );
    return totalsOf(taken, invoice.terms, order, percent, (purchase) => {
      const found = this.#discounts.look(this.#useOf(invoice, purchase));
      return "base" in found ? { discount: found.discount, percent: found.percent } : found;
    });
  }

  /** A line of less than nothing gives back what was billed for it, at most what is left of that. */
  #takenBack(tenant: string, line: Line): TakenLine {
    const standing = this.all.filter(
      (one) => one.tenant === tenant && (one.status === "finalized" || one.status === "paid"),
    );
    standing.sort((a, b) => (a.number as string).localeCompare(b.number as string));
    const billed = standing.flatMap(({ content, notes }) =>
      (content?.lines ?? []).flatMap((before, index) => {
        const noted = notes.flatMap(({ lines }) => lines.filter((one) => one.index === index));
        const gone = before.discount + sumOf(noted.map(({ cents }) => cents));
        return before.key === line.key ? [{ ...before, gone }] : [];
      }),
    );
    const list = sumOf(billed.map(({ cents }) => cents));
    const net = list - sumOf(billed.map(({ discount }) => discount));
    const left = list - sumOf(billed.map(({ gone }) => gone));
    const size = 0 - line.cents;
    const share = list > 0 ? Number(rounded(BigInt(net) * BigInt(size), BigInt(list))) : 0;
    const given = Math.max(0, Math.min(size, share, left));
    const most = Math.max(...billed.map(({ cents }) => cents));
    const oldTax = billed.find(({ cents }) => cents === most)?.tax;
    return { ...line, kept: size - given, oldTax };
  }

  /** Credit pays what it can; a negative total becomes credit. */
  #pay(invoice: Invoice, total: number): Pick<Content, "creditsApplied" | "creditsIssued"> {
    const { name, tenant, terms } = invoice;
    const change = { name: `credit of ${name}`, tenant, reference: `invoice:${name}`, actor: null };
    if (total < 0) {
      this.#credits.change({ do: "issue", ...change, type: "refund", cents: 0 - total, end: null });
      return { creditsApplied: 0, creditsIssued: 0 - total };
    }
    if (total === 0 || !terms.applyCredits || this.#credits.account(tenant).balance === 0)
      return { creditsApplied: 0, creditsIssued: 0 };
    const answer = this.#credits.change({ do: "deduct", ...change, cents: total, allowPartial: null });
    if ("code" in answer) throw new Error(`the credit of ${name}: ${answer.code}`);
    invoice.deduction = change.name;
    return { creditsApplied: 0 - answer.cents, creditsIssued: 0 };
  }
}

/** What is still to be paid. */
export function dueOf({ status, content, paid, noted }: Invoice): number {
  if (content === null || status !== "finalized") return 0;
  return Math.max(0, content.total - content.creditsApplied - paid - noted);
}

export function monthOf(period: string): { readonly start: number; readonly end: number } {
  const [year, month] = period.split("-").map(Number) as [number, number];
  return { start: Date.UTC(year, month - 1), end: Date.UTC(year, month) };
}

function numberText(series: string, count: number): string {
  return `${series}-${String(count).padStart(6, "0")}`;
}
