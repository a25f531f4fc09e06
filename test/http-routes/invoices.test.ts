import { describe, expect, it } from "vitest";
import { createClient } from "../../src/client/index.ts";
import { ENGINES } from "../support/database.ts";
import { startServer } from "./server.ts";

const DUAL = ENGINES.filter(({ name }) => name !== "sqlite");
const PATH = "/v1/invoices";
const ITEM = { description: "Onboarding", amountCents: 10_000 };
const EVENT = { provider: "openai", model: "gpt-4o-mini", tokensIn: 11_000, tokensOut: 0 };

async function world(url: string) {
  const server = await startServer(url);
  const key = await server.organization("acme");
  const post = (path: string, body?: object, once?: string) =>
    server.call(server.operator, "POST", `${PATH}${path}`, { body, tenant: "acme", once });
  const get = (path: string) => server.call(key, "GET", `${PATH}${path}`);
  /** An issued invoice: an item, and three events of the month. */
  const issued = async () => {
    const timestamp = "2025-12-31T23:59:59.999Z";
    const events = ["a", "b", "c"].map((id) => ({ ...EVENT, id, timestamp, tenant: "acme" }));
    await server.services.metering.record(events);
    const terms = { period: "2025-12", taxRate: "0.19", alwaysMetered: true, items: [ITEM] };
    const { id } = (await post("", terms)).json;
    return (await post(`/${id}/finalize`)).json;
  };
  return { ...server, key, post, get, issued };
}

describe.each(DUAL)("invoices over HTTP on $name", ({ freshUrl }) => {
  it("are previewed, made, changed and issued by operators, seen by their tenant, and paid once per reference", async () => {
    const { ok, call, key, operator, post, get } = await world(await freshUrl());
    const terms = { period: "2025-12", taxRate: 0.19, items: [ITEM] };
    const preview = (await post("/preview", terms)).json;
    expect(preview).toMatchObject({ number: null, status: "draft", content: { total: 11_900 } });
    expect((await get("")).json.items).toEqual([]);
    const draft = (await post("", terms)).json;
    expect((await post("", terms)).json.id).toBe(draft.id);
    expect((await post("", { ...terms, taxRate: "0.07" })).json).toMatchObject({
      ...{ status: 409, code: "invoice_exists" },
    });
    expect((await post("", { period: "2026-01" })).json.status).toBe("draft");
    const tooEarly = (await get("?status=draft")).json.items[0];
    expect([tooEarly.period, tooEarly.number]).toEqual(["2026-01", null]);
    expect((await post(`/${tooEarly.id}/finalize`)).json).toMatchObject({
      ...{ status: 412, code: "period_not_over" },
    });
    const path = `${PATH}/${draft.id}`;
    const less = { ...terms, items: [{ ...ITEM, amountCents: 5_000 }], period: undefined };
    const changed = await ok(operator, "PUT", `${path}/terms`, { body: less, tenant: "acme" });
    expect(changed.content.total).toBe(5_950);
    const issued = (await post(`/${draft.id}/finalize`)).json;
    expect(issued).toMatchObject({ number: "INV-000001", status: "finalized", amountDueCents: 5_950 });
    expect(issued.content).toEqual(changed.content);
    const late = await call(operator, "PUT", `${path}/terms`, { body: {}, tenant: "acme" });
    expect(late.json).toMatchObject({ status: 412, code: "invoice_issued" });

    expect((await post(`/${draft.id}/pay`, { amountCents: 950 })).json).toMatchObject({
      ...{ status: 422, code: "reference_required", field: "reference" },
    });
    for (const _ of [1, 2]) await post(`/${draft.id}/pay`, { amountCents: 950, reference: "one" });
    const paid = (await post(`/${draft.id}/pay`, {}, "key-of-the-payment")).json;
    expect(paid).toMatchObject({ status: "paid", paidCents: 5_950, amountDueCents: 0 });
    expect((await get(`/${draft.id}`)).json).toEqual(paid);
    await ok(operator, "DELETE", `${PATH}/${tooEarly.id}`, { tenant: "acme" });
    expect((await get("")).json.items.map(({ id }: { id: string }) => id)).toEqual([draft.id]);
    const { items } = await ok(key, "GET", "/v1/audit-log");
    const actions = items.map(({ action }: { action: string }) => action);
    expect(actions.filter((action: string) => action.startsWith("invoice.")).reverse()).toEqual([
      ...["invoice.created", "invoice.created", "invoice.updated", "invoice.finalized"],
      ...["invoice.paid", "invoice.paid", "invoice.deleted"],
    ]);
  });

  it("explain a line by its events, page by page, and are corrected by credit notes or taken back", async () => {
    const { post, get, issued, call, key } = await world(await freshUrl());
    const { id, content } = await issued();
    const line = content.lines.find(({ group }: { group: string }) => group === "usage");
    const path = `/${id}/lines/${line.id}/explain`;
    const first = (await get(`${path}?limit=2`)).json;
    expect(first.usage).toEqual({ events: 3, sumUsd: "0.00495", agrees: true });
    expect(first.parts[0]).toMatchObject({ quantity: "33000", amountUsd: "0.00495" });
    const second = (await get(`${path}?limit=2&cursor=${first.nextCursor}`)).json;
    const seen = [...first.events, ...second.events].map((event: { id: string }) => event.id);
    expect([seen, second.nextCursor]).toEqual([["a", "b", "c"], null]);
    expect((await get(`/${id}/lines/L9/explain`)).json).toMatchObject({
      status: 404,
      code: "line_not_found",
    });

    const body = { reason: "too much", lines: [{ lineId: "L2", amountCents: 1_000 }], reference: "r" };
    const lineOfItem = content.lines.find(({ group }: { group: string }) => group === "item");
    const note = { ...body, lines: [{ lineId: lineOfItem.id, amountCents: 1_000 }] };
    const made = (await post(`/${id}/credit-notes`, note)).json;
    expect(made).toMatchObject({ number: "CN-000001", content: { total: 1_190, reference: "r" } });
    expect((await post(`/${id}/credit-notes`, note)).json).toEqual(made);
    expect((await get(`/${id}/credit-notes`)).json.items).toEqual([made]);
    expect((await call(key, "GET", `/v1/credit-notes/${made.id}`)).json).toEqual(made);
    expect((await post(`/${id}/void`, { reason: "wrong" })).json).toMatchObject({
      ...{ status: 412, code: "invoice_settled" },
    });
    expect((await post(`/${id}/uncollectible`)).json.status).toBe("uncollectible");
  });

  it("are files with names of the server's making, of a page that can do nothing", async () => {
    const { get, issued, call, key } = await world(await freshUrl());
    const { id } = await issued();
    const types = ["application/pdf", "text/html; charset=utf-8", "text/csv; charset=utf-8"];
    for (const [index, format] of ["pdf", "html", "csv"].entries()) {
      const { status, headers, text } = await get(`/${id}.${format}`);
      expect([status, headers.get("content-type")]).toEqual([200, types[index]]);
      expect(headers.get("content-disposition")).toBe(`inline; filename="invoice-INV-000001.${format}"`);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("content-security-policy")).toMatch(/^default-src 'none'; .*; sandbox$/);
      if (format !== "pdf") expect(text).toContain("119.00");
    }
    const missing = await call(key, "GET", `${PATH}/inv_nobody.pdf`);
    expect(missing.json).toMatchObject({ status: 404, code: "invoice_not_found" });
    expect((await get(`/${id}.exe`)).status).toBe(404);
  });

  it("of a month are issued for all tenants by one call, which is safe again", async () => {
    const { ok, operator, key, issued, organization, services } = await world(await freshUrl());
    await issued();
    await organization("globex");
    await services.metering.record({
      ...EVENT,
      tenant: "globex",
      id: "g",
      timestamp: "2025-12-01T00:00:00Z",
    });
    const run = (period: string) => ok(operator, "POST", `${PATH}/run`, { body: { period } });
    expect(await run("2025-12")).toMatchObject({ period: "2025-12", finalized: 1, failures: [] });
    expect(await run("2025-12")).toMatchObject({ finalized: 0 });
    expect((await ok(key, "GET", PATH)).items).toHaveLength(1);
  });
});

it("the client gets the bytes of a PDF, the text of the others, and all pages of a list", async () => {
  const { issued, key, url } = await world("sqlite::memory:");
  const { id } = await issued();
  const { invoices } = createClient({ url, key });
  const pdf = await invoices.pdf(id);
  expect(Buffer.from(pdf.subarray(0, 5)).toString()).toBe("%PDF-");
  expect(Buffer.from(pdf.subarray(-6)).toString().trim()).toBe("%%EOF");
  expect(await invoices.html(id)).toContain("INV-000001");
  expect(await invoices.csv(id)).toContain("INV-000001");
  const listed: string[] = [];
  for await (const invoice of invoices.all()) listed.push(invoice.id);
  expect(listed).toEqual([id]);
  await expect(invoices.finalize(id)).rejects.toMatchObject({ status: 403, code: "operator_only" });
});
