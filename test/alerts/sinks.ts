// What the tests of alerts share: a billing instance whose alerts go to a real mail server and a real endpoint.

import { onTestFinished } from "vitest";
import { type Billing, type BillingOptions, createBilling } from "../../src/billing.ts";
import type { HttpSink } from "../support/http-sink.ts";
import { headerOf, type SmtpSink } from "../support/smtp-sink.ts";

export const TENANT = "acme";
export const DAYS = 20;
export const WRITERS = 64;
export const SECRET = `whsec_${Buffer.from("a secret of at least 24 bytes").toString("base64")}`;

export interface Sinks {
  readonly smtp: SmtpSink;
  readonly http: HttpSink;
}

export function optionsFor(database: string, smtpPort: number): BillingOptions {
  const smtp = { host: "127.0.0.1", port: smtpPort };
  return { database, tenant: TENANT, notifications: { smtp, allowInsecureEndpoints: true } };
}

/** Closed when the test ends. */
export function startBilling(options: BillingOptions): Billing {
  const billing = createBilling(options);
  onTestFinished(() => billing.close());
  return billing;
}

/** $64 a day, alerted at four thresholds to a mailbox and an endpoint. */
export async function createDailyBudget({ budgets }: Billing, http: HttpSink): Promise<string> {
  const notify = [{ email: "cfo@acme.example" }, { webhook: http.url, secret: SECRET }];
  return (await budgets.create({ name: "daily", limit: "64", period: "daily", notify })).id;
}

/** 64 writers at once spend $1.50 each in every one of 20 days: each day crosses all four thresholds. */
export async function crossAll({ metering, holds }: Billing, firstDay: number): Promise<void> {
  const spend = async (writer: number, at: Date) => {
    const user = `u${writer}`;
    if (writer % 2 === 1) return holds.recordSpend({ amountUsd: "1.5", dimensions: { user }, at });
    // 10,000,000 input tokens at $0.15 a million.
    const call = { provider: "openai", model: "gpt-4o-mini", tokensIn: 10_000_000, user, timestamp: at };
    return metering.record(call);
  };
  await Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      for (let day = 0; day < DAYS; day += 1) await spend(writer, new Date(firstDay + day * 86_400_000));
    }),
  );
}

/** What arrived: in mails their Message-IDs, at the endpoint the ids of accepted calls. */
export function arrivedAt({ smtp, http }: Sinks): { mails: string[]; calls: string[] } {
  return {
    mails: smtp.mails.map((mail) => headerOf(mail, "Message-ID").join()),
    calls: http.calls.map(({ headers }) => String(headers["webhook-id"])),
  };
}

export async function alertCount({ budgets }: Billing): Promise<number> {
  return (await budgets.alerts({ limit: 500 })).items.length;
}

export async function pending({ notifications }: Billing): Promise<number> {
  return (await notifications.list({ tenant: TENANT, state: "pending", limit: 200 })).items.length;
}
