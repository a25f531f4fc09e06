import { Type } from "typebox";
import type { InvoiceService } from "../../domain/invoices/index.ts";
import { invalidInput } from "../../kernel/index.ts";
import type { ServerContext } from "../context.ts";
import { type Route, route } from "../route.ts";
import { PageOf, Strict } from "../schemas.ts";
import { CentsInput } from "./cents.ts";
import {
  choiceOf,
  IdParams,
  Line,
  NoBody,
  NoQuery,
  orUnknown,
  PageQuery,
  pageJson,
  pageQuery,
  requireTenant,
  sent,
} from "./common.ts";
import { fileRoutes } from "./invoice-files.ts";
import {
  CreditNoteJson,
  ExplanationJson,
  InvoiceJson,
  Month,
  MonthEndJson,
  StatusName,
  SummaryJson,
  TERMS,
} from "./invoice-schemas.ts";

const NoteInput = Strict({
  reason: Type.String({ minLength: 1, maxLength: 500 }),
  lines: Type.Optional(
    Type.Array(Strict({ lineId: Line, amountCents: CentsInput }), {
      minItems: 1,
      maxItems: 500,
      description: "Cents per line, without discount and tax. Absent: all that is left of the invoice.",
    }),
  ),
  refundTo: Type.Optional(choiceOf(["credits", "payment"])),
  reference: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
});

/**
 * Invoices. Whoever sees an organization's billing looks at its own; operators make, issue and settle them. A request
 * without a `reference` and with an Idempotency-Key has that as its reference: counted once, for ever.
 */
export function invoiceRoutes({
  services: { invoices },
  drawing,
}: ServerContext & { readonly services: { readonly invoices: InvoiceService } }): readonly Route[] {
  const base = { tag: "invoices" } as const;
  const looked = { ...base, method: "GET", access: "tenant", scopes: ["invoices:read"] } as const;
  const written = { ...base, access: "operator", scopes: ["invoices:write"], write: "atomic" } as const;
  const changed = { ...written, method: "POST", params: IdParams, reply: InvoiceJson } as const;
  const unknown = <T>(work: Promise<T>) => orUnknown("invoice", work);
  return [
    route({
      ...looked,
      path: "/v1/invoices",
      summary: "All invoices, the newest first; a draft is what the next one would say",
      query: Strict({ status: Type.Optional(StatusName), ...PageQuery }),
      reply: PageOf(SummaryJson),
      handler: async ({ query: { status, ...page }, tenant }) =>
        pageJson(await invoices.list({ tenant, status, ...pageQuery(page) }), sent),
    }),
    route({
      ...looked,
      path: "/v1/invoices/:id",
      summary: "An invoice with its lines; a draft as of now, any other as it was issued",
      params: IdParams,
      query: NoQuery,
      reply: InvoiceJson,
      handler: async ({ params, tenant }) =>
        sent(await unknown(invoices.get({ tenant, invoiceId: params.id }))),
    }),
    ...fileRoutes("invoices", drawing, ({ id, tenant, format }) =>
      unknown(invoices.file({ tenant, invoiceId: id, format })),
    ),
    route({
      ...looked,
      path: "/v1/invoices/:id/lines/:line/explain",
      summary: "Why a line says what it says: its events, their price, every rounding",
      params: Strict({ id: Line, line: Line }),
      query: Strict(PageQuery),
      reply: ExplanationJson,
      handler: async ({ params, query, tenant }) => {
        const key = { tenant, invoiceId: params.id, lineId: params.line };
        return sent(await orUnknown("invoice or line", invoices.explain({ ...key, ...pageQuery(query) })));
      },
    }),
    route({
      ...written,
      method: "POST",
      path: "/v1/invoices",
      summary: "Make the draft of a month's invoice, or find the one that there is",
      status: 201,
      body: Strict({ period: Month, ...TERMS }),
      reply: InvoiceJson,
      handler: async ({ body, tenant, actor }) =>
        sent(await invoices.create({ ...body, tenant: requireTenant(tenant), actor })),
    }),
    route({
      ...written,
      method: "POST",
      path: "/v1/invoices/preview",
      summary: "What a month's invoice would say now; changes nothing",
      body: Strict({ period: Month, ...TERMS }),
      reply: InvoiceJson,
      handler: async ({ body, tenant }) =>
        sent(await invoices.preview({ ...body, tenant: requireTenant(tenant) })),
    }),
    route({
      ...written,
      method: "POST",
      path: "/v1/invoices/run",
      summary: "Issue a month's invoices for every tenant that owes or used something; again is safe",
      write: "long",
      audit: "invoices.run",
      body: Strict({ period: Month, ...TERMS }),
      reply: MonthEndJson,
      handler: async ({ body, actor }) => sent(await invoices.runMonthEnd({ ...body, actor })),
    }),
    route({
      ...written,
      method: "PUT",
      path: "/v1/invoices/:id/terms",
      summary: "Set the terms of a draft; those left out are at their defaults",
      params: IdParams,
      body: Strict(TERMS),
      reply: InvoiceJson,
      handler: async ({ params, body, tenant, actor }) => {
        const key = { tenant: requireTenant(tenant), invoiceId: params.id, actor };
        return sent(await unknown(invoices.update({ ...key, ...body })));
      },
    }),
    route({
      ...written,
      method: "DELETE",
      path: "/v1/invoices/:id",
      summary: "Delete a draft",
      params: IdParams,
      body: NoBody,
      reply: Strict({ id: Type.String(), deleted: Type.Literal(true) }),
      handler: async ({ params: { id }, tenant, actor }) => {
        await unknown(invoices.deleteDraft({ tenant: requireTenant(tenant), invoiceId: id, actor }));
        return { id, deleted: true as const };
      },
    }),
    route({
      ...changed,
      path: "/v1/invoices/:id/finalize",
      summary: "Issue a draft: its number is taken, and it never changes again",
      body: NoBody,
      handler: async ({ params, tenant, actor }) => {
        const key = { tenant: requireTenant(tenant), invoiceId: params.id, actor };
        return sent(await unknown(invoices.finalize(key)));
      },
    }),
    route({
      ...changed,
      path: "/v1/invoices/:id/void",
      summary: "Take an issued invoice back: what was on it is unbilled again; its number stays",
      body: Strict({ reason: Type.String({ minLength: 1, maxLength: 500 }) }),
      handler: async ({ params, body, tenant, actor }) => {
        const key = { tenant: requireTenant(tenant), invoiceId: params.id, actor };
        return sent(await unknown(invoices.void({ ...key, ...body })));
      },
    }),
    route({
      ...changed,
      path: "/v1/invoices/:id/pay",
      summary: "Count a payment, in part or whole, once per reference",
      body: Strict({
        amountCents: Type.Optional(CentsInput),
        reference: Type.Optional(Line),
        method: Type.Optional(Line),
      }),
      handler: async ({ params, body, tenant, actor, onceId }) => {
        const key = { tenant: requireTenant(tenant), invoiceId: params.id, actor };
        const reference = referenceOf(body, onceId);
        return sent(await unknown(invoices.pay({ ...key, ...body, reference })));
      },
    }),
    route({
      ...changed,
      path: "/v1/invoices/:id/uncollectible",
      summary: "Give up what is still due",
      body: NoBody,
      handler: async ({ params, tenant, actor }) => {
        const key = { tenant: requireTenant(tenant), invoiceId: params.id, actor };
        return sent(await unknown(invoices.markUncollectible(key)));
      },
    }),
    route({
      ...looked,
      path: "/v1/invoices/:id/credit-notes",
      summary: "The credit notes of an invoice, in the order of their numbers",
      params: IdParams,
      query: NoQuery,
      reply: Strict({ items: Type.Array(CreditNoteJson) }),
      handler: async ({ params, tenant }) => ({
        items: (await unknown(invoices.creditNotes({ tenant, invoiceId: params.id }))).map(sent),
      }),
    }),
    route({
      ...changed,
      path: "/v1/invoices/:id/credit-notes",
      summary: "Issue a credit note: take lines back, in part or whole, with their tax, once per reference",
      status: 201,
      body: NoteInput,
      reply: CreditNoteJson,
      handler: async ({ params, body, tenant, actor, onceId }) => {
        const key = { tenant: requireTenant(tenant), invoiceId: params.id, actor };
        const reference = referenceOf(body, onceId);
        return sent(await unknown(invoices.creditNote({ ...key, ...body, reference })));
      },
    }),
    route({
      ...looked,
      path: "/v1/credit-notes/:id",
      summary: "A credit note, as it was issued",
      params: IdParams,
      query: NoQuery,
      reply: CreditNoteJson,
      handler: async ({ params, tenant }) =>
        sent(await orUnknown("credit note", invoices.getCreditNote({ tenant, creditNoteId: params.id }))),
    }),
    ...fileRoutes("credit-notes", drawing, ({ id, tenant, format }) =>
      orUnknown("credit note", invoices.creditNoteFile({ tenant, creditNoteId: id, format })),
    ),
  ];
}

/** @throws BillingError invalid_input `reference_required` where nothing would tell a retry from a second one. */
function referenceOf({ reference }: { reference?: string }, onceId: string | undefined): string {
  const known = reference ?? onceId;
  if (known !== undefined) return known;
  const text = "give a reference, or an Idempotency-Key: a retry is counted once by it";
  throw invalidInput("reference", "reference_required", text);
}
