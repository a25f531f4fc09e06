// What happens next to invoices: follows from the seed and the model, never from the engine.

import type { ExpectedDiscounts } from "../discounts/expected-discounts.ts";
import type { World } from "../part.ts";
import type { Terms } from "./expected-content.ts";
import { dueOf, type ExpectedInvoices, type Invoice } from "./expected-invoices.ts";
import type { NoteRequest } from "./expected-notes.ts";

export type InvoiceOperation =
  | {
      readonly do: "createInvoice" | "previewInvoice";
      readonly tenant: string;
      readonly period: string;
      readonly terms: Terms;
    }
  | { readonly do: "updateInvoice"; readonly invoice: string; readonly terms: Terms }
  | { readonly do: "finalize" | "voidInvoice" | "giveUp"; readonly invoice: string }
  | {
      readonly do: "pay";
      readonly invoice: string;
      readonly cents: number | null;
      readonly reference: string;
    }
  | { readonly do: "creditNote"; readonly invoice: string; readonly request: NoteRequest }
  | { readonly do: "explain"; readonly invoice: string; readonly line: number }
  | { readonly do: "monthEnd"; readonly period: string; readonly terms: Terms };

const WEIGHTS = {
  ...{ createInvoice: 5, previewInvoice: 2, updateInvoice: 2, finalize: 5, voidInvoice: 2.5, giveUp: 0.4 },
  ...{ pay: 3.5, creditNote: 3, explain: 2, monthEnd: 1.5 },
};
const TAXES = [0, 10_000, 19_000, 8_875];

export class InvoiceChoices {
  readonly #world: World;
  readonly #invoices: ExpectedInvoices;
  readonly #discounts: ExpectedDiscounts;
  #references = 0;

  constructor(world: World, invoices: ExpectedInvoices, discounts: ExpectedDiscounts) {
    this.#world = world;
    this.#invoices = invoices;
    this.#discounts = discounts;
  }

  next(): InvoiceOperation {
    const { random } = this.#world;
    const kind = random.weighted(WEIGHTS);
    switch (kind) {
      case "createInvoice":
      case "previewInvoice":
        return this.#create(kind);
      case "monthEnd": {
        // One rate: a run is for many.
        const terms = { ...this.#terms(), usageTax: null, items: [], code: null };
        return { do: "monthEnd", period: this.#period(), terms };
      }
      case "updateInvoice":
        return this.#about(["draft"], ({ name }) => ({ do: kind, invoice: name, terms: this.#terms() }));
      case "finalize":
        return this.#about(["draft"], ({ name }) => ({ do: kind, invoice: name }));
      case "voidInvoice":
      case "giveUp":
        return this.#about(["finalized", "paid"], ({ name }) => ({ do: kind, invoice: name }));
      case "pay":
        return this.#about(["finalized"], (invoice) => this.#pay(invoice));
      case "creditNote":
        return this.#about(["finalized", "paid"], (invoice) => this.#note(invoice));
      case "explain":
        return this.#about(["finalized", "paid", "void"], ({ name, content }) => {
          const lines = content?.lines.length ?? 0;
          return lines === 0 ? this.#create("createInvoice") : this.#explain(name, lines);
        });
    }
  }

  /** Of a month: invoices are made then. */
  nextEnd(): number {
    const now = new Date(this.#world.now());
    return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1);
  }

  #create(kind: "createInvoice" | "previewInvoice"): InvoiceOperation {
    const { random, tenants } = this.#world;
    const again = this.#invoices.all.at(-1);
    // The same once more, with the same terms or others.
    if (again !== undefined && random.chance(0.15)) {
      const { tenant, period, terms } = again;
      return { do: kind, tenant, period, terms: random.chance(0.6) ? terms : this.#terms() };
    }
    return { do: kind, tenant: random.pick(tenants), period: this.#period(), terms: this.#terms() };
  }

  /** An invoice, mostly in one of some states; without one, a new one. */
  #about(
    states: readonly Invoice["status"][],
    operation: (invoice: Invoice) => InvoiceOperation,
  ): InvoiceOperation {
    const { random } = this.#world;
    const { all } = this.#invoices;
    const fit = all.filter(({ status }) => states.includes(status));
    const from = fit.length > 0 && random.chance(0.92) ? fit : all;
    return from.length === 0 ? this.#create("createInvoice") : operation(random.pick(from.slice(-12)));
  }

  #pay(invoice: Invoice): InvoiceOperation {
    const { random } = this.#world;
    const due = dueOf(invoice);
    const cents = random.weighted({ all: 3, part: 4, more: 0.5 });
    const amounts = { all: null, part: random.int(1, Math.max(1, due)), more: due + 1 };
    return { do: "pay", invoice: invoice.name, cents: amounts[cents], reference: this.#reference("pay") };
  }

  #note({ name, content }: Invoice): InvoiceOperation {
    const { random } = this.#world;
    const lines = content?.lines ?? [];
    const index = lines.length === 0 ? 0 : random.int(0, lines.length - 1);
    const cents = random.int(1, Math.max(1, (lines[index]?.cents ?? 0) - (lines[index]?.discount ?? 0) + 1));
    const line = random.chance(0.4) || lines.length === 0 ? null : { index, cents };
    const refundTo = random.pick(["credits", "payment"] as const);
    return {
      do: "creditNote",
      invoice: name,
      request: { reference: this.#reference("note"), refundTo, line },
    };
  }

  #explain(invoice: string, lines: number): InvoiceOperation {
    return { do: "explain", invoice, line: this.#world.random.int(0, lines - 1) };
  }

  /** A new one, at times one of before. */
  #reference(what: string): string {
    const { random } = this.#world;
    if (this.#references > 0 && random.chance(0.1)) return `${what}-${random.int(1, this.#references)}`;
    this.#references += 1;
    return `${what}-${this.#references}`;
  }

  /** Mostly the month that has just ended, at times this one. */
  #period(): string {
    const now = new Date(this.#world.now());
    const back = Number(this.#world.random.weighted({ 0: 1.5, 1: 6, 2: 1 }));
    return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back)).toISOString().slice(0, 7);
  }

  #terms(): Terms {
    const { random } = this.#world;
    const { codes } = this.#discounts;
    const items = Array.from({ length: random.chance(0.3) ? random.int(1, 3) : 0 }, (_, index) => {
      return { description: `item ${index + 1}`, cents: random.int(-300, 2_000) };
    });
    return {
      tax: random.pick(TAXES),
      usageTax: random.chance(0.2) ? random.pick(TAXES) : null,
      code: codes.length > 0 && random.chance(0.15) ? random.pick(codes).code : null,
      volumeDiscount: random.chance(0.7),
      applyCredits: random.chance(0.7),
      alwaysMetered: random.chance(0.15),
      dueInDays: random.pick([0, 14, 30]),
      items,
    };
  }
}
