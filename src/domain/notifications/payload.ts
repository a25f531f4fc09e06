// What each kind of notification holds: one description from which the check, and the schema that receivers see, follow.

import { invalidInput, isoInstant, parseTimestamp } from "../../kernel/index.ts";
import type { NotificationKind } from "./notification.ts";
import { httpUrl, oneLine } from "./text.ts";

/** A checked payload: what is stored, rendered and sent. */
export type Payload = Readonly<Record<string, string | number>>;

export type JsonSchema = Readonly<Record<string, unknown>>;

interface Field {
  readonly schema: JsonSchema;
  readonly read: (value: unknown, field: string) => string | number;
  readonly isOptional?: true;
  readonly fallback?: string | number;
}

const BUDGET_LEVELS: readonly string[] = ["info", "warning", "critical", "exceeded"];
const NAME = text(200);
const AMOUNT = text(64);
const NUMBER = text(64);
const REASON = text(500);
const ID = text(256);
const URL_FIELD: Field = { schema: { type: "string", format: "uri" }, read: httpUrl };
const INSTANT: Field = { schema: { type: "string", format: "date-time" }, read: readInstant };
const COUNT: Field = { schema: { type: "integer", minimum: 0 }, read: readCount };
const PERCENT: Field = { schema: { type: "number", minimum: 0 }, read: readPercent };
// An alert of a level that we do not know is still an alert.
const LEVEL: Field = {
  schema: { type: "string", enum: BUDGET_LEVELS },
  read: (value) => (BUDGET_LEVELS.includes(String(value)) ? String(value) : "warning"),
};

const INVOICE = { invoiceId: ID, number: NUMBER, orgName: NAME };

const FIELDS: Readonly<Record<NotificationKind, Readonly<Record<string, Field>>>> = {
  payment_failed: {
    orgName: NAME,
    amount: AMOUNT,
    retryUrl: optional(URL_FIELD),
    attempt: { ...COUNT, fallback: 1 },
  },
  trial_ending: { orgName: NAME, daysRemaining: COUNT, upgradeUrl: optional(URL_FIELD) },
  subscription_canceled: {
    orgName: NAME,
    plan: optional(NAME),
    endsAt: optional(INSTANT),
    resubscribeUrl: optional(URL_FIELD),
  },
  subscription_downgraded: {
    orgName: NAME,
    fromPlan: optional(NAME),
    toPlan: NAME,
    effectiveAt: optional(INSTANT),
    reason: optional(NAME),
    manageUrl: optional(URL_FIELD),
  },
  budget_alert: {
    level: LEVEL,
    currentSpend: AMOUNT,
    budgetLimit: AMOUNT,
    percentUsed: PERCENT,
    budgetName: optional(NAME),
    orgName: optional(NAME),
    manageUrl: optional(URL_FIELD),
  },
  forecast_overage: {
    projectedSpend: AMOUNT,
    budgetLimit: AMOUNT,
    expectedAt: optional(INSTANT),
    orgName: optional(NAME),
    manageUrl: optional(URL_FIELD),
  },
  credit_expiring: {
    amount: AMOUNT,
    expiresAt: INSTANT,
    orgName: optional(NAME),
    manageUrl: optional(URL_FIELD),
  },
  invoice_issued: { ...INVOICE, period: text(32), amountDue: AMOUNT, dueAt: INSTANT },
  payment_received: {
    ...INVOICE,
    amount: AMOUNT,
    paidAt: INSTANT,
    method: optional(NAME),
    amountDue: optional(AMOUNT),
  },
  invoice_due: { ...INVOICE, amountDue: AMOUNT, dueAt: INSTANT },
  invoice_overdue: { ...INVOICE, amountDue: AMOUNT, dueAt: INSTANT, daysOverdue: COUNT },
  invoice_voided: { ...INVOICE, reason: optional(REASON) },
  credit_note_issued: {
    creditNoteId: ID,
    number: NUMBER,
    corrects: NUMBER,
    orgName: NAME,
    amount: AMOUNT,
    reason: optional(REASON),
  },
};

/** Every kind there is. */
export const KINDS = Object.keys(FIELDS) as readonly NotificationKind[];

/**
 * The payload as it will be stored: known fields only, texts on one line, addresses and instants in one spelling.
 *
 * @throws BillingError invalid_input naming the field: unknown, absent or of the wrong type.
 */
export function checkPayload(kind: NotificationKind, payload: unknown): Payload {
  if (typeof payload !== "object" || payload === null) {
    throw invalidInput("payload", "invalid_type", "payload must be an object");
  }
  const fields = FIELDS[kind];
  const given = payload as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(fields, name)) {
      throw invalidInput(name, "unknown_field", `${kind} has no field ${JSON.stringify(name)}`);
    }
  }
  const checked: Record<string, string | number> = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = given[name] ?? field.fallback;
    if (value !== undefined) checked[name] = field.read(value, name);
    else if (!field.isOptional) throw invalidInput(name, "required", `${name} must be given`);
  }
  return checked;
}

/** The JSON Schema of a kind's payload. */
export function payloadSchema(kind: NotificationKind): JsonSchema {
  const fields = Object.entries(FIELDS[kind]);
  return {
    type: "object",
    properties: Object.fromEntries(fields.map(([name, { schema }]) => [name, schema])),
    required: fields.filter(([, { isOptional }]) => !isOptional).map(([name]) => name),
    additionalProperties: false,
  };
}

function optional(field: Field): Field {
  return { ...field, isOptional: true };
}

function text(maxLength: number): Field {
  return {
    schema: { type: "string", minLength: 1, maxLength },
    read(value, field) {
      const line = typeof value === "string" ? oneLine(value) : "";
      if (line !== "" && line.length <= maxLength) return line;
      throw invalidInput(field, "invalid_text", `${field} must be text of 1 to ${maxLength} characters`);
    },
  };
}

function readCount(value: unknown, field: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalidInput(field, "invalid_count", `${field} must be a whole number from 0 up`);
}

function readPercent(value: unknown, field: string): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw invalidInput(field, "invalid_percent", `${field} must be a number from 0 up`);
}

function readInstant(value: unknown, field: string): string {
  return isoInstant(parseTimestamp(value as Date | string, field));
}
