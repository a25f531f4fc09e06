// Documents as files, to be sent to whoever asks.

import { Type } from "typebox";
import type { InvoiceFile } from "../../domain/invoices/index.ts";
import type { Turns } from "../limits.ts";
import { FileReply, type Route, route } from "../route.ts";
import { IdParams, NoQuery } from "./common.ts";

const FORMATS = [
  ["pdf", "application/pdf", "as PDF"],
  ["html", "text/html", "as one HTML page, made for printing too"],
  ["csv", "text/csv", "as CSV, a row per line and total"],
] as const;

/** A page that does nothing: no script, nothing loaded, no form, in no other page's frame. */
const STILL = {
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox",
};

interface Wanted {
  readonly id: string;
  readonly tenant: string;
  readonly format: (typeof FORMATS)[number][0];
}

/** `GET /v1/COLLECTION/ID.pdf`, `.html` and `.csv`. */
export function fileRoutes(
  collection: "invoices" | "credit-notes",
  drawing: Turns,
  make: (wanted: Wanted) => Promise<InvoiceFile>,
): readonly Route[] {
  const what = collection === "invoices" ? "An invoice" : "A credit note";
  return FORMATS.map(([format, produces, how]) =>
    route({
      method: "GET",
      path: `/v1/${collection}/:id.${format}`,
      tag: "invoices",
      summary: `${what} ${how}`,
      access: "tenant",
      scopes: ["invoices:read"],
      params: IdParams,
      query: NoQuery,
      produces,
      reply: Type.String(),
      handler: async ({ params: { id }, tenant }) => {
        const work = () => make({ id, tenant, format });
        return new FileReply(format === "pdf" ? await drawing.run(tenant, work) : await work(), STILL);
      },
    }),
  );
}
