import type { AnalyticsService } from "../domain/analytics/index.ts";
import type { AuditLog } from "../domain/audit/index.ts";
import type { BudgetService, HoldService } from "../domain/budgets/index.ts";
import type { CreditService, TopUpService } from "../domain/credits/index.ts";
import type { DiscountService, VolumeService } from "../domain/discounts/index.ts";
import type {
  AccountService,
  IdentityService,
  OidcService,
  SessionService,
} from "../domain/identity/index.ts";
import type { InvoiceService } from "../domain/invoices/index.ts";
import type { MeteringService, VerifyProgress, VerifyReport } from "../domain/metering/index.ts";
import type { EndpointService, NotificationService } from "../domain/notifications/index.ts";
import type { WriteService } from "../domain/operations/index.ts";
import type { OrganizationService } from "../domain/organizations/index.ts";
import type { PricingService } from "../domain/pricing/index.ts";
import type { EntitlementService, SubscriptionService } from "../domain/subscriptions/index.ts";
import type { Clock } from "../kernel/index.ts";

/** What the server serves: a `Billing` is one. A routes file that needs another service adds it here. */
export interface HttpServices {
  readonly clock: Clock;
  readonly metering: MeteringService;
  readonly analytics: AnalyticsService;
  readonly pricing: PricingService;
  readonly identity: IdentityService;
  readonly accounts: AccountService;
  readonly sessions: SessionService;
  readonly oidc: OidcService;
  readonly audit: AuditLog;
  readonly organizations: OrganizationService;
  readonly budgets: BudgetService;
  readonly holds: HoldService;
  readonly subscriptions: SubscriptionService;
  readonly entitlements: EntitlementService;
  readonly credits: CreditService;
  readonly topUps: TopUpService;
  readonly discounts: DiscountService;
  readonly volumeDiscounts: VolumeService;
  readonly invoices: InvoiceService;
  readonly notifications: NotificationService;
  readonly endpoints: EndpointService;
  readonly writes: WriteService;
  verify(onProgress?: (progress: VerifyProgress) => void): Promise<VerifyReport>;
}
