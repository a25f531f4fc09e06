import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createBilling } from "../../src/billing.ts";
import { ManualClock } from "../../src/kernel/index.ts";
import { storeAt } from "../../src/store/index.ts";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import {
  billingAt,
  monthEndProcess,
  numbersOf,
  numbersUpTo,
  PERIOD,
  tenantNames,
  useTokens,
} from "./runs.ts";

/** ARAGORA_KILLS=20 kills as often as it was measured. */
const KILLS = process.env.ARAGORA_KILLS === undefined ? undefined : Number(process.env.ARAGORA_KILLS);

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl, kills: KILLS ?? 8 },
  { name: "postgres", freshUrl: freshPostgresUrl, kills: KILLS ?? 4 },
])("the month end on $name", ({ name, freshUrl, kills }) => {
  it("bills 50 tenants once when two processes run it at once", async () => {
    const url = await freshUrl();
    const billing = await billingAt(url);
    const tenants = tenantNames(50);
    await useTokens(billing, tenants, 10);
    const runs = [monthEndProcess(url), monthEndProcess(url)];
    await Promise.all(runs.map(({ ready }) => ready));
    for (const { child } of runs) child.stdin?.write("go\n");
    const reports = await Promise.all(runs.map((run) => run.report()));
    expect(reports.flatMap((report) => report?.failures)).toEqual([]);
    expect(reports.reduce((sum, report) => sum + (report?.finalized ?? 0), 0)).toBe(50);
    const { numbers, totals } = await numbersOf(billing, tenants);
    expect(numbers).toEqual(numbersUpTo(50));
    expect(totals).toEqual([7]); // 10 x $0.006 = 6 cents, and 19 % tax.
    expect((await billing.verify()).differences).toEqual([]);
    await billing.close();
  });

  it(`is completed after ${kills} kills in its midst: no tenant left out, no number lost or given twice`, async () => {
    const url = await freshUrl();
    const billing = await billingAt(url);
    const tenants = tenantNames(800);
    await useTokens(billing, tenants, 2);
    let next = monthEndProcess(url);
    let killed = 0;
    const killAfter = async (ms: number) => {
      const run = next;
      await run.ready;
      run.child.stdin?.write("go\n");
      // The next one gets ready meanwhile.
      next = monthEndProcess(url);
      await sleep(ms);
      const ended = run.child.exitCode !== null ? undefined : once(run.child, "close");
      if (run.child.kill("SIGKILL")) killed += 1;
      await ended;
    };
    const issuedSoFar = async () => (await numbersOf(billing, tenants)).numbers.length;
    for (let kill = 0; kill < kills; kill += 1) await killAfter(10 + (kill * 76) / kills);
    // On a machine that is busy none of them may have come as far as to issue one.
    for (let ms = 250; (await issuedSoFar()) === 0; ms *= 2) await killAfter(ms);
    await next.ready;
    const before = await issuedSoFar();
    next.child.stdin?.write("go\n");
    const report = await next.report();
    expect(report?.failures).toEqual([]);
    const { numbers } = await numbersOf(billing, tenants);
    expect(numbers).toEqual(numbersUpTo(800));
    expect((await billing.verify()).differences).toEqual([]);
    // It was killed in its midst, and not before or after.
    expect([killed >= kills, before > 0, before < 800]).toEqual([true, true, true]);
    await billing.close();
  });

  it("bills what comes in while it issues once, on the one invoice or the next, and explains both to the event", async () => {
    const url = await freshUrl();
    const [billing, other] = [await billingAt(url), await billingAt(url)];
    const tenant = "busy";
    const timestamp = new Date("2025-01-31T23:59:59.999Z");
    const event = {
      tenant,
      provider: "openai",
      model: "gpt-4o-mini",
      tokensIn: 40_000,
      tokensOut: 0,
      timestamp,
    };
    let next = 0;
    const caller = async (engine: typeof billing) => {
      while (next < 1_500) {
        next += 1;
        const ids = [`${next}-a`, `${next}-b`];
        await engine.metering.record(ids.map((id) => ({ ...event, id })));
      }
    };
    const callers = Array.from({ length: 16 }, (_, index) => caller(index % 2 === 0 ? billing : other));
    // It is issued, taken back and issued again while they go on.
    for (const period of [PERIOD, PERIOD, PERIOD]) {
      await sleep(60);
      const { id } = await other.invoices.create({ tenant, period });
      await other.invoices.finalize({ tenant, invoiceId: id });
      await other.invoices.void({ tenant, invoiceId: id, reason: "again" });
    }
    const { id: first } = await billing.invoices.create({ tenant, period: PERIOD });
    await billing.invoices.finalize({ tenant, invoiceId: first });
    await Promise.all(callers);
    const later = createBilling({ database: url, clock: new ManualClock("2025-03-02T00:00:00Z") });
    await later.invoices.runMonthEnd({ period: "2025-02" });
    let events = 0;
    for (const { id, status } of (await later.invoices.list({ tenant })).items) {
      if (status === "void") continue;
      const { usage } = await later.invoices.explain({ tenant, invoiceId: id, lineId: "L1" });
      expect(usage?.agrees).toBe(true);
      events += usage?.events ?? 0;
    }
    expect(events).toBe(3_000);
    expect((await later.verify()).differences).toEqual([]);
    for (const engine of [billing, other, later]) await engine.close();
  });

  it("gives 300 invoices finalized by 8 callers, a tenth of them failing at the last step, the numbers 1 to 300", async () => {
    const url = await freshUrl();
    const billing = await billingAt(url);
    const tenants = tenantNames(300);
    await useTokens(billing, tenants, 1);
    const drafts = [];
    for (const tenant of tenants)
      drafts.push({ tenant, invoiceId: (await billing.invoices.create({ tenant, period: PERIOD })).id });
    const failing = new Set(drafts.filter((_, index) => index % 10 === 3).map(({ invoiceId }) => invoiceId));
    const failures = await failingInserts(url, name, [...failing]);
    const queue = [...drafts];
    let failed = 0;
    const caller = async () => {
      for (let draft = queue.shift(); draft !== undefined; draft = queue.shift()) {
        try {
          await billing.invoices.finalize(draft);
        } catch {
          failed += 1;
          await failures.mend(draft.invoiceId);
          queue.push(draft);
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, caller));
    expect(failed).toBe(30);
    expect((await numbersOf(billing, tenants)).numbers).toEqual(numbersUpTo(300));
    expect((await billing.verify()).differences).toEqual([]);
    await failures.close();
    await billing.close();
  });
});

/** Makes the database itself refuse the documents of these invoices, until each is mended. */
async function failingInserts(url: string, engine: string, ids: readonly string[]) {
  const store = storeAt(url);
  await store.ready();
  await store.transaction(async (tx) => {
    await tx.run("CREATE TABLE failing (id TEXT NOT NULL)");
    for (const id of ids) await tx.run("INSERT INTO failing (id) VALUES (?)", [id]);
    if (engine === "sqlite") {
      await tx.run(`CREATE TRIGGER failing_documents BEFORE INSERT ON invoice_documents
        WHEN EXISTS (SELECT 1 FROM failing WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'a failure'); END`);
    } else {
      await tx.run(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF EXISTS (SELECT 1 FROM failing WHERE id = NEW.id) THEN RAISE EXCEPTION 'a failure'; END IF; RETURN NEW; END $$`);
      await tx.run(
        "CREATE TRIGGER failing_documents BEFORE INSERT ON invoice_documents FOR EACH ROW EXECUTE FUNCTION fail()",
      );
    }
  });
  return {
    mend: (id: string) => store.transaction((tx) => tx.run("DELETE FROM failing WHERE id = ?", [id])),
    close: () => store.close(),
  };
}
