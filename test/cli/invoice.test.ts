import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createBilling } from "../../src/billing.ts";
import { addInvoiceCommand } from "../../src/cli/invoice.ts";
import { freshFolder, freshSqliteUrl } from "../support/database.ts";
import { runHere } from "./in-process.ts";

/** Runs commands on a database with January's usage of acme: 40 million tokens for $6, and of globex: 20 million for $3. */
async function cli() {
  const url = await freshSqliteUrl();
  const billing = createBilling({ database: url });
  for (const [tenant, tokensIn] of [
    ["acme", 40_000_000],
    ["globex", 20_000_000],
  ] as const) {
    const event = { tenant, provider: "openai", model: "gpt-4o-mini", tokensIn, tokensOut: 0 };
    await billing.metering.record({ ...event, id: "e1", timestamp: "2025-01-31T23:59:59.999Z" });
  }
  await billing.close();
  const run = (...words: string[]) => runHere(addInvoiceCommand, ["invoice", ...words, "--database", url]);
  const call = (...words: string[]) => run(...words, "--tenant", "acme");
  return { run, call };
}

const TERMS = ["--period", "2025-01", "--tax-rate", "0.19"];

describe("aragora-billing invoice", () => {
  it("previews, runs the month, lists, shows, explains and counts a payment", async () => {
    const { run, call } = await cli();
    const preview = await call("preview", ...TERMS);
    expect(preview.stdout).toMatch(/^draft \(preview\) of 2025-01 for acme: draft$/m);
    expect(preview.stdout).toMatch(/^tax 19 % on \$6\.00 +\$1\.14$/m);
    expect(preview.stdout).toMatch(/^total +\$7\.14$/m);
    const month = await run("run", ...TERMS);
    expect([month.code, month.stdout]).toEqual([
      0,
      "2025-01: 2 invoices issued, $10.71 in all; 0 done already\n",
    ]);
    expect((await run("run", ...TERMS)).stdout).toBe(
      "2025-01: 0 invoices issued, $0.00 in all; 0 done already\n",
    );
    const [listed] = JSON.parse((await call("list", "--json")).stdout) as [{ id: string; number: string }];
    expect((await call("list")).stdout).toMatch(
      /^INV-000001 +inv_\S+ +2025-01 +finalized +\$7\.14 +\$7\.14$/m,
    );
    const shown = await call("show", listed.id);
    expect(shown.stdout).toMatch(/^L1 +openai gpt-4o-mini, 2025-01 +40000000 +\$6\.00$/m);
    const why = await call("explain", listed.id, "L1");
    expect(why.stdout).toMatch(/^ {2}40000000 input tokens x \$0\.00000015 = \$6$/m);
    expect(why.stdout).toMatch(/^ {2}1 event sum to \$6: as on the line$/m);
    expect(why.stdout).toMatch(/^ {2}2025-01-31T23:59:59\.999Z {2}e1 {2}\$6$/m);
    const paid = await call("pay", listed.id, "--reference", "t1", "--amount-cents", "714");
    expect(paid.stdout).toMatch(/^due +\$0\.00$/m);
    expect((await call("void", listed.id, "--reason", "wrong")).code).toBe(5);
  });

  it("mends a draft with a wrong tax, or deletes it; a run says what it issued on other terms than its own", async () => {
    const { run, call } = await cli();
    const typo = await call("create", "--period", "2025-01", "--tax-rate", "0.91", "--json");
    const { id } = JSON.parse(typo.stdout) as { id: string };
    expect((await call("create", ...TERMS)).code).toBe(5);
    expect((await call("update", id, "--tax-rate", "0.19")).stdout).toMatch(/^total +\$7\.14$/m);
    expect((await call("delete", id)).stdout).toBe(`${id} is deleted\n`);
    expect((await call("show", id)).code).toBe(4);
    await call("create", "--period", "2025-01", "--tax-rate", "0.07");
    expect((await run("run", ...TERMS)).stdout.split("\n")).toEqual([
      "2025-01: 2 invoices issued, $9.99 in all; 0 done already",
      "  1 draft made before had other terms, and was issued on its own: see invoice list",
      "",
    ]);
    const [issued] = JSON.parse((await call("list", "--json")).stdout) as [{ id: string }];
    expect((await call("delete", issued.id)).code).toBe(5);
  });

  it("exports into a file named after the number, in every form, with the same total", async () => {
    const { run, call } = await cli();
    await run("run", ...TERMS);
    const [{ id }] = JSON.parse((await call("list", "--json")).stdout) as [{ id: string }];
    const folder = freshFolder();
    for (const format of ["pdf", "html", "csv", "json"]) {
      const { code, stdout } = await call("export", id, "--format", format, "--folder", folder);
      expect([code, stdout]).toEqual([0, `${join(folder, `invoice-INV-000001.${format}`)}\n`]);
      const content = readFileSync(stdout.trim());
      if (format === "pdf") expect(content.subarray(0, 5).toString()).toBe("%PDF-");
      else expect(content.toString()).toContain("7.14");
    }
  });

  it("takes lines back by credit notes, once per reference, and shows them with their invoice", async () => {
    const { run, call } = await cli();
    await run("run", ...TERMS);
    const [{ id }] = JSON.parse((await call("list", "--json")).stdout) as [{ id: string }];
    const credit = (...words: string[]) => call("credit", id, "--reason", "outage", ...words);
    const part = ["--reference", "t-7", "--line", "L1", "--amount-cents", "100"];
    const first = await credit(...part);
    expect(first.stdout).toMatch(
      /^CN-000001 \(crn_\w+\) of \d{4}-\d\d-\d\d on INV-000001: outage \(reference t-7\)$/m,
    );
    expect(first.stdout).toMatch(/^L1 +openai gpt-4o-mini, 2025-01 +\$1\.00$/m);
    expect(first.stdout).toMatch(/^net +\$1\.00\ntax 19 % on \$1\.00 +\$0\.19\ntotal +\$1\.19$/m);
    expect(first.stdout).toMatch(/^off what was due +\$1\.19$/m);
    expect((await credit(...part)).stdout).toBe(first.stdout);
    const folder = freshFolder();
    const noteId = /\((crn_\w+)\)/.exec(first.stdout)?.[1] ?? "";
    const exported = await call("export", noteId, "--format", "csv", "--folder", folder);
    expect(exported.stdout.trim()).toBe(join(folder, "credit-note-CN-000001.csv"));
    expect(readFileSync(exported.stdout.trim(), "utf8")).toContain("1.19");
    expect((await credit(...part.with(-1, "99"))).code).toBe(5);

    await call("pay", id, "--reference", "p1");
    const rest = await credit("--reference", "t-8", "--refund-to", "payment", "--json");
    expect(JSON.parse(rest.stdout)).toMatchObject({
      number: "CN-000002",
      invoiceId: id,
      content: { total: 595, offDue: 0, refunded: 595, refundTo: "payment" },
    });
    const shown = await call("show", id);
    expect(shown.stdout).toMatch(/^INV-000001 [\s\S]*\n\nCN-000001 [\s\S]*\n\nCN-000002 /);
    expect(shown.stdout).toMatch(/^for you to pay back +\$5\.95$/m);
    const { number, creditNotes } = JSON.parse((await call("show", id, "--json")).stdout);
    expect([number, creditNotes[1]]).toEqual(["INV-000001", JSON.parse(rest.stdout)]);
    // Nothing is left of it.
    expect((await credit("--reference", "t-9")).code).toBe(5);
  });

  it("puts what was paid on the credit balance, and says what is wrong with a credit note by its flag", async () => {
    const { run, call } = await cli();
    await run("run", ...TERMS);
    const [{ id }] = JSON.parse((await call("list", "--json")).stdout) as [{ id: string }];
    const credit = (...words: string[]) =>
      call("credit", id, "--reason", "outage", "--reference", "r", ...words);
    for (const [words, said] of [
      [["--line", "L9", "--amount-cents", "1"], /^error: the invoice has no line "L9"/],
      [["--line", "L1", "--amount-cents", "601"], /^error: of line L1 600 cents are left/],
      [["--line", "L1", "--amount-cents", "0"], /^error: amount-cents must be a whole number from 1/],
      [["--line", "L1", "--amount-cents", "1.5"], /--amount-cents/],
      [["--line", "L1"], /^error: each --line needs its --amount-cents/],
      [["--amount-cents", "1"], /^error: each --line needs its --amount-cents/],
      [["--refund-to", "nobody"], /--refund-to/],
    ] as const) {
      const { code, stderr } = await credit(...words);
      expect([words, code, stderr]).toEqual([words, 2, expect.stringMatching(said)]);
    }
    expect((await call("credit", id, "--reason", "outage")).stderr).toMatch(/--reference/);
    expect((await call("credit", id, "--reference", "r")).stderr).toMatch(/--reason/);
    expect((await call("credit", "inv_unknown", "--reason", "a", "--reference", "r")).code).toBe(4);
    expect(JSON.parse((await call("show", id, "--json")).stdout).creditNotes).toEqual([]);
    await call("pay", id, "--reference", "p1");
    expect((await credit()).stdout).toMatch(/^put on the credit balance +\$7\.14$/m);
  });

  it("says what is wrong by its flag, with the exit code of its kind", async () => {
    const { run, call } = await cli();
    const rate = await call("preview", "--period", "2025-01", "--tax-rate", "19");
    expect([rate.code, rate.stderr]).toEqual([2, expect.stringContaining("tax-rate")]);
    expect((await call("preview", "--period", "January")).code).toBe(2);
    expect((await call("show", "inv_unknown")).code).toBe(4);
    const later = await run("run", "--period", "2999-01");
    expect([later.code, later.stderr]).toEqual([5, expect.stringContaining("2999-02-01")]);
    const draft = await call("create", ...TERMS, "--code", "NOSUCH");
    expect([draft.code, draft.stderr]).toEqual([4, expect.stringContaining("no such code")]);
    // The refused draft was not made: the run is free to bill acme.
    expect((await run("run", ...TERMS)).stdout).toContain("2 invoices issued");
  });
});
