// Invoices as they are asked for and sent.

import { Type } from "typebox";
import { InvoiceStatus, type InvoiceTermsInput } from "../../domain/invoices/index.ts";
import { AmountInput, Count, Instant, OptionalText, Strict } from "../schemas.ts";
import { MAX_CENTS, OptionalInstant } from "./cents.ts";
import { choiceOf, Line } from "./common.ts";

const Cents = Type.Integer();
const Flag = Type.Optional(Type.Boolean());
const Rate = Type.Optional(AmountInput);
export const Month = Type.String({
  pattern: "^\\d{4}-(0[1-9]|1[0-2])$",
  description: "A month of UTC.",
  examples: ["2025-01"],
});
export const StatusName = choiceOf(Object.values(InvoiceStatus));

/** How an invoice is computed; what is left out is at its default. */
export const TERMS = {
  taxRate: Type.Optional(
    Type.Union([Type.String({ maxLength: 60 }), Type.Number()], {
      description: 'The tax on every line, as a fraction: "0.19". Default 0.',
    }),
  ),
  taxRates: Type.Optional(Strict({ subscription: Rate, usage: Rate, item: Rate })),
  taxExempt: Type.Optional(Type.Union([Type.String({ maxLength: 256 }), Type.Null()])),
  reverseCharge: Flag,
  discountCodes: Type.Optional(Type.Array(Line, { maxItems: 5 })),
  volumeDiscount: Flag,
  applyCredits: Flag,
  alwaysMetered: Flag,
  dueInDays: Type.Optional(Type.Integer({ minimum: 0, maximum: 365, description: "Default 30." })),
  items: Type.Optional(
    Type.Array(
      Strict({
        description: Type.String({ minLength: 1, maxLength: 500 }),
        quantity: Type.Optional(AmountInput),
        amountCents: Type.Integer({ minimum: -MAX_CENTS, maximum: MAX_CENTS }),
      }),
      { maxItems: 200 },
    ),
  ),
  notes: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 1_000 }), { maxItems: 10 })),
  paymentInstructions: Type.Optional(Type.Union([Type.String({ maxLength: 2_000 }), Type.Null()])),
} satisfies Record<keyof InvoiceTermsInput, unknown>;

const SUMMARY = {
  id: Type.String(),
  tenant: Type.String(),
  number: Type.Union([Type.String(), Type.Null()], { description: "Null for a draft." }),
  period: Month,
  status: StatusName,
  isOverdue: Type.Boolean(),
  currency: Type.String(),
  totalCents: Type.Integer({ description: "0 for a draft: see its content." }),
  creditsAppliedCents: Count,
  paidCents: Count,
  creditedCents: Count,
  amountDueCents: Count,
  createdAt: Instant,
  finalizedAt: OptionalInstant,
  dueAt: OptionalInstant,
  settledAt: OptionalInstant,
};
const Party = Strict({
  name: Type.String(),
  address: Type.Array(Type.String()),
  country: OptionalText,
  taxId: OptionalText,
  email: OptionalText,
});
const Source = Type.Union([
  Strict({ kind: Type.Literal("subscription"), line: Type.String() }),
  Strict({
    kind: Type.Literal("usage"),
    month: Month,
    provider: Type.String(),
    model: Type.String(),
    others: Type.Optional(
      Type.Integer({ description: "Models without a price of their own that share the line." }),
    ),
    type: Type.String(),
    price: Type.String({ description: "Id of the price behind it." }),
    metered: Type.Boolean({ description: "False: the plan includes it, and the line is 0." }),
    chargePico: Type.String({ description: "Pico-dollars before the line's one rounding." }),
    sums: Strict({
      events: Count,
      quantity: Type.Number(),
      inputTokens: Count,
      cacheReadTokens: Count,
      cacheWriteTokens: Count,
      cacheWrite1hTokens: Count,
      outputTokens: Count,
      reasoningTokens: Count,
      webSearches: Count,
    }),
  }),
  Strict({ kind: Type.Literal("item") }),
]);
const LineJson = Strict({
  id: Type.String({ examples: ["L1"] }),
  group: choiceOf(["subscription", "usage", "item"]),
  description: Type.String(),
  detail: Type.String(),
  quantity: OptionalText,
  unit: OptionalText,
  unitPrice: OptionalText,
  amount: Cents,
  discount: Cents,
  taxPercent: Type.String(),
  tax: Cents,
  source: Source,
});
const Taxes = Type.Array(Strict({ percent: Type.String(), note: OptionalText, base: Cents, amount: Cents }));
const Content = Strict({
  currency: Type.String(),
  lines: Type.Array(LineJson),
  subtotal: Cents,
  discounts: Type.Array(Strict({ description: Type.String(), amount: Cents, code: OptionalText })),
  taxes: Taxes,
  taxTotal: Cents,
  total: Cents,
  creditsApplied: Count,
  creditsIssued: Count,
  seller: Type.Union([Party, Type.Null()]),
  buyer: Party,
  notes: Type.Array(Type.String()),
  paymentInstructions: OptionalText,
});
export const SummaryJson = Strict(SUMMARY);
export const InvoiceJson = Strict({ ...SUMMARY, content: Content });
export const ExplanationJson = Strict({
  line: LineJson,
  steps: Type.Array(Type.String()),
  price: OptionalText,
  parts: Type.Array(
    Strict({
      quantity: Type.String(),
      unit: Type.String(),
      unitPriceUsd: Type.String(),
      per: Type.String(),
      amountUsd: Type.String(),
    }),
  ),
  usage: Type.Union([
    Strict({
      events: Count,
      sumUsd: Type.String(),
      agrees: Type.Boolean({ description: "Whether the events sum to what the line was rounded from." }),
    }),
    Type.Null(),
  ]),
  events: Type.Array(
    Strict({
      id: Type.String(),
      timestamp: Instant,
      tokensIn: Type.Integer(),
      tokensOut: Type.Integer(),
      quantity: Type.Number(),
      chargeUsd: Type.String(),
    }),
  ),
  nextCursor: Type.Union([Type.String(), Type.Null()], { description: "Null on the last page of events." }),
  creditTransaction: OptionalText,
});
export const CreditNoteJson = Strict({
  id: Type.String(),
  number: Type.String(),
  invoiceId: Type.String(),
  issuedAt: Instant,
  content: Strict({
    currency: Type.String(),
    corrects: Type.String({ description: "The invoice's number." }),
    reference: Type.String(),
    reason: Type.String(),
    lines: Type.Array(
      Strict({ lineId: Type.String(), description: Type.String(), amount: Cents, taxPercent: Type.String() }),
    ),
    net: Cents,
    taxes: Taxes,
    taxTotal: Cents,
    total: Cents,
    offDue: Count,
    refunded: Count,
    returned: Count,
    expired: Count,
    refundTo: choiceOf(["credits", "payment"]),
    seller: Type.Union([Party, Type.Null()]),
    buyer: Party,
  }),
});
export const MonthEndJson = Strict({
  period: Month,
  tenants: Count,
  finalized: Count,
  ownTerms: Count,
  already: Count,
  totalCents: Cents,
  failures: Type.Array(Strict({ tenant: Type.String(), code: Type.String(), message: Type.String() })),
});
