import type { Migration } from "../migration.ts";
import { outboxAndLeases } from "./0001-outbox-and-leases.ts";
import { prices } from "./0002-prices.ts";
import { usage } from "./0003-usage.ts";
import { adjustments } from "./0004-adjustments.ts";
import { budgets } from "./0005-budgets.ts";
import { notifications } from "./0006-notifications.ts";
import { organizations } from "./0007-organizations.ts";
import { http } from "./0008-http.ts";
import { webhookEndpoints } from "./0009-webhook-endpoints.ts";
import { sessions } from "./0010-sessions.ts";
import { accounts } from "./0011-accounts.ts";
import { ledgerAndCredits } from "./0012-ledger-and-credits.ts";
import { oidc } from "./0013-oidc.ts";
import { discounts } from "./0014-discounts.ts";
import { planBudgets } from "./0015-plan-budgets.ts";
import { subscriptions } from "./0016-subscriptions.ts";
import { invoices } from "./0017-invoices.ts";
import { invoiceReminders } from "./0018-invoice-reminders.ts";
import { creditExpiryNotices } from "./0019-credit-expiry-notices.ts";

/** Every migration, in order. Append only. */
export const MIGRATIONS: readonly Migration[] = [
  outboxAndLeases,
  prices,
  usage,
  adjustments,
  budgets,
  notifications,
  organizations,
  http,
  webhookEndpoints,
  sessions,
  accounts,
  ledgerAndCredits,
  oidc,
  discounts,
  planBudgets,
  subscriptions,
  invoices,
  invoiceReminders,
  creditExpiryNotices,
];
