import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import Database from "better-sqlite3";
import { Decimal } from "decimal.js";
import { describe, expect, it } from "vitest";
import { createBilling } from "../../src/billing.ts";
import { invoiceTrace } from "../../src/cli/demo-invoices.ts";
import type { InvoiceSummary, InvoiceView, LineExplanation } from "../../src/domain/invoices/index.ts";
import { ManualClock } from "../../src/kernel/index.ts";
import { freshFolder, freshSqliteUrl } from "../support/database.ts";
import { csv, ended, fileOf, MAIN, rows, run, runJson } from "./program.ts";

describe("verify", () => {
  it("finds nothing, then the row that was changed behind its back", async () => {
    const url = await freshSqliteUrl();
    await run(["import", fileOf(csv(rows(10))), "--database", url]);
    const before = await runJson(["verify", "--database", url]);
    expect([before.code, before.json]).toEqual([0, { ok: true, events: 10, differences: [] }]);
    const database = new Database(url.slice("sqlite:".length));
    database.exec("UPDATE usage_events SET output_tokens = output_tokens + 1 WHERE id = 'call-3'");
    database.close();
    const after = await runJson(["verify", "--database", url]);
    expect(after.code).toBe(1);
    expect(after.json).toMatchObject({ ok: false, events: 10 });
    expect(after.json.differences.join("\n")).toContain("call-3");
    const text = await run(["verify", "--database", url]);
    expect([text.code, text.stderr]).toEqual([1, ""]);
    expect(text.stdout).toMatch(/call-3[\s\S]*not ok: /);
  });

  it("and report do not create the database they are asked about", async () => {
    const url = await freshSqliteUrl();
    for (const command of ["verify", "report"]) {
      const { code, json, stderr } = await runJson([command, "--database", url]);
      expect([code, json.error.code]).toEqual([4, "database_not_found"]);
      expect(stderr).toMatch(/--database/);
    }
    expect(existsSync(url.slice("sqlite:".length))).toBe(false);
  });
});

interface DemoJson {
  readonly import: { readonly accepted: number; readonly duplicates: number };
  readonly report: { readonly totalCostUsd: string };
  readonly verify: { readonly ok: boolean; readonly events: number };
  readonly invoices: {
    readonly months: readonly {
      readonly period: string;
      readonly invoices: number;
      readonly totalCents: number;
    }[];
    readonly totalCents: number;
    readonly lines: number;
    readonly exactUsd: string;
    readonly greatest: {
      readonly path: string;
      readonly invoice: InvoiceView;
      readonly explanation: LineExplanation;
    };
  };
}

/** The demo in a folder, with the system's temporary files in another one. */
function startDemo(folder: string, args: readonly string[] = [], temporary = freshFolder()) {
  const env = { ...process.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary };
  return spawn(process.execPath, [MAIN, "demo", ...args], { cwd: folder, env });
}

describe("demo", () => {
  it("prints a verified bill and its invoices, and leaves one PDF behind", async () => {
    const [folder, temporary] = [freshFolder(), freshFolder()];
    const { code, stdout, stderr } = await ended(startDemo(folder, [], temporary));
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^ {2}accepted +52,956$/m);
    expect(stdout).toMatch(/52,956 calls, exact/);
    expect(stdout).toMatch(/^2025-01 +12 +\$435\.15\n2025-02 +12 +\$191\.51$/m);
    expect(stdout).toMatch(/^168 lines of usage, exactly \$626\.704858157, each rounded to cents once$/m);
    expect(stdout).toMatch(/^subtotal +\$106\.79\n(?:tax 0 % .*\n)?total +\$106\.79$/m);
    expect(stdout).toMatch(/ 775 events of 2025-01 by price price_\w+ sum to exactly \$54\.822444\n/);
    expect(stdout).toMatch(/ rounded once, half up, to cents: \$54\.82\n/);
    expect(stdout).toMatch(/^ {2}775 events sum to \$54\.822444: as on the line$/m);
    expect(stdout).toMatch(/^ {2}… and 772 more events$/m);
    expect(stdout).toMatch(/ok: 52,956 events recomputed/);
    expect(stdout).toMatch(/aragora-billing report --by day/);
    expect(readdirSync(temporary)).toEqual([]);
    expect(readdirSync(folder)).toEqual(["invoice-INV-000001.pdf"]);
    const path = join(realpathSync(folder), "invoice-INV-000001.pdf");
    expect(stdout).toContain(`as a PDF: ${path}\n`);
    expect(readFileSync(path).subarray(0, 5).toString()).toBe("%PDF-");
  });

  it("with a database keeps all it made: stopped and run again it makes nothing twice, nor bills other tenants", async () => {
    const [folder, url] = [freshFolder(), await freshSqliteUrl()];
    writeFileSync(join(folder, "invoice-INV-000001.pdf"), "another one");
    const stopped = startDemo(folder, ["--database", url]);
    stopped.stdout.on("data", (text: Buffer) => {
      if (text.includes("The bill:")) stopped.kill("SIGINT");
    });
    // A signal that comes too late finds everything done.
    const { code, stdout } = await ended(stopped);
    expect(stdout).toMatch(
      code === 130 ? /\ninterrupted; run the same command again/ : /\nWhat to try next:/,
    );
    const billing = createBilling({ database: url });
    const call = { tenant: "acme", provider: "openai", model: "gpt-4o", tokensIn: 1_000_000, tokensOut: 0 };
    await billing.metering.record({ ...call, id: "own", timestamp: "2025-01-31T00:00:00Z" });
    const runs: DemoJson[] = [];
    for (let run = 0; run < 2; run += 1) {
      const again = await ended(startDemo(folder, ["--database", url, "--json"]));
      expect([again.code, again.stderr]).toEqual([0, ""]);
      runs.push(JSON.parse(again.stdout) as DemoJson);
    }
    const [first, second] = runs as [DemoJson, DemoJson];
    expect(first.import).toMatchObject({ accepted: 0, duplicates: 52956 });
    expect(first.verify).toEqual({ ok: true, events: 52957, differences: [] });
    const report = await runJson(["report", "--by", "tenant,model", "--database", url]);
    expect(first.report).toEqual(report.json);
    expect(second.invoices).toEqual(first.invoices);

    const all: InvoiceSummary[] = [];
    for (const { tenant } of (await billing.analytics.usageAcrossTenants({ by: ["tenant"] })).groups.map(
      ({ key }) => key,
    ))
      all.push(...(await billing.invoices.list({ tenant: String(tenant) })).items);
    const { months, totalCents, exactUsd, greatest } = first.invoices;
    expect(all.map(({ number }) => number).sort()).toEqual(
      Array.from({ length: 24 }, (_, index) => `INV-${String(index + 1).padStart(6, "0")}`),
    );
    expect(all.some(({ tenant }) => tenant === "acme")).toBe(false);
    const sum = (period?: string) =>
      all.reduce(
        (cents, one) => cents + (period === undefined || one.period === period ? one.totalCents : 0),
        0,
      );
    expect(months).toEqual(
      ["2025-01", "2025-02"].map((period) => ({ period, invoices: 12, totalCents: sum(period) })),
    );
    expect(totalCents).toBe(sum());
    // All but the own call of acme, which cost $2.50.
    expect(new Decimal(report.json.totalCostUsd).minus(exactUsd).toString()).toBe("2.5");

    const { path, invoice, explanation } = greatest;
    expect(invoice.totalCents).toBe(Math.max(...all.map((one) => one.totalCents)));
    const { lines, subtotal, taxTotal, total } = invoice.content;
    expect([subtotal, taxTotal, total]).toEqual([
      lines.reduce((cents, { amount }) => cents + amount, 0),
      0,
      invoice.totalCents,
    ]);
    expect(explanation.line.amount).toBe(Math.max(...lines.map(({ amount }) => amount)));
    const parts = explanation.parts.reduce((usd, { amountUsd }) => usd.plus(amountUsd), new Decimal(0));
    expect([explanation.usage?.sumUsd, explanation.usage?.agrees]).toEqual([parts.toString(), true]);
    expect(explanation.line.amount).toBe(
      parts.times(100).toDecimalPlaces(0, Decimal.ROUND_HALF_UP).toNumber(),
    );
    expect(path).toBe(join(realpathSync(folder), "invoice-INV-000001-2.pdf"));
    expect(readFileSync(path).subarray(0, 5).toString()).toBe("%PDF-");
    expect(readFileSync(join(folder, "invoice-INV-000001.pdf"), "utf8")).toBe("another one");
    expect(readdirSync(folder)).toHaveLength(2);
    await billing.close();
  });

  it("bills tokens that a plan includes, and is interrupted between two invoices", async () => {
    const clock = new ManualClock("2025-01-01T00:00:00Z");
    const billing = createBilling({ database: "sqlite::memory:", clock });
    const owner = { id: "tenant_01", name: "One", ownerId: "user_1" };
    await billing.organizations.createOrganization({ kind: "operator", id: "test" }, owner);
    clock.set("2025-03-01T00:00:00Z");
    const call = { provider: "openai", model: "gpt-4o", tokensIn: 1_000_000, tokensOut: 0 };
    for (const tenant of ["tenant_01", "tenant_12"])
      await billing.metering.record({ ...call, tenant, id: "e", timestamp: "2025-01-31T00:00:00Z" });
    const included = await billing.invoices.preview({ tenant: "tenant_01", period: "2025-01" });
    expect(included.content.total).toBe(0);
    const controller = new AbortController();
    let isOver = false;
    const running = invoiceTrace(billing, { json: true, signal: controller.signal }).finally(() => {
      isOver = true;
    });
    const invoicesOf = async (tenant: string) => (await billing.invoices.list({ tenant })).items;
    while (!isOver && (await invoicesOf("tenant_01")).length === 0) await setImmediate();
    controller.abort();
    expect(await running).toBeUndefined();
    expect(await invoicesOf("tenant_01")).toMatchObject([{ period: "2025-01", totalCents: 250 }]);
    expect(await invoicesOf("tenant_12")).toEqual([]);
    await billing.close();
  });
});
