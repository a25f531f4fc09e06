import type { ServerContext } from "../context.ts";
import type { Route } from "../route.ts";
import { alertRoutes } from "./alerts.ts";
import { apiKeyRoutes } from "./api-keys.ts";
import { auditLogRoutes } from "./audit-log.ts";
import { authRoutes } from "./auth.ts";
import { budgetRoutes } from "./budgets.ts";
import { creditRoutes } from "./credits.ts";
import { discountRoutes } from "./discounts.ts";
import { entitlementRoutes } from "./entitlements.ts";
import { eventRoutes } from "./events.ts";
import { healthRoutes } from "./health.ts";
import { holdRoutes } from "./holds.ts";
import { invitationRoutes } from "./invitations.ts";
import { invoiceRoutes } from "./invoices.ts";
import { meRoutes } from "./me.ts";
import { memberRoutes } from "./members.ts";
import { notificationRoutes } from "./notifications.ts";
import { oidcRoutes } from "./oidc.ts";
import { organizationRoutes } from "./organizations.ts";
import { planRoutes } from "./plans.ts";
import { priceRoutes } from "./prices.ts";
import { subscriptionRoutes } from "./subscription.ts";
import { usageRoutes } from "./usage.ts";
import { verifyRoutes } from "./verify.ts";
import { volumeRoutes } from "./volume.ts";
import { webhookEndpointRoutes } from "./webhook-endpoints.ts";
import { workspaceRoutes } from "./workspaces.ts";

/** Every domain's routes. A new file joins here. */
const ALL: readonly ((context: ServerContext) => readonly Route[])[] = [
  eventRoutes,
  usageRoutes,
  priceRoutes,
  verifyRoutes,
  alertRoutes,
  apiKeyRoutes,
  auditLogRoutes,
  authRoutes,
  oidcRoutes,
  meRoutes,
  budgetRoutes,
  holdRoutes,
  subscriptionRoutes,
  entitlementRoutes,
  creditRoutes,
  discountRoutes,
  volumeRoutes,
  invoiceRoutes,
  invitationRoutes,
  memberRoutes,
  notificationRoutes,
  organizationRoutes,
  planRoutes,
  webhookEndpointRoutes,
  workspaceRoutes,
  healthRoutes,
];

export function allRoutes(context: ServerContext): Route[] {
  return ALL.flatMap((routes) => routes(context));
}
