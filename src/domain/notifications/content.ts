// What each kind says, in words: pure, and the same for mail, chat and log.

import { accountContent } from "./account-content.ts";
import { INVOICE_WORDS } from "./invoice-content.ts";
import type { Notification, NotificationKind } from "./notification.ts";
import type { Payload } from "./payload.ts";

export interface Content {
  readonly subject: string;
  readonly lines: readonly string[];
  readonly action?: { readonly label: string; readonly url: string };
}

/** The words of a tenant's notification. */
export function contentOf({ kind, payload }: Pick<Notification, "kind" | "payload">): Content {
  if (kind === "account") return accountContent(payload, undefined);
  return WORDS[kind](payload);
}

const WORDS: Readonly<Record<NotificationKind, (payload: Payload) => Content>> = {
  payment_failed(payload) {
    const { orgName, amount } = payload;
    const attempt = Number(payload.attempt);
    const asked = "Please update the payment method.";
    const urgency =
      attempt >= 3
        ? { prefix: "Urgent: ", line: `${asked} Without a payment the subscription ends within 48 hours.` }
        : attempt === 2
          ? { prefix: "Important: ", line: `This was the second attempt. ${asked}` }
          : { prefix: "", line: `We will try again. ${asked}` };
    return {
      subject: `${urgency.prefix}Payment of ${amount} failed for ${orgName}`,
      lines: [`A payment of ${amount} for ${orgName} failed (attempt ${attempt}).`, urgency.line],
      ...action("Update payment method", payload.retryUrl),
    };
  },
  trial_ending(payload) {
    const { orgName } = payload;
    const days = Number(payload.daysRemaining);
    const prefix = days <= 1 ? "Urgent: " : days <= 3 ? "Reminder: " : "";
    const when = days === 0 ? "today" : days === 1 ? "in 1 day" : `in ${days} days`;
    return {
      subject: `${prefix}The trial of ${orgName} ends ${when}`,
      lines: [`The trial of ${orgName} ends ${when}.`, "Choose a plan to keep everything as it is."],
      ...action("Choose a plan", payload.upgradeUrl),
    };
  },
  subscription_canceled(payload) {
    const { orgName, plan } = payload;
    const what = plan === undefined ? "subscription" : `${plan} subscription`;
    const end = payload.endsAt === undefined ? [] : [`It stays active until ${day(payload.endsAt)}.`];
    return {
      subject: `The ${what} of ${orgName} was canceled`,
      lines: [`The ${what} of ${orgName} was canceled.`, ...end],
      ...action("Subscribe again", payload.resubscribeUrl),
    };
  },
  subscription_downgraded(payload) {
    const { orgName, fromPlan, toPlan, reason } = payload;
    const from = fromPlan === undefined ? "" : ` from ${fromPlan}`;
    const when = payload.effectiveAt === undefined ? "" : `, effective ${day(payload.effectiveAt)}`;
    return {
      subject: `The subscription of ${orgName} changes to ${toPlan}`,
      lines: [
        `The subscription of ${orgName} changes${from} to ${toPlan}${when}.`,
        ...(reason === undefined ? [] : [`Reason: ${reason}`]),
      ],
      ...action("Manage subscription", payload.manageUrl),
    };
  },
  budget_alert(payload) {
    const { currentSpend, budgetLimit, budgetName, level } = payload;
    const percent = `${Math.round(Number(payload.percentUsed) * 10) / 10}%`;
    const budget = `${budgetName === undefined ? "budget" : `budget ${budgetName}`}${of(payload)}`;
    const title = level === "exceeded" ? `The ${budget} is exceeded` : `The ${budget} is ${percent} used`;
    const prefix = { info: "", warning: "Warning: ", critical: "Critical: ", exceeded: "Urgent: " }[
      String(level)
    ];
    return {
      subject: `${prefix ?? ""}${title}`,
      lines: [`${title}.`, `Spent: ${currentSpend} of ${budgetLimit} (${percent}).`],
      ...action("See budget", payload.manageUrl),
    };
  },
  forecast_overage(payload) {
    const { projectedSpend, budgetLimit } = payload;
    const when = payload.expectedAt === undefined ? "" : ` around ${day(payload.expectedAt)}`;
    return {
      subject: `Warning: spending${of(payload)} is heading above its budget`,
      lines: [
        `At the present rate, spending${of(payload)} exceeds its budget${when}.`,
        `Forecast: ${projectedSpend}. Budget: ${budgetLimit}.`,
      ],
      ...action("See forecast", payload.manageUrl),
    };
  },
  credit_expiring(payload) {
    const title = `Credits of ${payload.amount}${of(payload)} expire on ${day(payload.expiresAt)}`;
    return {
      subject: title,
      lines: [`${title}.`, "What is not used by then is lost."],
      ...action("See credits", payload.manageUrl),
    };
  },
  ...INVOICE_WORDS,
};

function action(label: string, url: string | number | undefined): Pick<Content, "action"> {
  return url === undefined ? {} : { action: { label, url: String(url) } };
}

function of({ orgName }: Payload): string {
  return orgName === undefined ? "" : ` of ${orgName}`;
}

function day(instant: string | number | undefined): string {
  return String(instant).slice(0, 10);
}
