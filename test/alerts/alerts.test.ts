// An alert comes, and comes once: whoever writes, however often a server refuses it, whatever a callback does.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Billing } from "../../src/billing.ts";
import { DAY_MS, HOUR_MS, ManualClock } from "../../src/kernel/index.ts";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import { startHttpSink } from "../support/http-sink.ts";
import { startSmtpSink } from "../support/smtp-sink.ts";
import {
  alertCount,
  arrivedAt,
  createDailyBudget,
  crossAll,
  DAYS,
  optionsFor,
  pending,
  type Sinks,
  startBilling,
} from "./sinks.ts";

const CHILD = fileURLToPath(new URL("jobs-child.ts", import.meta.url));
const FIRST_DAY = Date.parse("2026-01-15T12:00:00Z");
const MINUTE_MS = 60_000;

async function startSinks(): Promise<Sinks> {
  return { smtp: await startSmtpSink(), http: await startHttpSink() };
}

/** A budget made on the first of 20 days, on the last of which it is now. */
async function startOn(url: string, { smtp, http }: Sinks) {
  const clock = new ManualClock(FIRST_DAY);
  const billing = startBilling({ ...optionsFor(url, smtp.port), clock });
  const id = await createDailyBudget(billing, http);
  clock.advance((DAYS - 1) * DAY_MS);
  return { billing, clock, id };
}

/** Runs due work, each run a second later, until nothing is pending. */
async function deliverAll(billing: Billing, clock: ManualClock, stepMs = 1_000): Promise<void> {
  for (let run = 0; run < 200 && (await pending(billing)) > 0; run += 1) {
    for (const { error } of await billing.jobs.runDue()) expect(error).toBeUndefined();
    clock.advance(stepMs);
  }
}

/** Side by side: a test is mostly waiting for its servers. */
async function onEachEngine(work: (freshUrl: () => Promise<string>) => Promise<void>): Promise<void> {
  await Promise.all([freshSqliteUrl, freshPostgresUrl].map(work));
}

describe("alerts on SQLite and on PostgreSQL", () => {
  it("are 80 stored and 80 delivered by mail and by webhook, each once, when 64 writers cross four thresholds in 20 periods", () =>
    onEachEngine(async (freshUrl) => {
      const sinks = await startSinks();
      const { billing, clock, id } = await startOn(await freshUrl(), sinks);
      await crossAll(billing, FIRST_DAY);
      expect(await alertCount(billing)).toBe(80);
      await deliverAll(billing, clock);
      const { mails, calls } = arrivedAt(sinks);
      expect([mails.length, calls.length]).toEqual([80, 80]);
      expect([new Set(mails).size, new Set(calls).size]).toEqual([80, 80]);
      const levels = sinks.http.calls.map(({ body }) => JSON.parse(body).data.level as string);
      const count = (level: string) => levels.filter((known) => known === level).length;
      expect(["info", "warning", "critical", "exceeded"].map(count)).toEqual([20, 20, 20, 20]);
      const { counters } = await billing.budgets.status(id, { at: new Date(FIRST_DAY) });
      expect(counters[0]?.spent.toString()).toBe("96");
      expect((await billing.verify()).differences).toEqual([]);
      await deliverAll(billing, clock);
      expect(arrivedAt(sinks).mails).toHaveLength(80);
    }));

  it("are not lost when both servers refuse them until an hour has passed", () =>
    onEachEngine(async (freshUrl) => {
      const sinks = await startSinks();
      const { billing, clock } = await startOn(await freshUrl(), sinks);
      await crossAll(billing, FIRST_DAY);
      const refusedUntil = clock.now() + HOUR_MS;
      sinks.smtp.refuse = () => [451, "later"];
      let refusedCalls = 0;
      sinks.http.answer = () => {
        refusedCalls += 1;
        return { status: 503 };
      };
      while (clock.now() < refusedUntil) {
        await billing.jobs.runDue();
        clock.advance(40 * MINUTE_MS);
      }
      expect(sinks.smtp.mails).toEqual([]);
      expect(refusedCalls).toBeGreaterThanOrEqual(80);
      expect(await pending(billing)).toBe(160);
      sinks.smtp.refuse = undefined;
      sinks.http.answer = () => ({ status: 200 });
      await deliverAll(billing, clock, 20 * MINUTE_MS);
      const { mails, calls } = arrivedAt(sinks);
      const accepted = calls.slice(refusedCalls);
      expect([mails.length, accepted.length]).toEqual([80, 80]);
      expect([new Set(mails).size, new Set(accepted).size]).toEqual([80, 80]);
      // Under the id of the tries that were refused.
      expect(new Set(calls).size).toBe(80);
      expect((await billing.notifications.list({ tenant: "acme", state: "dead" })).items).toEqual([]);
    }));

  it("are delivered once each by the jobs of two processes at the same time", () =>
    onEachEngine(async (freshUrl) => {
      const sinks = await startSinks();
      const url = await freshUrl();
      const billing = startBilling(optionsFor(url, sinks.smtp.port));
      // More than one claim of one process takes.
      const endpoints = ["a", "b", "c"].map((path) => ({ webhook: `${sinks.http.url}/${path}` }));
      const notify = [{ email: "cfo@acme.example" }, ...endpoints];
      for (let n = 0; n < 7; n += 1)
        await billing.budgets.create({ name: `budget ${n}`, limit: 1, period: "total", notify });
      await billing.holds.recordSpend({ amountUsd: 1 });
      expect(await alertCount(billing)).toBe(28);
      const child = spawn(process.execPath, ["--import", "tsx", CHILD, url, String(sinks.smtp.port)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      onTestFinished(() => void child.kill("SIGKILL"));
      const closed = once(child, "close");
      // Not before the other one is at it.
      await expect.poll(() => sinks.smtp.mails.length, { interval: 2, timeout: 20_000 }).toBeGreaterThan(0);
      billing.jobs.start();
      await billing.notifications.deliverDue();
      expect((await closed)[0]).toBe(0);
      await expect.poll(() => pending(billing), { timeout: 10_000 }).toBe(0);
      await billing.jobs.stop();
      const { mails, calls } = arrivedAt(sinks);
      expect([mails.length, new Set(mails).size]).toEqual([28, 28]);
      expect([calls.length, new Set(calls).size]).toEqual([84, 84]);
    }));

  it("are neither delayed nor lost by callbacks that throw or never end", () =>
    onEachEngine(async (freshUrl) => {
      const sinks = await startSinks();
      const { billing, clock } = await startOn(await freshUrl(), sinks);
      const heard: number[] = [];
      billing.budgets.addAlertCallback(() => {
        throw new Error("a broken callback");
      });
      billing.budgets.addAlertCallback(() => new Promise(() => undefined));
      billing.budgets.addAlertCallback(async () => Promise.reject(new Error("another one")));
      billing.budgets.addAlertCallback(({ bps }) => heard.push(bps));
      const startedAt = performance.now();
      await billing.holds.recordSpend({ amountUsd: 64 });
      expect(await alertCount(billing)).toBe(4);
      await deliverAll(billing, clock);
      expect([sinks.smtp.mails.length, sinks.http.calls.length]).toEqual([4, 4]);
      expect(performance.now() - startedAt).toBeLessThan(10_000);
      await expect.poll(() => heard).toEqual([5_000, 7_500, 9_000, 10_000]);
    }));
});
