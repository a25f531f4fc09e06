import type { Ids } from "../../kernel/index.ts";
import { BillingError, currentTenant, invalidInput } from "../../kernel/index.ts";
import { checkPayload, KINDS, type Payload } from "./payload.ts";
import { checkRecipient, type Recipient } from "./recipient.ts";

/** What a notification is about. */
export const NotificationKind = Object.freeze({
  PAYMENT_FAILED: "payment_failed",
  TRIAL_ENDING: "trial_ending",
  SUBSCRIPTION_CANCELED: "subscription_canceled",
  SUBSCRIPTION_DOWNGRADED: "subscription_downgraded",
  BUDGET_ALERT: "budget_alert",
  FORECAST_OVERAGE: "forecast_overage",
  CREDIT_EXPIRING: "credit_expiring",
  INVOICE_ISSUED: "invoice_issued",
  PAYMENT_RECEIVED: "payment_received",
  INVOICE_DUE: "invoice_due",
  INVOICE_OVERDUE: "invoice_overdue",
  CREDIT_NOTE_ISSUED: "credit_note_issued",
  INVOICE_VOIDED: "invoice_voided",
} as const);
export type NotificationKind = (typeof NotificationKind)[keyof typeof NotificationKind];

/** What a stored notification is about: those of tenants, and mails about a person's account, which nobody else gets. */
export type StoredKind = NotificationKind | "account";

/** How far a budget is used; a level that is none of these is taken as a warning. */
export type BudgetAlertLevel = "info" | "warning" | "critical" | "exceeded";

type Instant = Date | string;

/** What each kind tells. Amounts are texts as they shall be read, "$299.00". */
export interface NotificationPayloads {
  /** `attempt` 1 (the default) is a notice, 2 important, from 3 on urgent. */
  readonly payment_failed: {
    readonly orgName: string;
    readonly amount: string;
    readonly retryUrl?: string | undefined;
    readonly attempt?: number | undefined;
  };
  readonly trial_ending: {
    readonly orgName: string;
    readonly daysRemaining: number;
    readonly upgradeUrl?: string | undefined;
  };
  readonly subscription_canceled: {
    readonly orgName: string;
    readonly plan?: string | undefined;
    readonly endsAt?: Instant | undefined;
    readonly resubscribeUrl?: string | undefined;
  };
  readonly subscription_downgraded: {
    readonly orgName: string;
    readonly fromPlan?: string | undefined;
    readonly toPlan: string;
    readonly effectiveAt?: Instant | undefined;
    readonly reason?: string | undefined;
    readonly manageUrl?: string | undefined;
  };
  readonly budget_alert: {
    readonly level: BudgetAlertLevel;
    readonly currentSpend: string;
    readonly budgetLimit: string;
    readonly percentUsed: number;
    readonly budgetName?: string | undefined;
    readonly orgName?: string | undefined;
    readonly manageUrl?: string | undefined;
  };
  readonly forecast_overage: {
    readonly projectedSpend: string;
    readonly budgetLimit: string;
    readonly expectedAt?: Instant | undefined;
    readonly orgName?: string | undefined;
    readonly manageUrl?: string | undefined;
  };
  readonly credit_expiring: {
    readonly amount: string;
    readonly expiresAt: Instant;
    readonly orgName?: string | undefined;
    readonly manageUrl?: string | undefined;
  };
  /** This one and the following carry the document as a PDF where they go by mail. */
  readonly invoice_issued: InvoicePayload & {
    /** `2025-01` */
    readonly period: string;
    readonly amountDue: string;
    readonly dueAt: Instant;
  };
  readonly payment_received: InvoicePayload & {
    readonly amount: string;
    readonly paidAt: Instant;
    readonly method?: string | undefined;
    /** What is still due; absent: nothing. */
    readonly amountDue?: string | undefined;
  };
  readonly invoice_due: InvoicePayload & { readonly amountDue: string; readonly dueAt: Instant };
  readonly invoice_overdue: InvoicePayload & {
    readonly amountDue: string;
    readonly dueAt: Instant;
    readonly daysOverdue: number;
  };
  readonly invoice_voided: InvoicePayload & { readonly reason?: string | undefined };
  readonly credit_note_issued: {
    readonly creditNoteId: string;
    readonly number: string;
    /** The number of the invoice that it corrects. */
    readonly corrects: string;
    readonly orgName: string;
    readonly amount: string;
    readonly reason?: string | undefined;
  };
}

interface InvoicePayload {
  readonly invoiceId: string;
  readonly number: string;
  /** Whom it is made out to. */
  readonly orgName: string;
}

interface Addressed {
  /** Absent: the tenant of `withTenant`, else the instance's. */
  readonly tenant?: string | undefined;
  /** Absent: the operator's webhook, or the log. */
  readonly recipient?: Recipient | undefined;
  /** At most one notification of a tenant has this key, for ever: writing it again does nothing. */
  readonly dedupKey?: string | undefined;
}

/** A notification as callers give it. */
export type NotificationInput = {
  readonly [Kind in NotificationKind]: Addressed & {
    readonly kind: Kind;
    readonly payload: NotificationPayloads[Kind];
  };
}[NotificationKind];

/** A checked notification: it can be written inside another transaction without a doubt that would fail it. */
export interface Notification {
  readonly id: string;
  /** '' for mails about accounts: people belong to no tenant. */
  readonly tenant: string;
  readonly kind: StoredKind;
  readonly recipient: Recipient | null;
  readonly payload: Payload;
  readonly dedupKey: string | null;
  readonly [CHECKED]: true;
}

declare const CHECKED: unique symbol;

const MAX_KEY = 256;

/**
 * Checks a notification and gives it its id, the same at every delivery of it.
 *
 * @throws BillingError invalid_input naming the field; no message repeats an address or a secret.
 * @example
 * newNotification({ kind: "budget_alert", tenant: "acme", recipient: { email: "cfo@acme.example" }, payload }, ids);
 */
export function newNotification(
  input: NotificationInput,
  ids: Ids,
  tenant: string | undefined = undefined,
): Notification {
  const { kind } = input;
  if (!KINDS.includes(kind)) {
    throw invalidInput("kind", "invalid_kind", `kind must be one of ${KINDS.join(", ")}`);
  }
  const named = input.tenant ?? currentTenant() ?? tenant;
  if (named === undefined) {
    const text = "no tenant: name one in the call, or run it inside withTenant(id, fn)";
    throw invalidInput("tenant", "tenant_required", text);
  }
  return {
    id: ids.next("ntf"),
    tenant: key(named, "tenant"),
    kind,
    recipient: input.recipient === undefined ? null : checkRecipient(input.recipient),
    payload: checkPayload(kind, input.payload),
    dedupKey: input.dedupKey === undefined ? null : key(input.dedupKey, "dedupKey"),
  } as Notification;
}

/**
 * A notification of what has happened already, for the transaction that made it happen: a recipient that takes no mail
 * must not stand in its way, so the operator's webhook or the log hears of it instead.
 *
 * @throws BillingError invalid_input when anything but the recipient is wrong.
 */
export function newNotice(
  input: NotificationInput,
  recipient: Recipient | undefined,
  ids: Ids,
): Notification {
  try {
    return newNotification({ ...input, recipient }, ids);
  } catch (error) {
    if (!(error instanceof BillingError)) throw error;
    return newNotification({ ...input, recipient: undefined }, ids);
  }
}

/** The error of a call about a notification that is not on record. */
export function notificationNotFound(id: string): BillingError {
  return new BillingError("not_found", "notification_not_found", `no notification ${id}`, {
    details: { id },
  });
}

function key(value: unknown, field: string): string {
  if (typeof value === "string" && value !== "" && value.length <= MAX_KEY && !/\p{Cc}/u.test(value)) {
    return value.toWellFormed();
  }
  const rule = `text of 1 to ${MAX_KEY} characters without control characters`;
  throw invalidInput(field, "invalid_text", `${field} must be ${rule}`);
}
