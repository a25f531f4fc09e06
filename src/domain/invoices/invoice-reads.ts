// What there is of invoices, for whoever looks. Nothing is written here.

import { BillingError, type Clock, decodeCursor, invalidInput, type Page } from "../../kernel/index.ts";
import type { Reader, Store } from "../../store/index.ts";
import { pageLimit, pageOf } from "../audit/index.ts";
import { tenantOf } from "../metering/index.ts";
import type { InvoiceDocument } from "./document.ts";
import { draftOf } from "./draft.ts";
import { explainLine, type LineExplanation } from "./explain.ts";
import {
  type ExportFormat,
  exportFileName,
  fileOf,
  type InvoiceFile,
  type RenderPdf,
} from "./export/index.ts";
import { type InvoiceStatus, InvoiceStatus as Statuses, type StoredInvoice } from "./invoice.ts";
import { fieldsOf, invoiceNotFound, textOf } from "./invoice-input.ts";
import { documentOf, invoiceOf, notesOf, numbersOf, pageOfInvoices } from "./invoice-store.ts";
import {
  type CreditNoteView,
  draftContent,
  type InvoiceSummary,
  type InvoiceView,
  noteView,
  summaryView,
} from "./invoice-view.ts";
import type { IssueContext, IssuedContent } from "./issue.ts";
import type { IssuedNote } from "./settlement.ts";
import { documentOfCreditNote, documentOfInvoice } from "./to-document.ts";

export interface Whose {
  /** Absent: the tenant of `withTenant`, else the instance's. */
  readonly tenant?: string | undefined;
}

export interface InvoiceKey extends Whose {
  readonly invoiceId: string;
}

export interface InvoiceDeps extends IssueContext {
  readonly store: Store;
  readonly renderPdf: RenderPdf;
}

/** Looks at invoices and credit notes. */
export class InvoiceReads {
  protected readonly store: Store;
  protected readonly clock: Clock;
  protected readonly context: IssueContext;
  protected readonly tenant: string | undefined;
  readonly #renderPdf: RenderPdf;

  constructor(deps: InvoiceDeps, { tenant }: { readonly tenant: string | undefined }) {
    this.store = deps.store;
    this.clock = deps.clock;
    this.context = deps;
    this.#renderPdf = deps.renderPdf;
    this.tenant = tenant;
  }

  /**
   * @throws BillingError not_found `invoice_not_found`, the same for another tenant's; for a draft also what one of its discount
   * codes is refused with by now: `update` its terms.
   */
  async get(key: InvoiceKey): Promise<InvoiceView> {
    const { tenant, id } = this.keyOf(key);
    return this.store.read(async (reader) => {
      const invoice = await invoiceOf(tenant, id, reader);
      if (invoice === undefined) throw invoiceNotFound(id);
      return this.view(invoice, reader);
    });
  }

  /** A page of invoices, the newest first: 100, or `limit` up to 500. */
  async list(
    query: Whose & {
      readonly status?: InvoiceStatus | undefined;
      readonly cursor?: string | undefined;
      readonly limit?: number | undefined;
    } = {},
  ): Promise<Page<InvoiceSummary>> {
    fieldsOf(query, ["tenant", "status", "cursor", "limit"], "query");
    const tenant = tenantOf(query.tenant, this.tenant);
    const limit = pageLimit(query.limit);
    const { status } = query;
    if (status !== undefined && !Object.values(Statuses).includes(status))
      throw invalidInput(
        "status",
        "invalid_choice",
        `status must be one of ${Object.values(Statuses).join(", ")}`,
      );
    const before =
      query.cursor === undefined
        ? undefined
        : (decodeCursor(query.cursor, ["number", "string"]) as [number, string]);
    const now = this.clock.now();
    return this.store.read(async (reader) => {
      const rows = await pageOfInvoices(tenant, { before, status, limit: limit + 1 }, reader);
      const numbers = await numbersOf(
        tenant,
        rows.map(({ id }) => id),
        reader,
      );
      return pageOf(
        rows,
        limit,
        ({ createdAt, id }) => [createdAt, id],
        (row) => summaryView(row, numbers.get(row.id) ?? null, now),
      );
    });
  }

  /** @throws BillingError not_found `credit_note_not_found`. */
  async getCreditNote(key: Whose & { readonly creditNoteId: string }): Promise<CreditNoteView> {
    fieldsOf(key, ["tenant", "creditNoteId"], "credit note");
    const tenant = tenantOf(key.tenant, this.tenant);
    const id = textOf(key.creditNoteId, "creditNoteId", 512);
    return this.store.read(async (reader) => {
      const note = await documentOf<IssuedNote>(tenant, id, reader);
      if (note?.kind !== "credit_note") {
        const text = `no credit note ${JSON.stringify(id)}`;
        throw new BillingError("not_found", "credit_note_not_found", text, { details: { id } });
      }
      return noteView(note);
    });
  }

  /** The credit notes of an invoice, in the order of their numbers. @throws BillingError not_found `invoice_not_found`. */
  async creditNotes(key: InvoiceKey): Promise<CreditNoteView[]> {
    const { tenant, id } = this.keyOf(key);
    return this.store.read(async (reader) => {
      if ((await invoiceOf(tenant, id, reader)) === undefined) throw invoiceNotFound(id);
      return (await notesOf<IssuedNote>(tenant, id, reader)).map(noteView);
    });
  }

  /**
   * An invoice as it is sent: what `renderInvoicePdf`, `renderInvoiceHtml`, `renderInvoiceCsv` and `renderInvoiceJson` draw.
   *
   * @throws BillingError not_found `invoice_not_found`.
   */
  async document(key: InvoiceKey): Promise<InvoiceDocument> {
    return documentOfInvoice(await this.get(key));
  }

  /** A credit note as it is sent. @throws BillingError not_found `credit_note_not_found`. */
  async creditNoteDocument(key: Whose & { readonly creditNoteId: string }): Promise<InvoiceDocument> {
    return documentOfCreditNote(await this.getCreditNote(key));
  }

  /**
   * An invoice as a file: its name, its media type and its bytes. Of an issued one the figures never change; what is paid by
   * then is said as well.
   *
   * @throws BillingError not_found `invoice_not_found`; invalid_input `invalid_choice`.
   * @example
   * const { filename, content } = await billing.invoices.file({ tenant: "acme", invoiceId, format: "pdf" });
   * await writeFile(filename, content);
   */
  async file(input: InvoiceKey & { readonly format: ExportFormat }): Promise<InvoiceFile> {
    const { format, ...key } = input ?? {};
    const document = await this.document(key);
    const file = await fileOf(document, format, this.#renderPdf);
    if (document.status !== "draft") return file;
    // Drafts have no number: by their ids no two of them share a file.
    const filename = exportFileName({ kind: document.kind, number: `DRAFT-${key.invoiceId}` }, format);
    return { ...file, filename };
  }

  /** A credit note as a file, as {@link file}. @throws BillingError not_found `credit_note_not_found`. */
  async creditNoteFile(
    input: Whose & { readonly creditNoteId: string; readonly format: ExportFormat },
  ): Promise<InvoiceFile> {
    const { format, ...key } = input ?? {};
    return fileOf(await this.creditNoteDocument(key), format, this.#renderPdf);
  }

  /**
   * Why a line of an issued invoice says what it says: its events (a page of 100, or `limit` up to 500), the price version,
   * each rounding, its part of discounts and tax.
   *
   * @throws BillingError not_found `invoice_not_found`, `line_not_found`; failed_precondition `invoice_draft`.
   */
  async explain(
    key: InvoiceKey & {
      readonly lineId: string;
      readonly cursor?: string | undefined;
      readonly limit?: number | undefined;
    },
  ): Promise<LineExplanation> {
    const { tenant, id } = this.keyOf(key, ["lineId", "cursor", "limit"]);
    const lineId = textOf(key.lineId, "lineId");
    const limit = pageLimit(key.limit);
    return this.store.read(async (reader) => {
      if ((await invoiceOf(tenant, id, reader)) === undefined) throw invoiceNotFound(id);
      const document = await documentOf<IssuedContent>(tenant, id, reader);
      if (document === undefined) {
        const text = "a draft is computed anew at every look: finalize it, then ask why";
        throw new BillingError("failed_precondition", "invoice_draft", text);
      }
      const { content } = document;
      const of = { tenant, invoice: id, content, creditTransaction: content.creditTransaction };
      const book = await this.context.pricing.book(reader);
      return explainLine(of, lineId, { cursor: key.cursor, limit }, book, reader);
    });
  }

  protected async view(invoice: StoredInvoice, reader: Reader): Promise<InvoiceView> {
    const now = this.clock.now();
    if (invoice.status === "draft") {
      const draft = await draftOf(invoice, now, this.context, reader).catch(withRemedy);
      return { ...summaryView(invoice, null, now), content: draftContent(draft) };
    }
    const document = await documentOf<IssuedContent>(invoice.tenant, invoice.id, reader);
    if (document === undefined) throw new Error(`the document of ${invoice.id} is missing`);
    const { creditTransaction: _, ...content } = document.content;
    return { ...summaryView(invoice, document.number, now), content };
  }

  protected keyOf(key: InvoiceKey, more: readonly string[] = []): { tenant: string; id: string } {
    fieldsOf(key, ["tenant", "invoiceId", ...more], "invoice");
    return { tenant: tenantOf(key.tenant, this.tenant), id: textOf(key.invoiceId, "invoiceId") };
  }
}

/** What a code is refused with says nothing of the draft that names it. */
function withRemedy(error: unknown): never {
  if (!(error instanceof BillingError) || error.kind === "unavailable" || error.kind === "internal")
    throw error;
  const text = `the draft cannot be computed: ${error.message}; set other terms`;
  throw new BillingError(error.kind, error.code, text, { details: error.details, cause: error });
}
