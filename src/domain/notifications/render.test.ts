import { describe, expect, it } from "vitest";
import { createIds, ManualClock } from "../../kernel/index.ts";
import { type NotificationInput, newNotification, WEBHOOK_EVENTS } from "./index.ts";
import { KINDS } from "./payload.ts";
import { renderLine, renderMail } from "./render.ts";
import { webhookEventOf } from "./webhook-events.ts";

const ids = createIds(new ManualClock("2025-01-01T00:00:00Z"));
const EVIL = `A<script>&"'\r\nBcc: victim@example.com\u2028\u202e\0\ud800`;

/** One of every kind, each with every field it may have. */
const SAMPLES: readonly NotificationInput[] = [
  {
    kind: "payment_failed",
    payload: { orgName: EVIL, amount: "$299.00", retryUrl: "https://a.example/?a=1&b=2", attempt: 2 },
  },
  {
    kind: "trial_ending",
    payload: { orgName: EVIL, daysRemaining: 3, upgradeUrl: "https://a.example/up" },
  },
  {
    kind: "subscription_canceled",
    payload: {
      orgName: EVIL,
      plan: "Pro",
      endsAt: "2025-02-01T00:00:00Z",
      resubscribeUrl: "https://a.example/",
    },
  },
  {
    kind: "subscription_downgraded",
    payload: {
      orgName: EVIL,
      fromPlan: "Pro",
      toPlan: "Free",
      effectiveAt: new Date(0),
      reason: EVIL,
      manageUrl: "https://a.example/",
    },
  },
  {
    kind: "budget_alert",
    payload: {
      level: "critical",
      currentSpend: "$950.00",
      budgetLimit: "$1,000.00",
      percentUsed: 95.04,
      budgetName: EVIL,
      orgName: EVIL,
      manageUrl: "https://a.example/",
    },
  },
  {
    kind: "forecast_overage",
    payload: {
      projectedSpend: "$1,200.00",
      budgetLimit: "$1,000.00",
      expectedAt: "2025-02-20T00:00:00+01:00",
      orgName: EVIL,
      manageUrl: "https://a.example/",
    },
  },
  {
    kind: "credit_expiring",
    payload: {
      amount: "$10",
      expiresAt: "2025-02-01T00:00:00Z",
      orgName: EVIL,
      manageUrl: "http://a.example/",
    },
  },
  {
    kind: "invoice_issued",
    payload: { ...invoice(), period: "2025-01", amountDue: "$12.00", dueAt: "2025-02-01T00:00:00Z" },
  },
  {
    kind: "payment_received",
    payload: {
      ...{ ...invoice(), amount: "$5.00", paidAt: new Date(0), method: EVIL },
      amountDue: "$7.00",
    },
  },
  {
    kind: "invoice_due",
    payload: { ...invoice(), amountDue: "$12.00", dueAt: "2025-02-01T00:00:00Z" },
  },
  {
    kind: "invoice_overdue",
    payload: { ...invoice(), amountDue: "$12.00", dueAt: "2025-02-01T00:00:00Z", daysOverdue: 7 },
  },
  { kind: "invoice_voided", payload: { ...invoice(), reason: EVIL } },
  {
    kind: "credit_note_issued",
    payload: {
      ...{ creditNoteId: "crn_1", number: "CN-000001", corrects: "INV-000001" },
      ...{ orgName: EVIL, amount: "$5.00", reason: EVIL },
    },
  },
];

function invoice() {
  return { invoiceId: "inv_1", number: "INV-000001", orgName: EVIL };
}

function made(input: NotificationInput) {
  return newNotification({ ...input, tenant: "acme" }, ids);
}

describe("a notification's mail", () => {
  it("exists for every kind, in both parts", () => {
    expect(SAMPLES.map(({ kind }) => kind)).toEqual(KINDS);
    for (const sample of SAMPLES) {
      const { subject, text, html } = renderMail(made(sample));
      expect(subject.length).toBeGreaterThan(10);
      expect(text).toMatch(/\S/);
      expect(html).toContain("<p>");
    }
  });

  it("has nothing of a name that ends a header, a tag or an attribute", () => {
    for (const sample of SAMPLES) {
      const { subject, text, html } = renderMail(made(sample));
      expect(subject).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
      expect(text).not.toMatch(/\r|\nBcc|[\0\u2028\u202e]/);
      expect(html).not.toContain("<script>");
      expect(html).not.toMatch(/&(?!amp;|lt;|gt;|quot;|#39;)/);
      expect((subject + text + html).isWellFormed()).toBe(true);
      expect(renderLine(made(sample))).not.toMatch(/\p{Cc}/u);
    }
    expect(renderMail(made(SAMPLES[0] as NotificationInput)).html).toContain(
      "A&lt;script&gt;&amp;&quot;&#39; Bcc: victim@example.com",
    );
  });

  it("links to the address that was given, escaped", () => {
    const { html, text } = renderMail(made(SAMPLES[0] as NotificationInput));
    expect(html).toContain('<a href="https://a.example/?a=1&amp;b=2">');
    expect(text).toContain("https://a.example/?a=1&b=2\n");
  });

  it.each([
    [1, "Payment of $299.00 failed for Acme", "We will try again"],
    [2, "Important: Payment of $299.00 failed for Acme", "second attempt"],
    [3, "Urgent: Payment of $299.00 failed for Acme", "48 hours"],
    [9, "Urgent: Payment of $299.00 failed for Acme", "48 hours"],
  ])("raises its tone at failed payment %i", (attempt, subject, line) => {
    const mail = renderMail(
      made({ kind: "payment_failed", payload: { orgName: "Acme", amount: "$299.00", attempt } }),
    );
    expect(mail.subject).toBe(subject);
    expect(mail.text).toContain(line);
  });

  it.each([
    [0, "Urgent: The trial of Acme ends today"],
    [1, "Urgent: The trial of Acme ends in 1 day"],
    [3, "Reminder: The trial of Acme ends in 3 days"],
    [4, "The trial of Acme ends in 4 days"],
  ])("raises its tone as a trial ends, %i days before", (daysRemaining, subject) => {
    const mail = renderMail(made({ kind: "trial_ending", payload: { orgName: "Acme", daysRemaining } }));
    expect(mail.subject).toBe(subject);
  });

  it.each([
    [0, "Invoice INV-000001 is overdue", "was due on 2025-02-01."],
    [1, "Invoice INV-000001 is overdue", "was due on 2025-02-01, 1 day ago."],
    [7, "Important: Invoice INV-000001 is overdue", "was due on 2025-02-01, 7 days ago."],
    [14, "Urgent: Invoice INV-000001 is overdue", "was due on 2025-02-01, 14 days ago."],
    [90, "Urgent: Invoice INV-000001 is overdue", "was due on 2025-02-01, 90 days ago."],
  ])("raises its tone with an invoice overdue for %i days", (daysOverdue, subject, line) => {
    const payload = { ...invoice(), amountDue: "$12.00", dueAt: "2025-02-01T10:00:00Z", daysOverdue };
    const mail = renderMail(made({ kind: "invoice_overdue", payload }));
    expect(mail.subject).toBe(subject);
    expect(mail.text).toContain(line);
    expect(mail.text).toContain("Please pay $12.00 now.");
  });

  it("says of a receipt what is left, and how it was paid", () => {
    const payload = { ...invoice(), orgName: "Acme", amount: "$5.00", paidAt: "2025-02-01T00:00:00Z" };
    const whole = renderMail(made({ kind: "payment_received", payload })).text;
    expect(whole).toContain("We received $5.00 for invoice INV-000001 of Acme on 2025-02-01.");
    expect(whole).toContain("The invoice is paid in full.");
    const part = { ...payload, method: "bank transfer", amountDue: "$7.00" };
    const { text } = renderMail(made({ kind: "payment_received", payload: part }));
    expect(text).toContain("We received $5.00 (bank transfer) for invoice");
    expect(text).toContain("$7.00 of it is still due.");
  });

  it.each([
    ["info", "The budget is 75% used"],
    ["warning", "Warning: The budget is 75% used"],
    ["critical", "Critical: The budget is 75% used"],
    ["exceeded", "Urgent: The budget is exceeded"],
    ["purple", "Warning: The budget is 75% used"],
  ])("names a budget alert of level %s, an unknown one as a warning", (level, subject) => {
    const payload = { level, currentSpend: "$750.00", budgetLimit: "$1,000.00", percentUsed: 75.0 };
    const mail = renderMail(made({ kind: "budget_alert", payload } as NotificationInput));
    expect(mail.subject).toBe(subject);
    expect(mail.text).toContain("Spent: $750.00 of $1,000.00 (75%).");
  });
});

describe("a notification's event", () => {
  it("is of a type in the catalogue and fits its schema, for every kind", () => {
    for (const sample of SAMPLES) {
      const event = webhookEventOf(made(sample), 1_735_689_600_000);
      const body = JSON.parse(JSON.stringify(event)) as unknown;
      expect(misfits(WEBHOOK_EVENTS[event.type], body)).toEqual([]);
    }
    expect(Object.keys(WEBHOOK_EVENTS)).toHaveLength(KINDS.length);
  });

  it("fits no schema when a field is gone, added or of another type", () => {
    const event = webhookEventOf(made(SAMPLES[0] as NotificationInput), 0);
    const schema = WEBHOOK_EVENTS["payment.failed"];
    const { orgName, ...less } = event.data;
    expect(misfits(schema, { ...event, data: less })).toEqual(["data.orgName is missing"]);
    expect(misfits(schema, { ...event, data: { ...event.data, extra: 1 } })).toEqual([
      "data.extra is unknown",
    ]);
    expect(misfits(schema, { ...event, data: { ...event.data, attempt: "1" } })).toHaveLength(1);
    expect(misfits(schema, { ...event, type: "budget.alert" })).toHaveLength(1);
  });
});

interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** Where a value does not fit a schema of the catalogue: as much of JSON Schema as that uses. */
function misfits(schema: Schema, value: unknown, at = ""): string[] {
  if (schema.type === "object") {
    const { properties = {}, required = [] } = schema;
    const given = value as Readonly<Record<string, unknown>>;
    const path = (name: string) => (at === "" ? name : `${at}.${name}`);
    return [
      ...required.filter((name) => !(name in given)).map((name) => `${path(name)} is missing`),
      ...Object.keys(given).flatMap((name) => {
        const property = properties[name];
        return property === undefined
          ? [`${path(name)} is unknown`]
          : misfits(property, given[name], path(name));
      }),
    ];
  }
  const isFit =
    "const" in schema
      ? value === schema.const
      : schema.type === "string"
        ? typeof value === "string" &&
          value.length >= (schema.minLength ?? 0) &&
          value.length <= (schema.maxLength ?? Number.POSITIVE_INFINITY) &&
          (schema.enum?.includes(value) ?? true) &&
          (schema.format !== "uri" || URL.canParse(value)) &&
          (schema.format !== "date-time" || !Number.isNaN(Date.parse(value)))
        : typeof value === "number" &&
          value >= (schema.minimum ?? 0) &&
          (schema.type !== "integer" || Number.isInteger(value));
  return isFit ? [] : [`${at} is ${JSON.stringify(value)}`];
}
