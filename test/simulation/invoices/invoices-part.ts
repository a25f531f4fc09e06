// Invoices in the simulation: each operation on the engine and on the models, and what is on record then.

import type { Billing } from "../../../src/billing.ts";
import { usdText } from "../amounts.ts";
import { type Answer, attempt, codeOf } from "../attempt.ts";
import type { CreditsPart } from "../credits/credits-part.ts";
import { same } from "../disagreement.ts";
import type { DiscountsPart } from "../discounts/discounts-part.ts";
import type { Move, Part, World } from "../part.ts";
import type { PlansPart } from "../plans/plans-part.ts";
import type { UsagePart } from "../usage-part.ts";
import { ExpectedBilling } from "./expected-billing.ts";
import type { Failure, Order } from "./expected-content.ts";
import { dueOf, ExpectedInvoices, type Invoice, monthOf } from "./expected-invoices.ts";
import { InvoiceChoices, type InvoiceOperation } from "./invoice-choices.ts";
import {
  contentText,
  expectedContent,
  expectedNote,
  expectedSummary,
  noteText,
  orderOf,
  summaryText,
  termsInput,
} from "./invoice-lines.ts";

type View = Awaited<ReturnType<Billing["invoices"]["get"]>>;
type About<Kind extends InvoiceOperation["do"]> = Extract<InvoiceOperation, { readonly do: Kind }>;

const REASON = "simulated";
const PAGE = 500;

export class InvoicesPart implements Part {
  readonly weight = 24;
  readonly #world: World;
  readonly #plans: PlansPart;
  readonly #credits: CreditsPart;
  readonly #discounts: DiscountsPart;
  readonly #invoices: ExpectedInvoices;
  readonly #choices: InvoiceChoices;

  constructor(
    world: World,
    {
      usage,
      plans,
      credits,
      discounts,
    }: {
      readonly usage: UsagePart;
      readonly plans: PlansPart;
      readonly credits: CreditsPart;
      readonly discounts: DiscountsPart;
    },
  ) {
    this.#world = world;
    this.#plans = plans;
    this.#credits = credits;
    this.#discounts = discounts;
    const { organizations } = plans;
    this.#invoices = new ExpectedInvoices({
      ...{ now: world.now, organizations, billing: new ExpectedBilling(usage.auditor, organizations) },
      ...{ credits: credits.credits, discounts: discounts.discounts, volumes: discounts.volumes },
    });
    world.notifications.add(() => this.#invoices.notices.told);
    this.#choices = new InvoiceChoices(world, this.#invoices, discounts.discounts);
  }

  next(): Move {
    const operation = this.#choices.next();
    return {
      operation,
      play: (billing) => this.#play(billing, operation),
      inspect: async (billing) => {
        for (const tenant of this.#tenantsOf(operation)) {
          await this.#inspect(billing, tenant);
          await this.#credits.inspect(billing, tenant);
          await this.#discounts.inspectVolume(billing, tenant);
        }
      },
    };
  }

  nextEnd(): number {
    return Math.min(this.#choices.nextEnd(), this.#invoices.notices.nextEnd());
  }

  runJobs(): ReadonlyMap<string, number> {
    return this.#invoices.notices.runJobs();
  }

  async inspectTenants(billing: Billing): Promise<void> {
    for (const tenant of this.#world.tenants) await this.#inspect(billing, tenant);
  }

  async inspectAll(billing: Billing): Promise<string[]> {
    await this.inspectTenants(billing);
    const lines: string[] = [];
    for (const invoice of this.#invoices.all) {
      const key = this.#key(invoice);
      const answer = await attempt(() => billing.invoices.get(key));
      this.#sameContent(invoice, answer);
      const notes = (await billing.invoices.creditNotes(key)).map(noteText);
      same(`credit notes of ${invoice.name}`, notes, invoice.notes.map(expectedNote));
      const text = "value" in answer ? contentText(answer.value.content) : [answer.code];
      lines.push(...[...text.sort(), ...notes].map((line) => `${invoice.name} ${line}`));
    }
    return lines;
  }

  async #play(billing: Billing, operation: InvoiceOperation): Promise<void> {
    switch (operation.do) {
      case "createInvoice":
        return this.#create(billing, operation);
      case "previewInvoice": {
        const { tenant, period, terms } = operation;
        const answer = await attempt(() =>
          billing.invoices.preview({ tenant, period, ...termsInput(terms) }),
        );
        this.#invoices.settle(tenant);
        const known = this.#invoices.of(tenant, period);
        const asDraft = { ...(known ?? this.#invoices.draft(tenant, period, terms)), terms };
        return this.#sameContent(known?.status === "draft" ? asDraft : (known ?? asDraft), answer);
      }
      case "updateInvoice": {
        const invoice = this.#invoices.find(operation.invoice);
        const { terms } = operation;
        const answer = await attempt(() =>
          billing.invoices.update({ ...this.#key(invoice), ...termsInput(terms) }),
        );
        if (invoice.status !== "draft") return same("update", codeOf(answer), "invoice_issued");
        this.#sameContent({ ...invoice, terms }, answer);
        if ("value" in answer) invoice.terms = terms;
        return;
      }
      case "finalize":
        return this.#finalize(billing, this.#invoices.find(operation.invoice));
      case "voidInvoice": {
        const invoice = this.#invoices.find(operation.invoice);
        const key = this.#key(invoice);
        const answer = await attempt(() => billing.invoices.void({ ...key, reason: REASON }));
        await this.#settled(billing, invoice, answer, this.#invoices.void(invoice));
        return;
      }
      case "giveUp": {
        const invoice = this.#invoices.find(operation.invoice);
        const answer = await attempt(() => billing.invoices.markUncollectible(this.#key(invoice)));
        return this.#settled(billing, invoice, answer, this.#invoices.giveUp(invoice));
      }
      case "pay": {
        const invoice = this.#invoices.find(operation.invoice);
        const { cents, reference } = operation;
        const amount = cents === null ? {} : { amountCents: cents };
        const answer = await attempt(() =>
          billing.invoices.pay({ ...this.#key(invoice), ...amount, reference }),
        );
        return this.#settled(billing, invoice, answer, this.#invoices.pay(invoice, cents, reference));
      }
      case "creditNote":
        return this.#note(billing, operation);
      case "explain":
        return this.#explain(billing, operation);
      case "monthEnd":
        return this.#monthEnd(billing, operation);
    }
  }

  async #create(
    { invoices }: Billing,
    { tenant, period, terms }: About<"createInvoice" | "previewInvoice">,
  ): Promise<void> {
    const answer = await attempt(() => invoices.create({ tenant, period, ...termsInput(terms) }));
    const made = this.#invoices.create(tenant, period, terms);
    if ("code" in made) return same("create", codeOf(answer), made.code);
    await this.#learn(invoices, made);
    return this.#sameContent(made, answer);
  }

  async #finalize(billing: Billing, invoice: Invoice): Promise<void> {
    const answer = await attempt(() => billing.invoices.finalize(this.#key(invoice)));
    const refused = this.#invoices.finalize(invoice, orderIn(answer));
    await this.#settled(billing, invoice, answer, refused);
  }

  async #settled(
    billing: Billing,
    invoice: Invoice,
    answer: Answer<View>,
    refused: Failure | undefined,
  ): Promise<void> {
    if ("code" in answer || refused !== undefined)
      return same(invoice.name, codeOf(answer), refused?.code ?? "done");
    await this.#credits.learn(billing, invoice.tenant);
    this.#sameContent(invoice, answer);
  }

  async #note(billing: Billing, { invoice: name, request }: About<"creditNote">): Promise<void> {
    const invoice = this.#invoices.find(name);
    const { reference, refundTo, line } = request;
    const lines = line === null ? {} : { lines: [{ lineId: `L${line.index + 1}`, amountCents: line.cents }] };
    const input = { ...this.#key(invoice), reference, refundTo, reason: REASON, ...lines };
    const answer = await attempt(() => billing.invoices.creditNote(input));
    const expected = this.#invoices.creditNote(invoice, request);
    if ("code" in answer || "code" in expected) return same("credit note", codeOf(answer), codeOf(expected));
    this.#world.invoiceIds.note(`crn_${name}_${reference}`, answer.value.id);
    await this.#credits.learn(billing, invoice.tenant);
    same("credit note", noteText(answer.value), expectedNote(expected));
  }

  async #explain({ invoices }: Billing, { invoice: name, line }: About<"explain">): Promise<void> {
    const invoice = this.#invoices.find(name);
    const key = { ...this.#key(invoice), lineId: `L${line + 1}` };
    const answer = await attempt(() => invoices.explain(key));
    if (invoice.content === null || "code" in answer)
      return same("explain", codeOf(answer), invoice.content === null ? "invoice_draft" : "done");
    const expected = invoice.content.lines[line];
    const { usage, creditTransaction, line: said } = answer.value;
    const [events, , charge] = expected?.detail.split(" ") ?? [];
    same(
      `line ${line + 1} of ${name}`,
      [said.description, said.amount, usage?.sumUsd, usage?.agrees, creditTransaction !== null],
      [
        ...[expected?.description, expected?.cents],
        ...(events === "" ? [undefined, undefined] : [usdText(BigInt(charge ?? 0)), true]),
        invoice.deduction !== null,
      ],
    );
  }

  async #monthEnd(billing: Billing, { period, terms }: About<"monthEnd">): Promise<void> {
    const answer = await attempt(() => billing.invoices.runMonthEnd({ period, ...termsInput(terms) }));
    if (this.#world.now() < monthOf(period).end) return same("run", codeOf(answer), "period_not_over");
    for (const { id } of this.#plans.organizations.all) this.#invoices.settle(id);
    if ("code" in answer) return same("run", answer.code, "done");
    let finalized = 0;
    let totalCents = 0;
    const failures: string[] = [];
    for (const tenant of this.#invoices.debtors(period)) {
      const order = await this.#orderOf(billing, tenant, period);
      const outcome = this.#invoices.monthEnd(tenant, period, terms, order);
      if (outcome === undefined) continue;
      if ("code" in outcome) failures.push(`${tenant} ${outcome.code}`);
      else {
        finalized += 1;
        totalCents += outcome.content?.total ?? 0;
        await this.#learn(billing.invoices, outcome);
        await this.#credits.learn(billing, tenant);
      }
    }
    const report = answer.value;
    same(
      `run of ${period}`,
      [report.finalized, report.totalCents, report.failures.map(({ tenant, code }) => `${tenant} ${code}`)],
      [finalized, totalCents, failures],
    );
  }

  async #orderOf({ invoices }: Billing, tenant: string, period: string): Promise<Order> {
    const { items } = await invoices.list({ tenant, limit: PAGE });
    const one = items.find((item) => item.period === period && item.status !== "void");
    if (one === undefined) return null;
    return orderIn(await attempt(() => invoices.get({ tenant, invoiceId: one.id })));
  }

  /** The id of an invoice that was made. */
  async #learn(invoices: Billing["invoices"], { name, tenant, period }: Invoice): Promise<void> {
    const { items } = await invoices.list({ tenant, limit: PAGE });
    const one = items.find((item) => item.period === period && item.status !== "void");
    if (one !== undefined) this.#world.invoiceIds.note(name, one.id);
  }

  #sameContent(invoice: Invoice, answer: Answer<View>): void {
    const expected = this.#invoices.contentOf(invoice, orderIn(answer));
    if ("code" in answer || "code" in expected) {
      same(`content of ${invoice.name}`, codeOf(answer), codeOf(expected));
      return;
    }
    same(`content of ${invoice.name}`, contentText(answer.value.content), expectedContent(expected));
  }

  /** All invoices of a tenant, as a list shows them. */
  async #inspect({ invoices }: Billing, tenant: string): Promise<void> {
    const { items } = await invoices.list({ tenant, limit: PAGE });
    const engine = items.map((item) => summaryText(this.#world.invoiceIds.nameOf(item.id), item));
    const expected = this.#invoices.all
      .filter((invoice) => invoice.tenant === tenant)
      .map((invoice) => expectedSummary(invoice, dueOf(invoice), this.#world.now()));
    same(`invoices of ${tenant}`, engine.sort(), expected.sort());
  }

  #key({ name, tenant }: Invoice) {
    return { tenant, invoiceId: this.#world.invoiceIds.idOf(name) };
  }

  #tenantsOf(operation: InvoiceOperation): readonly string[] {
    if ("tenant" in operation) return [operation.tenant];
    return "invoice" in operation ? [this.#invoices.find(operation.invoice).tenant] : this.#world.tenants;
  }
}

function orderIn(answer: Answer<View>): Order {
  return "value" in answer ? orderOf(answer.value.content) : null;
}
