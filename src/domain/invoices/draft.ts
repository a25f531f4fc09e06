// What an invoice would say now. A preview reads it, finalizing writes it: one function for both.

import { BillingError, DAY_MS, dayOf, formatMinor } from "../../kernel/index.ts";
import type { Reader } from "../../store/index.ts";
import type { CreditService } from "../credits/index.ts";
import { type CodeDiscount, lookAtCodes, volumeDiscountOn } from "../discounts/index.ts";
import { type BillingProfile, organizationOf, profileOf, SELLER } from "../organizations/index.ts";
import type { PricingService } from "../pricing/index.ts";
import { composeTotals, keptOf } from "./compose.ts";
import {
  type DraftDiscount,
  type DraftLine,
  INVOICE_CURRENCY,
  type InvoiceContent,
  type Party,
  referenceOf,
  type StoredInvoice,
} from "./invoice.ts";
import { takenSubscriptionLines } from "./invoice-store.ts";
import { withTakeBacks } from "./take-back.ts";
import type { BilledRow, UsageRow } from "./usage.ts";
import { usageLines } from "./usage-line.ts";
import { billedDays, unbilledBefore } from "./usage-store.ts";

/** A charge or a credit of a subscription, as the invoice shows it. */
export interface BillableLine {
  readonly id: string;
  readonly description: string;
  /** Cents; credits are negative. */
  readonly amount: bigint;
  /** Of a credit: the charge that it gives a part of back, and when that was made. */
  readonly takesBack?: { readonly line: string; readonly at: number } | undefined;
}

/** What invoices ask of subscriptions. */
export interface SubscriptionBook {
  /** Writes what is due of a tenant's subscription, so that its lines are complete. */
  settle(tenant: string): Promise<void>;
  /** The same for all tenants; returns those for whom it failed. */
  settleAll(): Promise<readonly { readonly tenant: string; readonly error: unknown }[]>;
  /** A tenant's lines from before an instant, the oldest first. */
  linesBefore(tenant: string, before: number, reader: Reader): Promise<readonly BillableLine[]>;
  /** For each instant whether the plan in force then bills tokens; true for a tenant without one. */
  metersTokens(tenant: string, instants: readonly number[], reader: Reader): Promise<readonly boolean[]>;
}

export interface DraftSources {
  readonly pricing: PricingService;
  readonly credits: CreditService;
  readonly subscriptions: SubscriptionBook;
}

/** An invoice as it would be issued, and what issuing it takes. */
export interface Draft {
  readonly content: Omit<InvoiceContent, "creditsApplied" | "creditsIssued">;
  readonly usage: readonly BilledRow[];
  readonly subscriptionLines: readonly string[];
  /** Cents before any discount, and what the volume discount takes off them. */
  readonly purchase: bigint;
  readonly volume: bigint;
  readonly codes: readonly CodeDiscount[];
  /** What counts as bought: after all discounts, before tax; negative where more was given back. */
  readonly bought: bigint;
  /** Credit that is there to pay it. */
  readonly creditsAvailable: bigint;
}

/** As many as a document shows. */
const MOST_LINES = 10_000;

/** @throws BillingError failed_precondition `too_many_lines`; what a discount code is refused with. */
export async function draftOf(
  invoice: Pick<StoredInvoice, "tenant" | "id" | "periodEnd" | "terms">,
  now: number,
  sources: DraftSources,
  reader: Reader,
): Promise<Draft> {
  const { tenant, id, periodEnd, terms } = invoice;
  const rows = await unbilledBefore(tenant, dayOf(periodEnd), reader);
  const usage = await withMetering(tenant, rows, terms.alwaysMetered, sources.subscriptions, reader);
  const taken = await takenSubscriptionLines(tenant, reader);
  const due = await sources.subscriptions.linesBefore(tenant, periodEnd, reader);
  const subscription = due.filter((line) => !taken.has(line.id));
  const used = usageLines(usage, await sources.pricing.book(reader));
  const lines: DraftLine[] = [
    ...(await withTakeBacks(tenant, [...subscription.map(subscriptionLine), ...used], reader)),
    ...terms.items.map(
      ({ description, quantity, amountCents }): DraftLine => ({
        ...{ group: "item", description, detail: "", quantity, unit: null, unitPrice: null },
        ...{ amount: BigInt(amountCents), source: { kind: "item" } },
      }),
    ),
  ];
  if (lines.length > MOST_LINES) throw tooManyLines();
  const subtotal = lines.reduce((sum, { amount }) => sum + amount, 0n) + keptOf(lines);
  const volume =
    terms.volumeDiscount && subtotal > 0n
      ? await volumeDiscountOn(tenant, subtotal, reader)
      : { percent: "0", discount: 0n };
  const checkout = { purchase: subtotal, volume: volume.discount };
  const codes =
    subtotal > volume.discount
      ? await lookAtCodes(
          { tenant, codes: terms.discountCodes, ...checkout, reference: referenceOf(id) },
          now,
          reader,
        )
      : [];
  const discounts = [...volumeDiscount(volume), ...codes.map(codeDiscount)];
  const off = discounts.reduce((sum, { amount }) => sum + amount, 0n);
  const balance = terms.applyCredits ? await sources.credits.balanceSeen(tenant, reader) : undefined;
  return {
    content: {
      currency: INVOICE_CURRENCY,
      ...composeTotals({ lines, discounts, taxes: terms.taxes }),
      seller: partyOf(await profileOf(SELLER, reader)),
      buyer: await buyerOf(tenant, reader),
      notes: terms.notes,
      paymentInstructions: terms.paymentInstructions,
    },
    usage,
    subscriptionLines: subscription.map((line) => line.id),
    ...{ ...checkout, codes },
    bought: subtotal - off,
    creditsAvailable: BigInt(balance?.balanceCents ?? 0),
  };
}

function tooManyLines(): BillingError {
  const text = `it would have more than ${MOST_LINES} lines, one per model and price`;
  return new BillingError("failed_precondition", "too_many_lines", text);
}

/**
 * A day's tokens are billed where the plan in force at its first instant (UTC) bills them, or the terms do. What comes late
 * or is corrected goes the way that the day's usage has gone before.
 */
async function withMetering(
  tenant: string,
  rows: readonly UsageRow[],
  always: boolean,
  subscriptions: SubscriptionBook,
  reader: Reader,
): Promise<BilledRow[]> {
  if (rows.length === 0) return [];
  const days = [...new Set(rows.map(({ day }) => day))];
  const metered = await billedDays(tenant, days, reader);
  const open = days.filter((day) => !metered.has(day));
  const instants = always ? [] : open.map((day) => day * DAY_MS);
  const meters = instants.length === 0 ? [] : await subscriptions.metersTokens(tenant, instants, reader);
  for (const [index, day] of open.entries()) metered.set(day, always || meters[index] === true);
  return rows.map((row) => ({ ...row, metered: metered.get(row.day) === true }));
}

function subscriptionLine({ id, description, amount, takesBack }: BillableLine): DraftLine {
  return {
    ...{ group: "subscription", description, detail: "", quantity: "1", unit: null },
    ...{
      unitPrice: formatMinor(amount, INVOICE_CURRENCY),
      amount,
      source: { kind: "subscription", line: id },
      ...(takesBack && { takesBack }),
    },
  };
}

function volumeDiscount({ percent, discount }: { percent: string; discount: bigint }): DraftDiscount[] {
  if (discount === 0n) return [];
  const source = { kind: "volume", code: null } as const;
  return [{ description: `Volume discount ${percent} %`, amount: discount, source }];
}

function codeDiscount({ code, discount, percent }: CodeDiscount): DraftDiscount {
  const worth = percent === null ? "" : ` ${percent} %`;
  return { description: `Discount code ${code}${worth}`, amount: discount, source: { kind: "code", code } };
}

/** Of the tenant's billing profile; of the organization's name, or the tenant's id, where there is none. */
async function buyerOf(tenant: string, reader: Reader): Promise<Party> {
  const party = partyOf(await profileOf(tenant, reader));
  if (party !== null) return party;
  const organization = await organizationOf(tenant, reader);
  return { name: organization?.name ?? tenant, address: [], country: null, taxId: null, email: null };
}

function partyOf(profile: BillingProfile | null): Party | null {
  if (profile === null) return null;
  const { legalName, address, country, taxId, email } = profile;
  return { name: legalName, address: address.split("\n"), country, taxId: taxId ?? null, email };
}
