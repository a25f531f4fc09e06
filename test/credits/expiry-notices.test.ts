// Credit that ends is told of: by mail to whom it concerns, and once, however many processes are at it.

import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { type BillingOptions, createBilling } from "../../src/billing.ts";
import { DAY_MS, ManualClock, systemClock } from "../../src/kernel/index.ts";
import { storeAt } from "../../src/store/index.ts";
import { subjectOf, unwrapped } from "../invoices/delivery-mails.ts";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import { race } from "../support/race.ts";
import { startSmtpSink } from "../support/smtp-sink.ts";
import { BUSY, type Seen } from "./expiry-notices-child.ts";

const CHILD = fileURLToPath(new URL("./expiry-notices-child.ts", import.meta.url));
const OPERATOR = { kind: "operator", id: "op_1" } as const;
const JOB = "credit expiry notices";

/** Closed when the test ends. */
function start(options: BillingOptions) {
  const billing = createBilling(options);
  onTestFinished(() => billing.close());
  return billing;
}

/** Back to the schema before anybody was told of credit that ends. */
async function downgrade(url: string): Promise<void> {
  const store = storeAt(url);
  await store.transaction(async (tx) => {
    await tx.run("DROP INDEX credit_lots_untold");
    await tx.run("ALTER TABLE credit_lots DROP COLUMN expiry_told_at");
    await tx.run("DELETE FROM schema_migrations WHERE version = 19");
  });
  await store.close();
}

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl },
  { name: "postgres", freshUrl: freshPostgresUrl },
])("credit that ends on $name", ({ freshUrl }) => {
  it("is one mail to the address of the billing profile, also of 40 lots at once, and waits where there is none", async () => {
    const smtp = await startSmtpSink();
    const clock = new ManualClock("2026-03-01T12:00:00Z");
    const billing = start({
      ...{ database: await freshUrl(), clock },
      notifications: {
        smtp: { host: "127.0.0.1", port: smtp.port },
        log: () => undefined,
      },
    });
    const { credits, organizations, jobs } = billing;
    const addresses = { acme: "bills@acme.example", globex: `bills@${"x".repeat(64)}.example` };
    for (const [id, email] of Object.entries(addresses)) {
      await organizations.createOrganization(OPERATOR, { id, name: `The ${id} <Corp>`, ownerId: "ada" });
      const address = { address: "1 High Street", country: "GB", currency: "GBP" };
      await organizations.setBillingProfile(OPERATOR, id, { legalName: id, ...address, email });
    }
    const expiresAt = new Date("2026-03-20T00:00:00Z");
    const issue = (tenant: string, amountCents: number) =>
      credits.issue({ tenant, amountCents, type: "promotional", expiresAt });
    await Promise.all(Array.from({ length: 40 }, () => issue("acme", 1_000)));
    await issue("globex", 700);
    await issue("nobody", 900);
    await credits.deduct({ tenant: "acme", amountCents: 12_345 });
    const run = async () => {
      const runs = await jobs.runDue();
      await billing.notifications.deliverDue();
      const { ran, done, error } = runs.find(({ name }) => name === JOB) ?? {};
      return { ran, done, error };
    };
    expect(await run()).toEqual({ ran: false, done: 0, error: undefined });
    clock.set("2026-03-13T00:00:00Z");
    expect(await run()).toEqual({ ran: true, done: 3, error: undefined });
    clock.advance(DAY_MS);
    expect(await run()).toEqual({ ran: false, done: 0, error: undefined });

    expect(smtp.mails.map(({ to }) => to)).toEqual([["bills@acme.example"]]);
    const [mail] = smtp.mails;
    if (mail === undefined) throw new Error("no mail");
    expect(subjectOf(mail)).toBe("Credits of $276.55 of The acme <Corp> expire on 2026-03-20");
    expect(unwrapped(mail)).toContain("Credits of $276.55 of The acme &lt;Corp&gt; expire on 2026-03-20.");
    const { items } = await billing.notifications.listAcrossTenants({ state: "pending" });
    expect(
      items.map(({ tenant, recipient, payload }) => [tenant, recipient, payload.orgName, payload.amount]),
    ).toEqual([
      ["nobody", null, "nobody", "$9.00"],
      ["globex", null, "The globex <Corp>", "$7.00"],
    ]);
    expect((await billing.verify()).differences).toEqual([]);
  });

  it("is told of once by two processes that upgrade the database at once, while it is used", async () => {
    const url = await freshUrl();
    const options = { database: url, notifications: { log: () => undefined } };
    const before = start(options);
    const [soon, later] = [1, 2].map((days) => new Date(systemClock.now() + days * DAY_MS));
    const quiet = Array.from({ length: 15 }, (_, n) => `quiet ${n}`);
    const type = "promotional";
    await Promise.all([
      ...quiet.flatMap((tenant) =>
        [soon, soon, later].map((expiresAt) =>
          before.credits.issue({ tenant, amountCents: 100, type, expiresAt }),
        ),
      ),
      ...BUSY.map((tenant) => before.credits.issue({ tenant, amountCents: 100, type, expiresAt: later })),
    ]);
    await before.close();
    await downgrade(url);
    const seen = await race<Seen>(CHILD, url);
    const billing = start(options);
    const { items } = await billing.notifications.listAcrossTenants({ limit: 200 });
    const told = items.map(({ tenant, payload }) => `${tenant} ${payload.amount} ${payload.expiresAt}`);
    expect(told.filter((line) => line.startsWith("quiet")).sort()).toEqual(
      quiet
        .flatMap((tenant) => [
          ...[`${tenant} $1.00 ${later?.toISOString()}`, `${tenant} $2.00 ${soon?.toISOString()}`],
        ])
        .sort(),
    );
    const busy = items.filter(({ tenant }) => BUSY.includes(tenant));
    expect(new Set(busy.map(({ tenant }) => tenant)).size).toBe(busy.length);
    for (const { payload } of busy) expect(["$1.00", "$0.70", "$0.30"]).toContain(payload.amount);
    expect(seen.reduce((sum, { told }) => sum + told, 0)).toBe(items.length);
    // What was used up while the others were told of is told of at the next run.
    await billing.jobs.runDue();
    const after = await billing.notifications.listAcrossTenants({ limit: 200 });
    expect(after.items).toHaveLength(2 * quiet.length + BUSY.length);
    expect((await billing.verify()).differences).toEqual([]);
  });
});
