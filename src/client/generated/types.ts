// Made by scripts/generate-client.mjs from the routes' own description. Do not edit.

/** What the API takes and gives. Dollars are decimal text, cents integers, instants are ISO 8601 text. */
export declare namespace Api {
  interface Alert {
    readonly id: string;
    readonly budget: string;
    readonly name: string;
    readonly counter: Readonly<Record<string, string>>;
    readonly percent: number;
    readonly action: "notify" | "warn" | "soft_limit" | "hard_limit" | "suspend";
    readonly level: "info" | "warning" | "critical" | "exceeded";
    readonly message: string;
    readonly spent: string;
    readonly limit: string;
    readonly period: { readonly name: string; readonly from: string; readonly to: string | null };
    readonly raisedAt: string;
    readonly acknowledgedAt: string | null;
    readonly acknowledgedBy: string | null;
  }
  interface AlertsListQuery {
    /** `nextCursor` of the page before. */
    readonly cursor?: string | undefined;

    /** Items of a page; default 100. */
    readonly limit?: number | undefined;
  }
  interface AlertsListReply {
    readonly items: readonly Alert[];

    /** Null on the last page. */
    readonly nextCursor: string | null;
  }
  interface ApiKey {
    readonly id: string;
    readonly kind: "operator" | "tenant";
    readonly tenant: string | null;
    readonly name: string;
    readonly prefix: string;
    readonly scopes: readonly (
      | "events:write"
      | "usage:read"
      | "prices:read"
      | "prices:write"
      | "budgets:read"
      | "budgets:write"
      | "holds:write"
      | "invoices:read"
      | "invoices:write"
      | "organizations:read"
      | "organizations:write"
      | "keys:write"
      | "webhooks:write"
      | "audit:read"
      | "verify:run"
      | "*"
    )[];
    readonly networks: readonly string[];
    readonly createdBy: { readonly kind: string; readonly id: string };
    readonly createdAt: string;
    readonly expiresAt: string | null;
    readonly lastUsedAt: string | null;
    readonly revokedAt: string | null;
  }
  interface ApiKeysCreateInput {
    readonly name: string;
    readonly scopes: readonly (
      | "events:write"
      | "usage:read"
      | "prices:read"
      | "prices:write"
      | "budgets:read"
      | "budgets:write"
      | "holds:write"
      | "invoices:read"
      | "invoices:write"
      | "organizations:read"
      | "organizations:write"
      | "keys:write"
      | "webhooks:write"
      | "audit:read"
      | "verify:run"
      | "*"
    )[];
    readonly kind?: "operator" | "tenant" | undefined;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly expiresAt?: string | undefined;
    readonly networks?: readonly string[] | undefined;
  }
  interface ApiKeysCreateReply {
    readonly id: string;
    readonly kind: "operator" | "tenant";
    readonly tenant: string | null;
    readonly name: string;
    readonly prefix: string;
    readonly scopes: readonly (
      | "events:write"
      | "usage:read"
      | "prices:read"
      | "prices:write"
      | "budgets:read"
      | "budgets:write"
      | "holds:write"
      | "invoices:read"
      | "invoices:write"
      | "organizations:read"
      | "organizations:write"
      | "keys:write"
      | "webhooks:write"
      | "audit:read"
      | "verify:run"
      | "*"
    )[];
    readonly networks: readonly string[];
    readonly createdBy: { readonly kind: string; readonly id: string };
    readonly createdAt: string;
    readonly expiresAt: string | null;
    readonly lastUsedAt: string | null;
    readonly revokedAt: string | null;
    readonly key: string;
  }
  interface ApiKeysListQuery {
    /** `nextCursor` of the page before. */
    readonly cursor?: string | undefined;

    /** Items of a page; default 100. */
    readonly limit?: number | undefined;
  }
  interface ApiKeysListReply {
    readonly items: readonly ApiKey[];

    /** Null on the last page. */
    readonly nextCursor: string | null;
  }
  interface AuditEntry {
    readonly id: string;
    readonly at: string;

    /** Empty: the installation. */
    readonly tenant: string;
    readonly actor: { readonly kind: "operator" | "user" | "key" | "system"; readonly id: string };
    readonly action: string;
    readonly target: string;
    readonly details: Readonly<Record<string, unknown>>;
    readonly requestId: string | null;
  }
  interface AuditLogListQuery {
    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly from?: string | undefined;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly to?: string | undefined;
    readonly action?: string | undefined;
    readonly actorKind?: "operator" | "user" | "key" | "system" | undefined;
    readonly actorId?: string | undefined;

    /** `nextCursor` of the page before. */
    readonly cursor?: string | undefined;

    /** Items of a page; default 100. */
    readonly limit?: number | undefined;
  }
  interface AuditLogListReply {
    readonly items: readonly AuditEntry[];

    /** Null on the last page. */
    readonly nextCursor: string | null;
  }
  interface AuthBackupCodesMfaInput {
    /** Of the authenticator app, or a backup code. */
    readonly code: string;
  }
  interface AuthBackupCodesMfaReply {
    readonly backupCodes: readonly string[];
  }
  interface AuthConfirmMfaInput {
    /** Of the authenticator app, or a backup code. */
    readonly code: string;
  }
  interface AuthConfirmMfaReply {
    readonly backupCodes: readonly string[];
  }
  interface AuthConfirmResetPasswordInput {
    readonly token: string;
    readonly password: string;
  }
  interface AuthConfirmResetPasswordReply {
    readonly status: "done";
  }
  interface AuthDisableMfaInput {
    /** Of the authenticator app, or a backup code. */
    readonly code: string;
  }
  interface AuthDisableMfaReply {
    readonly status: "done";
  }
  interface AuthEnrolMfaReply {
    readonly secret: string;
    readonly uri: string;
  }
  interface AuthLoginInput {
    readonly email: string;
    readonly password: string;

    /** For a browser: the tokens come as cookies that no script reads, not in the answer. */
    readonly cookies?: boolean | undefined;
  }
  interface AuthLoginLinkInput {
    readonly token: string;

    /** For a browser: the tokens come as cookies that no script reads, not in the answer. */
    readonly cookies?: boolean | undefined;
  }
  interface AuthLogoutAllReply {
    readonly ended: number;
  }
  interface AuthLogoutReply {
    readonly status: "done";
  }
  interface AuthMfaInput {
    readonly mfaToken: string;

    /** Of the authenticator app, or a backup code. */
    readonly code: string;

    /** For a browser: the tokens come as cookies that no script reads, not in the answer. */
    readonly cookies?: boolean | undefined;
  }
  interface AuthPasswordInput {
    /** Of an account that has one. */
    readonly current?: string | undefined;
    readonly next: string;
  }
  interface AuthPasswordReply {
    readonly status: "done";
  }
  interface AuthRefreshInput {
    /** Absent: the one in the browser's cookie. */
    readonly refreshToken?: string | undefined;
  }
  interface AuthRegisterInput {
    readonly email: string;
    readonly password: string;
    readonly name?: string | undefined;
  }
  interface AuthRegisterReply {
    readonly status: "accepted";
  }
  interface AuthResetPasswordInput {
    readonly email: string;
  }
  interface AuthResetPasswordReply {
    readonly status: "accepted";
  }
  interface AuthVerifyEmailInput {
    readonly token: string;
  }
  interface AuthVerifyEmailReply {
    readonly userId: string;
  }
  interface BudgetDecision {
    readonly budget: string;
    readonly name: string;
    readonly counter: Readonly<Record<string, string>>;
    readonly allowed: boolean;
    readonly limit: string | null;
    readonly spent: string;
    readonly held: string;
    readonly requested: string;
    readonly remaining: string | null;
    readonly percent: number | null;
    readonly overage: string;
    readonly overageMultiplier: string | null;
    readonly period: { readonly name: string; readonly from: string; readonly to: string | null };
  }
  interface BudgetsAlertsQuery {
    /** `nextCursor` of the page before. */
    readonly cursor?: string | undefined;

    /** Items of a page; default 100. */
    readonly limit?: number | undefined;
  }
  interface BudgetsAlertsReply {
    readonly items: readonly Alert[];

    /** Null on the last page. */
    readonly nextCursor: string | null;
  }
  interface BudgetsCheckInput {
    readonly dimensions?:
      | {
          readonly workspace?: string | undefined;
          readonly user?: string | undefined;
          readonly agent?: string | undefined;
          readonly debate?: string | undefined;
          readonly provider?: string | undefined;
          readonly model?: string | undefined;
        }
      | undefined;
    readonly type?: string | undefined;
    readonly estimatedCostUsd?: string | number | undefined;
    readonly maxOutputTokens?: number | undefined;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly at?: string | undefined;
    readonly tokensIn?: number | undefined;
    readonly cachedTokens?: number | undefined;
    readonly cacheWriteTokens?: number | undefined;
    readonly cacheWrite1hTokens?: number | undefined;
    readonly tokensOut?: number | undefined;
    readonly reasoningTokens?: number | undefined;
    readonly webSearches?: number | undefined;
    readonly serviceTier?: string | undefined;
    readonly quantity?: number | undefined;
  }
  interface BudgetsCheckReply {
    readonly allowed: boolean;
    readonly reason: "budget_exceeded" | "budget_suspended" | "fail_open" | null;
    readonly message: string;
    readonly warnings: readonly string[];
    readonly budgets: readonly BudgetDecision[];
  }
  interface BudgetsCloseInput {
    readonly reason?: string | undefined;
  }
  interface BudgetsListQuery {
    readonly closed?: boolean | undefined;

    /** `nextCursor` of the page before. */
    readonly cursor?: string | undefined;

    /** Items of a page; default 100. */
    readonly limit?: number | undefined;
  }
  interface BudgetsListReply {
    readonly items: readonly Budget[];

    /** Null on the last page. */
    readonly nextCursor: string | null;
  }
  interface BudgetsOverrideInput {
    readonly user: string;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly until: string;
    readonly limit?: string | number | undefined;
    readonly reason?: string | undefined;
  }
  interface BudgetsOverrideReply {
    readonly id: string;
    readonly budget: string | null;
    readonly user: string;
    readonly until: string;
  }
  interface BudgetsResetInput {
    readonly reason?: string | undefined;
  }
  interface BudgetsResumeInput {
    readonly reason?: string | undefined;
  }
  interface BudgetsStatusQuery {
    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly at?: string | undefined;
  }
  interface BudgetsSuspendInput {
    readonly reason?: string | undefined;
  }
  interface BudgetsTransactionsQuery {
    /** `nextCursor` of the page before. */
    readonly cursor?: string | undefined;

    /** Items of a page; default 100. */
    readonly limit?: number | undefined;
  }
  interface BudgetsTransactionsReply {
    readonly items: readonly {
      readonly id: string;
      readonly at: string;
      readonly costUsd: string;
      readonly tokens: number;
      readonly counted: boolean;
      readonly eventId: string | null;
      readonly holdId: string | null;
      readonly flags: readonly string[];
    }[];

    /** Null on the last page. */
    readonly nextCursor: string | null;
  }
  interface BudgetsTrendsQuery {
    readonly by: "hour" | "day" | "week" | "month";

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly from: string;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly to: string;
  }
  interface BudgetsTrendsReply {
    readonly items: readonly { readonly from: string; readonly spent: string }[];
  }
  interface CreditNote {
    readonly id: string;
    readonly number: string;
    readonly invoiceId: string;
    readonly issuedAt: string;
    readonly content: {
      readonly currency: string;

      /** The invoice's number. */
      readonly corrects: string;
      readonly reference: string;
      readonly reason: string;
      readonly lines: readonly {
        readonly lineId: string;
        readonly description: string;
        readonly amount: number;
        readonly taxPercent: string;
      }[];
      readonly net: number;
      readonly taxes: readonly {
        readonly percent: string;
        readonly note: string | null;
        readonly base: number;
        readonly amount: number;
      }[];
      readonly taxTotal: number;
      readonly total: number;
      readonly offDue: number;
      readonly refunded: number;
      readonly returned: number;
      readonly expired: number;
      readonly refundTo: "credits" | "payment";
      readonly seller: {
        readonly name: string;
        readonly address: readonly string[];
        readonly country: string | null;
        readonly taxId: string | null;
        readonly email: string | null;
      } | null;
      readonly buyer: {
        readonly name: string;
        readonly address: readonly string[];
        readonly country: string | null;
        readonly taxId: string | null;
        readonly email: string | null;
      };
    };
  }
  interface CreditsAdjustInput {
    readonly amountCents: number;
    readonly description?: string | undefined;
    readonly reference?: string | undefined;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly expiresAt?: string | undefined;
    readonly expiresInDays?: number | undefined;
  }
  interface CreditsAdjustReply {
    readonly id: string;
    readonly tenant: string;
    readonly type: "promotional" | "referral" | "refund" | "purchase" | "usage" | "adjustment" | "expired";
    readonly amountCents: number;
    readonly balanceCents: number;
    readonly description: string;
    readonly reference: string | null;
    readonly actor: string | null;
    readonly at: string;
    readonly expiresAt: string | null;
    readonly relatesTo: string | null;
    readonly lots: readonly { readonly lotId: string; readonly amountCents: number }[];
  }
  interface CreditsDeductInput {
    readonly amountCents: number;
    readonly allowPartial?: boolean | undefined;
    readonly description?: string | undefined;
    readonly reference?: string | undefined;
  }
  interface CreditsDeductReply {
    readonly transactionId: string;
    readonly tenant: string;
    readonly amountDeductedCents: number;
    readonly remainingAmountCents: number;
    readonly balanceCents: number;
    readonly lots: readonly { readonly lotId: string; readonly amountCents: number }[];
  }
  interface CreditsGetQuery {
    /** Default 30. */
    readonly withinDays?: number | undefined;
  }
  interface CreditsGetReply {
    readonly tenant: string;
    readonly currency: string;
    readonly balanceCents: number;
    readonly promotionalCents: number;
    readonly purchasedCents: number;
    readonly otherCents: number;
    readonly expiringSoon: readonly {
      readonly id: string;
      readonly type: "promotional" | "referral" | "refund" | "purchase" | "usage" | "adjustment" | "expired";
      readonly grantedCents: number;
      readonly remainingCents: number;
      readonly expiresAt: string | null;
    }[];
    readonly totals: {
      readonly issuedCents: number;
      readonly adjustedCents: number;
      readonly usedCents: number;
      readonly expiredCents: number;
      readonly voidedCents: number;
    };
  }
  interface CreditsIssueInput {
    readonly amountCents: number;
    readonly type: "promotional" | "referral" | "refund" | "purchase";
    readonly description?: string | undefined;
    readonly reference?: string | undefined;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly expiresAt?: string | undefined;
    readonly expiresInDays?: number | undefined;
  }
  interface CreditsIssueReply {
    readonly id: string;
    readonly tenant: string;
    readonly type: "promotional" | "referral" | "refund" | "purchase" | "usage" | "adjustment" | "expired";
    readonly amountCents: number;
    readonly balanceCents: number;
    readonly description: string;
    readonly reference: string | null;
    readonly actor: string | null;
    readonly at: string;
    readonly expiresAt: string | null;
    readonly relatesTo: string | null;
    readonly lots: readonly { readonly lotId: string; readonly amountCents: number }[];
  }
  interface CreditsRemoveTopUpReply {
    readonly rule: {
      readonly thresholdCents: number;
      readonly amountCents: number;
      readonly isPaused: boolean;
    } | null;
    readonly topUps: readonly {
      readonly id: string;
      readonly amountCents: number;
      readonly state: "open" | "paid" | "failed";
      readonly requestedAt: string;
      readonly settledAt: string | null;
    }[];
  }
  interface CreditsReverseInput {
    readonly transactionId: string;
    readonly amountCents?: number | undefined;
    readonly description?: string | undefined;
    readonly reference?: string | undefined;
  }
  interface CreditsReverseReply {
    readonly id: string;
    readonly tenant: string;
    readonly type: "promotional" | "referral" | "refund" | "purchase" | "usage" | "adjustment" | "expired";
    readonly amountCents: number;
    readonly balanceCents: number;
    readonly description: string;
    readonly reference: string | null;
    readonly actor: string | null;
    readonly at: string;
    readonly expiresAt: string | null;
    readonly relatesTo: string | null;
    readonly lots: readonly { readonly lotId: string; readonly amountCents: number }[];
  }
  interface CreditsSetTopUpInput {
    readonly thresholdCents: number;
    readonly amountCents: number;
  }
  interface CreditsSetTopUpReply {
    readonly rule: {
      readonly thresholdCents: number;
      readonly amountCents: number;
      readonly isPaused: boolean;
    } | null;
    readonly topUps: readonly {
      readonly id: string;
      readonly amountCents: number;
      readonly state: "open" | "paid" | "failed";
      readonly requestedAt: string;
      readonly settledAt: string | null;
    }[];
  }
  interface CreditsTopUpReply {
    readonly rule: {
      readonly thresholdCents: number;
      readonly amountCents: number;
      readonly isPaused: boolean;
    } | null;
    readonly topUps: readonly {
      readonly id: string;
      readonly amountCents: number;
      readonly state: "open" | "paid" | "failed";
      readonly requestedAt: string;
      readonly settledAt: string | null;
    }[];
  }
  interface CreditsTransactionsQuery {
    /** `nextCursor` of the page before. */
    readonly cursor?: string | undefined;

    /** Items of a page; default 100. */
    readonly limit?: number | undefined;
  }
  interface CreditsTransactionsReply {
    readonly items: readonly {
      readonly id: string;
      readonly tenant: string;
      readonly type: "promotional" | "referral" | "refund" | "purchase" | "usage" | "adjustment" | "expired";
      readonly amountCents: number;
      readonly balanceCents: number;
      readonly description: string;
      readonly reference: string | null;
      readonly actor: string | null;
      readonly at: string;
      readonly expiresAt: string | null;
      readonly relatesTo: string | null;
      readonly lots: readonly { readonly lotId: string; readonly amountCents: number }[];
    }[];

    /** Null on the last page. */
    readonly nextCursor: string | null;
  }
  interface CreditsVoidInput {
    readonly lotId: string;
    readonly description?: string | undefined;
    readonly reference?: string | undefined;
  }
  interface CreditsVoidReply {
    readonly id: string;
    readonly tenant: string;
    readonly type: "promotional" | "referral" | "refund" | "purchase" | "usage" | "adjustment" | "expired";
    readonly amountCents: number;
    readonly balanceCents: number;
    readonly description: string;
    readonly reference: string | null;
    readonly actor: string | null;
    readonly at: string;
    readonly expiresAt: string | null;
    readonly relatesTo: string | null;
    readonly lots: readonly { readonly lotId: string; readonly amountCents: number }[];
  }
  interface DebatesCreateInput {
    readonly debate: string;
    readonly dimensions?:
      | {
          readonly workspace?: string | undefined;
          readonly user?: string | undefined;
          readonly agent?: string | undefined;
          readonly debate?: string | undefined;
          readonly provider?: string | undefined;
          readonly model?: string | undefined;
        }
      | undefined;
    readonly eventId?: string | undefined;
  }
  interface DebatesCreateReply {
    readonly id: string;
    readonly debate: string;
    readonly startedAt: string;
    readonly eventId: string | null;
  }
  interface Delivery {
    readonly id: string;
    readonly endpointId: string;
    readonly type:
      | "payment.failed"
      | "trial.ending"
      | "subscription.canceled"
      | "subscription.downgraded"
      | "budget.alert"
      | "forecast.overage"
      | "credit.expiring"
      | "invoice.issued"
      | "payment.received"
      | "invoice.due"
      | "invoice.overdue"
      | "invoice.voided"
      | "credit_note.issued";
    readonly state: "pending" | "delivered" | "dead";
    readonly attempts: number;
    readonly lastError: string | null;
    readonly data: Readonly<Record<string, string | number>>;
    readonly createdAt: string;
    readonly deliveredAt: string | null;
    readonly deadAfter: string;
  }
  interface DiscountCode {
    readonly code: string;
    readonly type: "percentage" | "fixed_amount" | "volume";
    readonly discountPercent: string | null;
    readonly discountAmountCents: number | null;
    readonly maxUses: number | "unlimited";
    readonly maxUsesPerOrganization: number | "unlimited";
    readonly minPurchaseCents: number;
    readonly eligibleTiers: readonly (
      | "free"
      | "starter"
      | "professional"
      | "enterprise"
      | "enterprise_plus"
    )[];
    readonly eligibleOrganizations: readonly string[];
    readonly validFrom: string | null;
    readonly expiresAt: string | null;
    readonly description: string;
    readonly status: "active" | "scheduled" | "expired" | "exhausted" | "disabled";
    readonly totalUses: number;
    readonly totalDiscountCents: number;
    readonly createdAt: string;
  }
  interface DiscountCodesApplyInput {
    readonly code: string;
    readonly purchaseAmountCents: number;
    readonly reference?: string | undefined;
    readonly userId?: string | undefined;
  }
  interface DiscountCodesApplyReply {
    readonly id: string;
    readonly tenant: string;
    readonly reference: string;
    readonly code: string;
    readonly userId: string | null;
    readonly state: "reserved" | "confirmed" | "released" | "expired";
    readonly purchaseAmountCents: number;
    readonly discountAmountCents: number;
    readonly finalAmountCents: number;
    readonly discountPercent: string | null;
    readonly createdAt: string;
    readonly expiresAt: string | null;
  }
  interface DiscountCodesConfirmInput {
    readonly redemptionId: string;
  }
  interface DiscountCodesConfirmReply {
    readonly id: string;
    readonly tenant: string;
    readonly reference: string;
    readonly code: string;
    readonly userId: string | null;
    readonly state: "reserved" | "confirmed" | "released" | "expired";
    readonly purchaseAmountCents: number;
    readonly discountAmountCents: number;
    readonly finalAmountCents: number;
    readonly discountPercent: string | null;
    readonly createdAt: string;
    readonly expiresAt: string | null;
  }
  interface DiscountCodesCreateInput {
    readonly code: string;
    readonly type?: "percentage" | "fixed_amount" | "volume" | undefined;
    readonly discountPercent?: string | number | undefined;
    readonly discountAmountCents?: number | undefined;
    readonly maxUses?: number | "unlimited" | undefined;
    readonly maxUsesPerOrganization?: number | "unlimited" | undefined;
    readonly minPurchaseCents?: number | undefined;
    readonly eligibleTiers?:
      | readonly ("free" | "starter" | "professional" | "enterprise" | "enterprise_plus")[]
      | undefined;
    readonly eligibleOrganizations?: readonly string[] | undefined;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly validFrom?: string | undefined;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly expiresAt?: string | undefined;
    readonly description?: string | undefined;
  }
  interface DiscountCodesListQuery {
    /** `nextCursor` of the page before. */
    readonly cursor?: string | undefined;

    /** Items of a page; default 100. */
    readonly limit?: number | undefined;
  }
  interface DiscountCodesListReply {
    readonly items: readonly DiscountCode[];

    /** Null on the last page. */
    readonly nextCursor: string | null;
  }
  interface DiscountCodesReleaseInput {
    readonly redemptionId: string;
  }
  interface DiscountCodesReleaseReply {
    readonly id: string;
    readonly tenant: string;
    readonly reference: string;
    readonly code: string;
    readonly userId: string | null;
    readonly state: "reserved" | "confirmed" | "released" | "expired";
    readonly purchaseAmountCents: number;
    readonly discountAmountCents: number;
    readonly finalAmountCents: number;
    readonly discountPercent: string | null;
    readonly createdAt: string;
    readonly expiresAt: string | null;
  }
  interface DiscountCodesReserveInput {
    readonly code: string;
    readonly purchaseAmountCents: number;
    readonly reference?: string | undefined;
    readonly userId?: string | undefined;
    readonly ttlMs?: number | undefined;
  }
  interface DiscountCodesReserveReply {
    readonly id: string;
    readonly tenant: string;
    readonly reference: string;
    readonly code: string;
    readonly userId: string | null;
    readonly state: "reserved" | "confirmed" | "released" | "expired";
    readonly purchaseAmountCents: number;
    readonly discountAmountCents: number;
    readonly finalAmountCents: number;
    readonly discountPercent: string | null;
    readonly createdAt: string;
    readonly expiresAt: string | null;
  }
  interface DiscountCodesValidateInput {
    readonly code: string;
    readonly purchaseAmountCents: number;
    readonly reference?: string | undefined;
  }
  interface DiscountCodesValidateReply {
    readonly valid: boolean;
    readonly code: string;
    readonly reason:
      | "code_invalid"
      | "code_not_found"
      | "redemption_ended"
      | "code_disabled"
      | "code_exhausted"
      | "code_expired"
      | "code_not_yet_active"
      | "org_not_eligible"
      | "tier_not_eligible"
      | "min_purchase_not_met"
      | "max_uses_per_org"
      | "stacking_order"
      | "no_discount"
      | null;
    readonly message: string;
    readonly purchaseAmountCents: number;
    readonly discountAmountCents: number;
    readonly finalAmountCents: number;
    readonly discountPercent: string | null;
  }
  interface EntitlementsCheckInput {
    readonly feature:
      | "apiAccess"
      | "allAgents"
      | "auditLogs"
      | "ssoEnabled"
      | "customAgents"
      | "prioritySupport"
      | "dedicatedInfrastructure"
      | "slaGuarantee"
      | "customModels"
      | "complianceCertifications"
      | "debates"
      | "seats";
  }
  interface EntitlementsCheckReply {
    readonly allowed: boolean;
    readonly reason:
      | "tier_insufficient"
      | "trial_expired"
      | "subscription_canceled"
      | "subscription_paused"
      | "organization_suspended"
      | "debate_limit_reached"
      | "seat_limit_reached"
      | null;
    readonly message: string;
    readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
    readonly limit: number | "unlimited" | null;
    readonly used: number | null;
    readonly remaining: number | "unlimited" | null;
    readonly resetsAt: string | null;
    readonly upgradeTo: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus" | null;
  }
  interface Event {
    readonly id: string;
    readonly tenant: string;
    readonly timestamp: string;
    readonly type: string;
    readonly provider: string | null;
    readonly model: string | null;
    readonly workspace: string | null;
    readonly user: string | null;
    readonly agent: string | null;
    readonly debate: string | null;
    readonly serviceTier: string | null;
    readonly quantity: number;
    readonly tokensIn: number;
    readonly cachedTokens: number;
    readonly cacheWriteTokens: number;
    readonly cacheWrite1hTokens: number;
    readonly tokensOut: number;
    readonly reasoningTokens: number;
    readonly webSearches: number;
    readonly costUsd: string;
    readonly chargeUsd: string;
    readonly price: string | null;
    readonly chargePrice: string | null;
    readonly flags: readonly string[];
    readonly usageState: string;
    readonly providerCostUsd: string | null;
    readonly isReversal: boolean;
    readonly corrects: string | null;
    readonly adjustment: string | null;
    readonly metadata: Readonly<Record<string, string | number | boolean>>;
    readonly recordedAt: string;
  }
  interface EventInput {
    /** Unique per tenant, for ever: it makes sending an event again safe. */
    readonly id?: string | undefined;

    /** If given, the request's own tenant. */
    readonly tenant?: string | undefined;

    /** The budget hold that this usage settles. */
    readonly holdId?: string | undefined;
    readonly type?: string | undefined;

    /** When it was used, with an offset. Absent: now. */
    readonly timestamp?: string | undefined;
    readonly provider?: string | undefined;
    readonly model?: string | undefined;
    readonly workspace?: string | undefined;
    readonly user?: string | undefined;
    readonly agent?: string | undefined;
    readonly debate?: string | undefined;

    /** All input tokens, cached ones included. */
    readonly tokensIn?: number | undefined;
    readonly cachedTokens?: number | undefined;
    readonly cacheWriteTokens?: number | undefined;
    readonly cacheWrite1hTokens?: number | undefined;

    /** All output tokens, reasoning included. */
    readonly tokensOut?: number | undefined;
    readonly reasoningTokens?: number | undefined;
    readonly webSearches?: number | undefined;
    readonly serviceTier?: string | undefined;
    readonly quantity?: number | undefined;

    /** What usageFromResponse of the library read, in place of counts. */
    readonly usage?: Readonly<Record<string, unknown>> | undefined;
    readonly usageState?: string | null | undefined;
    readonly providerCostUsd?: string | number | null | undefined;
    readonly metadata?: Readonly<Record<string, string | number | boolean>> | undefined;
  }
  interface EventResult {
    readonly id: string;
    readonly status: "accepted" | "duplicate" | "conflict" | "rejected";
    readonly costUsd?: string | undefined;
    readonly price?: string | null | undefined;
    readonly flags?: readonly string[] | undefined;
    readonly code?: string | undefined;
    readonly field?: string | undefined;
    readonly message?: string | undefined;
  }
  interface EventsCorrectInput {
    readonly values: {
      readonly type?: string | undefined;

      /** When it was used, with an offset. Absent: now. */
      readonly timestamp?: string | undefined;
      readonly provider?: string | undefined;
      readonly model?: string | undefined;
      readonly workspace?: string | undefined;
      readonly user?: string | undefined;
      readonly agent?: string | undefined;
      readonly debate?: string | undefined;

      /** All input tokens, cached ones included. */
      readonly tokensIn?: number | undefined;
      readonly cachedTokens?: number | undefined;
      readonly cacheWriteTokens?: number | undefined;
      readonly cacheWrite1hTokens?: number | undefined;

      /** All output tokens, reasoning included. */
      readonly tokensOut?: number | undefined;
      readonly reasoningTokens?: number | undefined;
      readonly webSearches?: number | undefined;
      readonly serviceTier?: string | undefined;
      readonly quantity?: number | undefined;

      /** What usageFromResponse of the library read, in place of counts. */
      readonly usage?: Readonly<Record<string, unknown>> | undefined;
      readonly usageState?: string | null | undefined;
      readonly providerCostUsd?: string | number | null | undefined;
      readonly metadata?: Readonly<Record<string, string | number | boolean>> | undefined;
    } | null;
    readonly reason: string;
    readonly id?: string | undefined;
  }
  interface EventsCorrectReply {
    readonly id: string;
    readonly status: string;
    readonly reversal: Event | null;
    readonly replacement: Event | null;
  }
  interface EventsListQuery {
    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly from?: string | undefined;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly to?: string | undefined;

    /** `nextCursor` of the page before. */
    readonly cursor?: string | undefined;

    /** Items of a page; default 100. */
    readonly limit?: number | undefined;
  }
  interface EventsListReply {
    readonly items: readonly Event[];

    /** Null on the last page. */
    readonly nextCursor: string | null;
  }
  interface EventsRecordReply {
    readonly accepted: number;
    readonly duplicates: number;
    readonly conflicts: number;
    readonly rejected: number;

    /** One per event, in order. */
    readonly results: readonly EventResult[];

    /** Of a long stream: results of recorded events that are left out. */
    readonly omittedResults?: number | undefined;
  }
  interface Hold {
    readonly id: string;
    readonly tenant: string;
    readonly state: string;
    readonly expiresAt: string;
    readonly parts: readonly {
      readonly budget: string;
      readonly amount: string;
      readonly remaining: string;
    }[];
    readonly settledBy: string | null;
    readonly flags: readonly string[];
    readonly failOpen: boolean;
    readonly warnings: readonly string[];
  }
  interface HoldsAuthorizeInput {
    readonly dimensions?:
      | {
          readonly workspace?: string | undefined;
          readonly user?: string | undefined;
          readonly agent?: string | undefined;
          readonly debate?: string | undefined;
          readonly provider?: string | undefined;
          readonly model?: string | undefined;
        }
      | undefined;
    readonly type?: string | undefined;
    readonly estimatedCostUsd?: string | number | undefined;
    readonly maxOutputTokens?: number | undefined;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly at?: string | undefined;
    readonly tokensIn?: number | undefined;
    readonly cachedTokens?: number | undefined;
    readonly cacheWriteTokens?: number | undefined;
    readonly cacheWrite1hTokens?: number | undefined;
    readonly tokensOut?: number | undefined;
    readonly reasoningTokens?: number | undefined;
    readonly webSearches?: number | undefined;
    readonly serviceTier?: string | undefined;
    readonly quantity?: number | undefined;
    readonly ttlMs?: number | undefined;
    readonly key?: string | undefined;
  }
  interface HoldsCaptureInput {
    readonly costUsd?: string | number | undefined;
    readonly tokensIn?: number | undefined;
    readonly cachedTokens?: number | undefined;
    readonly cacheWriteTokens?: number | undefined;
    readonly cacheWrite1hTokens?: number | undefined;
    readonly tokensOut?: number | undefined;
    readonly reasoningTokens?: number | undefined;
    readonly webSearches?: number | undefined;
    readonly serviceTier?: string | undefined;
    readonly quantity?: number | undefined;
  }
  interface Invitation {
    readonly id: string;
    readonly organizationId: string;
    readonly email: string;
    readonly role: "owner" | "admin" | "member" | "viewer" | "billing";
    readonly status: "pending" | "accepted" | "revoked" | "expired";
    readonly invitedBy: { readonly kind: string; readonly id: string };
    readonly userId: string | null;
    readonly createdAt: string;
    readonly expiresAt: string;
  }
  interface InvitationsAcceptInput {
    readonly token: string;
    readonly userId?: string | undefined;
  }
  interface InvitationsCreateInput {
    readonly email: string;
    readonly role: "owner" | "admin" | "member" | "viewer" | "billing";
  }
  interface InvitationsCreateReply {
    readonly id: string;
    readonly organizationId: string;
    readonly email: string;
    readonly role: "owner" | "admin" | "member" | "viewer" | "billing";
    readonly status: "pending" | "accepted" | "revoked" | "expired";
    readonly invitedBy: { readonly kind: string; readonly id: string };
    readonly userId: string | null;
    readonly createdAt: string;
    readonly expiresAt: string;
    readonly token: string;
  }
  interface InvitationsListQuery {
    /** `nextCursor` of the page before. */
    readonly cursor?: string | undefined;

    /** Items of a page; default 100. */
    readonly limit?: number | undefined;
  }
  interface InvitationsListReply {
    readonly items: readonly Invitation[];

    /** Null on the last page. */
    readonly nextCursor: string | null;
  }
  interface InvoiceSummary {
    readonly id: string;
    readonly tenant: string;

    /** Null for a draft. */
    readonly number: string | null;

    /** A month of UTC. */
    readonly period: string;
    readonly status: "draft" | "finalized" | "paid" | "void" | "uncollectible";
    readonly isOverdue: boolean;
    readonly currency: string;

    /** 0 for a draft: see its content. */
    readonly totalCents: number;
    readonly creditsAppliedCents: number;
    readonly paidCents: number;
    readonly creditedCents: number;
    readonly amountDueCents: number;
    readonly createdAt: string;
    readonly finalizedAt: string | null;
    readonly dueAt: string | null;
    readonly settledAt: string | null;
  }
  interface InvoicesCreateCreditNoteInput {
    readonly reason: string;

    /** Cents per line, without discount and tax. Absent: all that is left of the invoice. */
    readonly lines?: readonly { readonly lineId: string; readonly amountCents: number }[] | undefined;
    readonly refundTo?: "credits" | "payment" | undefined;
    readonly reference?: string | undefined;
  }
  interface InvoicesCreateInput {
    /** A month of UTC. */
    readonly period: string;

    /** The tax on every line, as a fraction: "0.19". Default 0. */
    readonly taxRate?: string | number | undefined;
    readonly taxRates?:
      | {
          readonly subscription?: string | number | undefined;
          readonly usage?: string | number | undefined;
          readonly item?: string | number | undefined;
        }
      | undefined;
    readonly taxExempt?: string | null | undefined;
    readonly reverseCharge?: boolean | undefined;
    readonly discountCodes?: readonly string[] | undefined;
    readonly volumeDiscount?: boolean | undefined;
    readonly applyCredits?: boolean | undefined;
    readonly alwaysMetered?: boolean | undefined;

    /** Default 30. */
    readonly dueInDays?: number | undefined;
    readonly items?:
      | readonly {
          readonly description: string;
          readonly quantity?: string | number | undefined;
          readonly amountCents: number;
        }[]
      | undefined;
    readonly notes?: readonly string[] | undefined;
    readonly paymentInstructions?: string | null | undefined;
  }
  interface InvoicesCreditNotesReply {
    readonly items: readonly CreditNote[];
  }
  interface InvoicesExplainQuery {
    /** `nextCursor` of the page before. */
    readonly cursor?: string | undefined;

    /** Items of a page; default 100. */
    readonly limit?: number | undefined;
  }
  interface InvoicesListQuery {
    readonly status?: "draft" | "finalized" | "paid" | "void" | "uncollectible" | undefined;

    /** `nextCursor` of the page before. */
    readonly cursor?: string | undefined;

    /** Items of a page; default 100. */
    readonly limit?: number | undefined;
  }
  interface InvoicesListReply {
    readonly items: readonly InvoiceSummary[];

    /** Null on the last page. */
    readonly nextCursor: string | null;
  }
  interface InvoicesPayInput {
    readonly amountCents?: number | undefined;
    readonly reference?: string | undefined;
    readonly method?: string | undefined;
  }
  interface InvoicesPreviewInput {
    /** A month of UTC. */
    readonly period: string;

    /** The tax on every line, as a fraction: "0.19". Default 0. */
    readonly taxRate?: string | number | undefined;
    readonly taxRates?:
      | {
          readonly subscription?: string | number | undefined;
          readonly usage?: string | number | undefined;
          readonly item?: string | number | undefined;
        }
      | undefined;
    readonly taxExempt?: string | null | undefined;
    readonly reverseCharge?: boolean | undefined;
    readonly discountCodes?: readonly string[] | undefined;
    readonly volumeDiscount?: boolean | undefined;
    readonly applyCredits?: boolean | undefined;
    readonly alwaysMetered?: boolean | undefined;

    /** Default 30. */
    readonly dueInDays?: number | undefined;
    readonly items?:
      | readonly {
          readonly description: string;
          readonly quantity?: string | number | undefined;
          readonly amountCents: number;
        }[]
      | undefined;
    readonly notes?: readonly string[] | undefined;
    readonly paymentInstructions?: string | null | undefined;
  }
  interface InvoicesRemoveReply {
    readonly id: string;
    readonly deleted: true;
  }
  interface InvoicesRunInput {
    /** A month of UTC. */
    readonly period: string;

    /** The tax on every line, as a fraction: "0.19". Default 0. */
    readonly taxRate?: string | number | undefined;
    readonly taxRates?:
      | {
          readonly subscription?: string | number | undefined;
          readonly usage?: string | number | undefined;
          readonly item?: string | number | undefined;
        }
      | undefined;
    readonly taxExempt?: string | null | undefined;
    readonly reverseCharge?: boolean | undefined;
    readonly discountCodes?: readonly string[] | undefined;
    readonly volumeDiscount?: boolean | undefined;
    readonly applyCredits?: boolean | undefined;
    readonly alwaysMetered?: boolean | undefined;

    /** Default 30. */
    readonly dueInDays?: number | undefined;
    readonly items?:
      | readonly {
          readonly description: string;
          readonly quantity?: string | number | undefined;
          readonly amountCents: number;
        }[]
      | undefined;
    readonly notes?: readonly string[] | undefined;
    readonly paymentInstructions?: string | null | undefined;
  }
  interface InvoicesRunReply {
    /** A month of UTC. */
    readonly period: string;
    readonly tenants: number;
    readonly finalized: number;
    readonly ownTerms: number;
    readonly already: number;
    readonly totalCents: number;
    readonly failures: readonly {
      readonly tenant: string;
      readonly code: string;
      readonly message: string;
    }[];
  }
  interface InvoicesSetTermsInput {
    /** The tax on every line, as a fraction: "0.19". Default 0. */
    readonly taxRate?: string | number | undefined;
    readonly taxRates?:
      | {
          readonly subscription?: string | number | undefined;
          readonly usage?: string | number | undefined;
          readonly item?: string | number | undefined;
        }
      | undefined;
    readonly taxExempt?: string | null | undefined;
    readonly reverseCharge?: boolean | undefined;
    readonly discountCodes?: readonly string[] | undefined;
    readonly volumeDiscount?: boolean | undefined;
    readonly applyCredits?: boolean | undefined;
    readonly alwaysMetered?: boolean | undefined;

    /** Default 30. */
    readonly dueInDays?: number | undefined;
    readonly items?:
      | readonly {
          readonly description: string;
          readonly quantity?: string | number | undefined;
          readonly amountCents: number;
        }[]
      | undefined;
    readonly notes?: readonly string[] | undefined;
    readonly paymentInstructions?: string | null | undefined;
  }
  interface InvoicesVoidInput {
    readonly reason: string;
  }
  interface MeGetReply {
    readonly id: string;
    readonly email: string | null;
    readonly name: string | null;
    readonly hasPassword: boolean;
    readonly isMfaEnabled: boolean;
    readonly backupCodesLeft: number;
    readonly organizations: readonly {
      readonly id: string;
      readonly name: string;
      readonly slug: string;
      readonly role: "owner" | "admin" | "member" | "viewer" | "billing";
      readonly joinedAt: string;
    }[];
  }
  interface Member {
    readonly organizationId: string;
    readonly userId: string;
    readonly email: string | null;
    readonly name: string | null;
    readonly role: "owner" | "admin" | "member" | "viewer" | "billing";
    readonly joinedAt: string;
    readonly updatedAt: string;
  }
  interface MembersAddInput {
    readonly userId: string;
    readonly role: "owner" | "admin" | "member" | "viewer" | "billing";
  }
  interface MembersListQuery {
    /** `nextCursor` of the page before. */
    readonly cursor?: string | undefined;

    /** Items of a page; default 100. */
    readonly limit?: number | undefined;
  }
  interface MembersListReply {
    readonly items: readonly Member[];

    /** Null on the last page. */
    readonly nextCursor: string | null;
  }
  interface MembersRemoveReply {
    readonly userId: string;
    readonly removed: boolean;
  }
  interface MembersUpdateInput {
    readonly role: "owner" | "admin" | "member" | "viewer" | "billing";
  }
  interface Notification {
    readonly id: string;
    readonly tenant: string;
    readonly kind:
      | "payment_failed"
      | "trial_ending"
      | "subscription_canceled"
      | "subscription_downgraded"
      | "budget_alert"
      | "forecast_overage"
      | "credit_expiring"
      | "invoice_issued"
      | "payment_received"
      | "invoice_due"
      | "invoice_overdue"
      | "credit_note_issued"
      | "invoice_voided"
      | "account";
    readonly recipient: string | null;
    readonly state: "pending" | "delivered" | "dead";
    readonly attempts: number;
    readonly method: "email" | "webhook" | "log" | null;
    readonly lastError: string | null;
    readonly payload: Readonly<Record<string, string | number>>;
    readonly createdAt: string;
    readonly deliveredAt: string | null;
    readonly deadAfter: string;
  }
  interface NotificationsListQuery {
    readonly state?: "pending" | "delivered" | "dead" | undefined;

    /** `nextCursor` of the page before. */
    readonly cursor?: string | undefined;

    /** Items of a page; default 100. */
    readonly limit?: number | undefined;
  }
  interface NotificationsListReply {
    readonly items: readonly Notification[];

    /** Null on the last page. */
    readonly nextCursor: string | null;
  }
  interface OperationsVerifyReply {
    readonly ok: boolean;
    readonly events: number;
    readonly differences: readonly string[];
  }
  interface Organization {
    readonly id: string;
    readonly name: string;
    readonly slug: string;
    readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
    readonly status: "active" | "suspended" | "erased";
    readonly members: number;
    readonly seats: number | "unlimited";
    readonly createdAt: string;
    readonly updatedAt: string;
  }
  interface OrganizationsBillingProfileReply {
    readonly profile: {
      readonly legalName: string;
      readonly address: string;
      readonly country: string;
      readonly email: string;
      readonly currency: string;
      readonly taxId: string | null;
      readonly updatedAt: string;
    } | null;
  }
  interface OrganizationsCreateInput {
    readonly name: string;
    readonly ownerId?: string | undefined;
    readonly slug?: string | undefined;
    readonly id?: string | undefined;
    readonly tier?: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus" | undefined;
  }
  interface OrganizationsEraseInput {
    /** The organization's id again. */
    readonly confirm: string;
  }
  interface OrganizationsExportReply {
    readonly exportedAt: string;
    readonly organization: Organization;
    readonly billingProfile: {
      readonly legalName: string;
      readonly address: string;
      readonly country: string;
      readonly email: string;
      readonly currency: string;
      readonly taxId: string | null;
      readonly updatedAt: string;
    } | null;
    readonly members: readonly {
      readonly organizationId: string;
      readonly userId: string;
      readonly email: string | null;
      readonly name: string | null;
      readonly role: "owner" | "admin" | "member" | "viewer" | "billing";
      readonly joinedAt: string;
      readonly updatedAt: string;
      readonly status: "active" | "removed";
    }[];
    readonly invitations: readonly Invitation[];
    readonly workspaces: readonly Workspace[];
  }
  interface OrganizationsListQuery {
    /** `nextCursor` of the page before. */
    readonly cursor?: string | undefined;

    /** Items of a page; default 100. */
    readonly limit?: number | undefined;
  }
  interface OrganizationsListReply {
    readonly items: readonly Organization[];

    /** Null on the last page. */
    readonly nextCursor: string | null;
  }
  interface OrganizationsSetBillingProfileInput {
    readonly legalName: string;
    readonly address: string;
    readonly country: string;
    readonly email: string;
    readonly currency: string;
    readonly taxId?: string | undefined;
  }
  interface OrganizationsSetBillingProfileReply {
    readonly profile: {
      readonly legalName: string;
      readonly address: string;
      readonly country: string;
      readonly email: string;
      readonly currency: string;
      readonly taxId: string | null;
      readonly updatedAt: string;
    } | null;
  }
  interface OrganizationsSetTierInput {
    readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
  }
  interface OrganizationsUpdateInput {
    readonly name?: string | undefined;
    readonly slug?: string | undefined;
  }
  interface Plan {
    readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
    readonly version: number;
    readonly priceMonthlyUsd: string;
    readonly debatesPerMonth: number | "unlimited";
    readonly usersPerOrg: number | "unlimited";
    readonly features: Readonly<Record<string, boolean>>;
  }
  interface PlansListReply {
    readonly items: readonly Plan[];
  }
  interface Price {
    readonly id: string;
    readonly layer: string;
    readonly provider: string;
    readonly model: string;
    readonly aliases?: readonly string[] | undefined;
    readonly input: string | number;
    readonly output: string | number;
    readonly cachedInput?: string | number | undefined;
    readonly cacheWrite5m?: string | number | undefined;
    readonly cacheWrite1h?: string | number | undefined;
    readonly reasoning?: string | number | undefined;
    readonly perUnit?: string | number | undefined;
    readonly unitSize?: number | undefined;
    readonly perWebSearch?: string | number | undefined;
    readonly bands?:
      | readonly {
          readonly aboveInputTokens: number;
          readonly input: string | number;
          readonly output: string | number;
          readonly cachedInput?: string | number | undefined;
          readonly cacheWrite5m?: string | number | undefined;
          readonly cacheWrite1h?: string | number | undefined;
          readonly reasoning?: string | number | undefined;
        }[]
      | undefined;
    readonly tiers?:
      | Readonly<
          Record<
            string,
            {
              readonly input: string | number;
              readonly output: string | number;
              readonly cachedInput?: string | number | undefined;
              readonly cacheWrite5m?: string | number | undefined;
              readonly cacheWrite1h?: string | number | undefined;
              readonly reasoning?: string | number | undefined;
              readonly bands?:
                | readonly {
                    readonly aboveInputTokens: number;
                    readonly input: string | number;
                    readonly output: string | number;
                    readonly cachedInput?: string | number | undefined;
                    readonly cacheWrite5m?: string | number | undefined;
                    readonly cacheWrite1h?: string | number | undefined;
                    readonly reasoning?: string | number | undefined;
                  }[]
                | undefined;
            }
          >
        >
      | undefined;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly effectiveFrom?: string | undefined;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly effectiveTo?: string | undefined;
    readonly source?: string | undefined;
  }
  interface PriceRule {
    readonly id: string;
    readonly appliesTo?: "charge" | "cost" | undefined;
    readonly tenant?: string | undefined;
    readonly provider?: string | undefined;
    readonly model?: string | undefined;
    readonly prices?:
      | {
          readonly input: string | number;
          readonly output: string | number;
          readonly cachedInput?: string | number | undefined;
          readonly cacheWrite5m?: string | number | undefined;
          readonly cacheWrite1h?: string | number | undefined;
          readonly reasoning?: string | number | undefined;
          readonly perUnit?: string | number | undefined;
          readonly unitSize?: number | undefined;
          readonly perWebSearch?: string | number | undefined;
          readonly bands?:
            | readonly {
                readonly aboveInputTokens: number;
                readonly input: string | number;
                readonly output: string | number;
                readonly cachedInput?: string | number | undefined;
                readonly cacheWrite5m?: string | number | undefined;
                readonly cacheWrite1h?: string | number | undefined;
                readonly reasoning?: string | number | undefined;
              }[]
            | undefined;
          readonly tiers?:
            | Readonly<
                Record<
                  string,
                  {
                    readonly input: string | number;
                    readonly output: string | number;
                    readonly cachedInput?: string | number | undefined;
                    readonly cacheWrite5m?: string | number | undefined;
                    readonly cacheWrite1h?: string | number | undefined;
                    readonly reasoning?: string | number | undefined;
                    readonly bands?:
                      | readonly {
                          readonly aboveInputTokens: number;
                          readonly input: string | number;
                          readonly output: string | number;
                          readonly cachedInput?: string | number | undefined;
                          readonly cacheWrite5m?: string | number | undefined;
                          readonly cacheWrite1h?: string | number | undefined;
                          readonly reasoning?: string | number | undefined;
                        }[]
                      | undefined;
                  }
                >
              >
            | undefined;
        }
      | undefined;
    readonly percent?: string | number | undefined;
    readonly none?: true | undefined;
    readonly feePerCall?: string | number | undefined;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly effectiveFrom?: string | undefined;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly effectiveTo?: string | undefined;
    readonly note?: string | undefined;
  }
  interface PriceRulesAddInput {
    readonly rules: readonly {
      readonly appliesTo?: "charge" | "cost" | undefined;
      readonly tenant?: string | undefined;
      readonly provider?: string | undefined;
      readonly model?: string | undefined;
      readonly prices?:
        | {
            readonly input: string | number;
            readonly output: string | number;
            readonly cachedInput?: string | number | undefined;
            readonly cacheWrite5m?: string | number | undefined;
            readonly cacheWrite1h?: string | number | undefined;
            readonly reasoning?: string | number | undefined;
            readonly perUnit?: string | number | undefined;
            readonly unitSize?: number | undefined;
            readonly perWebSearch?: string | number | undefined;
            readonly bands?:
              | readonly {
                  readonly aboveInputTokens: number;
                  readonly input: string | number;
                  readonly output: string | number;
                  readonly cachedInput?: string | number | undefined;
                  readonly cacheWrite5m?: string | number | undefined;
                  readonly cacheWrite1h?: string | number | undefined;
                  readonly reasoning?: string | number | undefined;
                }[]
              | undefined;
            readonly tiers?:
              | Readonly<
                  Record<
                    string,
                    {
                      readonly input: string | number;
                      readonly output: string | number;
                      readonly cachedInput?: string | number | undefined;
                      readonly cacheWrite5m?: string | number | undefined;
                      readonly cacheWrite1h?: string | number | undefined;
                      readonly reasoning?: string | number | undefined;
                      readonly bands?:
                        | readonly {
                            readonly aboveInputTokens: number;
                            readonly input: string | number;
                            readonly output: string | number;
                            readonly cachedInput?: string | number | undefined;
                            readonly cacheWrite5m?: string | number | undefined;
                            readonly cacheWrite1h?: string | number | undefined;
                            readonly reasoning?: string | number | undefined;
                          }[]
                        | undefined;
                    }
                  >
                >
              | undefined;
          }
        | undefined;
      readonly percent?: string | number | undefined;
      readonly none?: true | undefined;
      readonly feePerCall?: string | number | undefined;

      /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
      readonly effectiveFrom?: string | undefined;

      /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
      readonly effectiveTo?: string | undefined;
      readonly note?: string | undefined;
    }[];
  }
  interface PriceRulesAddReply {
    readonly added: number;
    readonly unchanged: number;
  }
  interface PriceRulesListQuery {
    /** `nextCursor` of the page before. */
    readonly cursor?: string | undefined;

    /** Items of a page; default 100. */
    readonly limit?: number | undefined;
  }
  interface PriceRulesListReply {
    readonly items: readonly PriceRule[];

    /** Null on the last page. */
    readonly nextCursor: string | null;
  }
  interface PricesAddInput {
    readonly prices: readonly {
      readonly provider: string;
      readonly model: string;
      readonly aliases?: readonly string[] | undefined;
      readonly input: string | number;
      readonly output: string | number;
      readonly cachedInput?: string | number | undefined;
      readonly cacheWrite5m?: string | number | undefined;
      readonly cacheWrite1h?: string | number | undefined;
      readonly reasoning?: string | number | undefined;
      readonly perUnit?: string | number | undefined;
      readonly unitSize?: number | undefined;
      readonly perWebSearch?: string | number | undefined;
      readonly bands?:
        | readonly {
            readonly aboveInputTokens: number;
            readonly input: string | number;
            readonly output: string | number;
            readonly cachedInput?: string | number | undefined;
            readonly cacheWrite5m?: string | number | undefined;
            readonly cacheWrite1h?: string | number | undefined;
            readonly reasoning?: string | number | undefined;
          }[]
        | undefined;
      readonly tiers?:
        | Readonly<
            Record<
              string,
              {
                readonly input: string | number;
                readonly output: string | number;
                readonly cachedInput?: string | number | undefined;
                readonly cacheWrite5m?: string | number | undefined;
                readonly cacheWrite1h?: string | number | undefined;
                readonly reasoning?: string | number | undefined;
                readonly bands?:
                  | readonly {
                      readonly aboveInputTokens: number;
                      readonly input: string | number;
                      readonly output: string | number;
                      readonly cachedInput?: string | number | undefined;
                      readonly cacheWrite5m?: string | number | undefined;
                      readonly cacheWrite1h?: string | number | undefined;
                      readonly reasoning?: string | number | undefined;
                    }[]
                  | undefined;
              }
            >
          >
        | undefined;

      /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
      readonly effectiveFrom?: string | undefined;

      /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
      readonly effectiveTo?: string | undefined;
      readonly source?: string | undefined;
    }[];
  }
  interface PricesAddReply {
    readonly added: number;
    readonly unchanged: number;
  }
  interface PricesListQuery {
    readonly provider?: string | undefined;
    readonly model?: string | undefined;

    /** `nextCursor` of the page before. */
    readonly cursor?: string | undefined;

    /** Items of a page; default 100. */
    readonly limit?: number | undefined;
  }
  interface PricesListReply {
    readonly items: readonly Price[];

    /** Null on the last page. */
    readonly nextCursor: string | null;
  }
  interface PricesRerateInput {
    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly from: string;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly to: string;
    readonly provider?: string | undefined;
    readonly model?: string | undefined;
    readonly dryRun?: boolean | undefined;
    readonly reason?: string | undefined;
    readonly id?: string | undefined;
  }
  interface PricesRerateReply {
    readonly id: string | null;
    readonly dryRun: boolean;
    readonly examined: number;
    readonly kept: number;
    readonly tenants: readonly {
      readonly tenant: string;
      readonly events: number;
      readonly costBeforeUsd: string;
      readonly costAfterUsd: string;
      readonly chargeBeforeUsd: string;
      readonly chargeAfterUsd: string;
    }[];
  }
  interface SellerProfileGetReply {
    readonly profile: {
      readonly legalName: string;
      readonly address: string;
      readonly country: string;
      readonly email: string;
      readonly currency: string;
      readonly taxId: string | null;
      readonly updatedAt: string;
    } | null;
  }
  interface SellerProfileSetInput {
    readonly legalName: string;
    readonly address: string;
    readonly country: string;
    readonly email: string;
    readonly currency: string;
    readonly taxId?: string | undefined;
  }
  interface SellerProfileSetReply {
    readonly profile: {
      readonly legalName: string;
      readonly address: string;
      readonly country: string;
      readonly email: string;
      readonly currency: string;
      readonly taxId: string | null;
      readonly updatedAt: string;
    } | null;
  }
  interface Session {
    readonly id: string;
    readonly isCurrent: boolean;
    readonly device: string;
    readonly ip: string | null;
    readonly authenticatedBy: readonly (
      | "password"
      | "totp"
      | "backup_code"
      | "login_link"
      | "oidc"
      | "external"
    )[];
    readonly startedAt: string;
    readonly lastSeenAt: string;
    readonly expiresAt: string;
    readonly endedAt: string | null;
    readonly endReason: "revoked" | "revoked_all" | "displaced" | "reuse" | "idle" | "expired" | null;
  }
  interface SessionsListQuery {
    /** `nextCursor` of the page before. */
    readonly cursor?: string | undefined;

    /** Items of a page; default 100. */
    readonly limit?: number | undefined;
  }
  interface SessionsListReply {
    readonly items: readonly Session[];

    /** Null on the last page. */
    readonly nextCursor: string | null;
  }
  interface SessionsRevokeOthersReply {
    readonly ended: number;
  }
  interface SpendsRecordInput {
    readonly dimensions?:
      | {
          readonly workspace?: string | undefined;
          readonly user?: string | undefined;
          readonly agent?: string | undefined;
          readonly debate?: string | undefined;
          readonly provider?: string | undefined;
          readonly model?: string | undefined;
        }
      | undefined;
    readonly type?: string | undefined;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly at?: string | undefined;
    readonly tokensIn?: number | undefined;
    readonly cachedTokens?: number | undefined;
    readonly cacheWriteTokens?: number | undefined;
    readonly cacheWrite1hTokens?: number | undefined;
    readonly tokensOut?: number | undefined;
    readonly reasoningTokens?: number | undefined;
    readonly webSearches?: number | undefined;
    readonly serviceTier?: string | undefined;
    readonly quantity?: number | undefined;
    readonly amountUsd?: string | number | undefined;
    readonly eventId?: string | undefined;
    readonly enforce?: boolean | undefined;
    readonly key?: string | undefined;
  }
  interface SpendsRecordReply {
    readonly id: string;
    readonly at: string;
    readonly costUsd: string;
    readonly tokens: number;
    readonly counted: boolean;
    readonly eventId: string | null;
    readonly holdId: string | null;
    readonly flags: readonly string[];
    readonly warnings: readonly string[];
    readonly budgets: readonly BudgetDecision[];
  }
  interface SubscriptionCancelInput {
    readonly when?: "now" | "period_end" | undefined;
  }
  interface SubscriptionCancelReply {
    readonly subscription: {
      readonly tenant: string;
      readonly status: "trialing" | "active" | "past_due" | "paused" | "canceled";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly priceMonthlyCents: number;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly scheduled: {
        readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
        readonly at: string;
      } | null;
      readonly trial: { readonly start: string; readonly end: string; readonly isExtended: boolean } | null;
    };
    readonly lines: readonly {
      readonly kind: "charge" | "credit";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly from: string;
      readonly to: string;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly amountCents: number;
      readonly currency: string;
      readonly description: string;
    }[];
    readonly totalCents: number;
    readonly effectiveAt: string;
  }
  interface SubscriptionChangeInput {
    readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
    readonly when?: "now" | "period_end" | undefined;

    /** Cents: `totalCents` of a preview. Refused when it is another sum by now. */
    readonly expectedTotalCents?: number | undefined;
  }
  interface SubscriptionChangeReply {
    readonly subscription: {
      readonly tenant: string;
      readonly status: "trialing" | "active" | "past_due" | "paused" | "canceled";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly priceMonthlyCents: number;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly scheduled: {
        readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
        readonly at: string;
      } | null;
      readonly trial: { readonly start: string; readonly end: string; readonly isExtended: boolean } | null;
    };
    readonly lines: readonly {
      readonly kind: "charge" | "credit";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly from: string;
      readonly to: string;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly amountCents: number;
      readonly currency: string;
      readonly description: string;
    }[];
    readonly totalCents: number;
    readonly effectiveAt: string;
  }
  interface SubscriptionConvertTrialInput {
    readonly tier?: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus" | undefined;

    /** Cents: `totalCents` of a preview. Refused when it is another sum by now. */
    readonly expectedTotalCents?: number | undefined;
  }
  interface SubscriptionConvertTrialReply {
    readonly subscription: {
      readonly tenant: string;
      readonly status: "trialing" | "active" | "past_due" | "paused" | "canceled";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly priceMonthlyCents: number;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly scheduled: {
        readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
        readonly at: string;
      } | null;
      readonly trial: { readonly start: string; readonly end: string; readonly isExtended: boolean } | null;
    };
    readonly lines: readonly {
      readonly kind: "charge" | "credit";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly from: string;
      readonly to: string;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly amountCents: number;
      readonly currency: string;
      readonly description: string;
    }[];
    readonly totalCents: number;
    readonly effectiveAt: string;
  }
  interface SubscriptionExtendTrialReply {
    readonly subscription: {
      readonly tenant: string;
      readonly status: "trialing" | "active" | "past_due" | "paused" | "canceled";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly priceMonthlyCents: number;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly scheduled: {
        readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
        readonly at: string;
      } | null;
      readonly trial: { readonly start: string; readonly end: string; readonly isExtended: boolean } | null;
    };
    readonly lines: readonly {
      readonly kind: "charge" | "credit";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly from: string;
      readonly to: string;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly amountCents: number;
      readonly currency: string;
      readonly description: string;
    }[];
    readonly totalCents: number;
    readonly effectiveAt: string;
  }
  interface SubscriptionGetReply {
    readonly tenant: string;
    readonly status: "trialing" | "active" | "past_due" | "paused" | "canceled";
    readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
    readonly planVersion: number;
    readonly priceMonthlyCents: number;
    readonly periodStart: string;
    readonly periodEnd: string;
    readonly scheduled: {
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly at: string;
    } | null;
    readonly trial: { readonly start: string; readonly end: string; readonly isExtended: boolean } | null;
  }
  interface SubscriptionLinesQuery {
    /** `nextCursor` of the page before. */
    readonly cursor?: string | undefined;

    /** Items of a page; default 100. */
    readonly limit?: number | undefined;
  }
  interface SubscriptionLinesReply {
    readonly items: readonly {
      readonly id: string;
      readonly tenant: string;
      readonly number: number;
      readonly kind: "charge" | "credit";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly from: string;
      readonly to: string;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly amountCents: number;
      readonly currency: string;
      readonly description: string;
      readonly at: string;
    }[];

    /** Null on the last page. */
    readonly nextCursor: string | null;
  }
  interface SubscriptionMarkPaidReply {
    readonly subscription: {
      readonly tenant: string;
      readonly status: "trialing" | "active" | "past_due" | "paused" | "canceled";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly priceMonthlyCents: number;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly scheduled: {
        readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
        readonly at: string;
      } | null;
      readonly trial: { readonly start: string; readonly end: string; readonly isExtended: boolean } | null;
    };
    readonly lines: readonly {
      readonly kind: "charge" | "credit";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly from: string;
      readonly to: string;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly amountCents: number;
      readonly currency: string;
      readonly description: string;
    }[];
    readonly totalCents: number;
    readonly effectiveAt: string;
  }
  interface SubscriptionMarkPastDueReply {
    readonly subscription: {
      readonly tenant: string;
      readonly status: "trialing" | "active" | "past_due" | "paused" | "canceled";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly priceMonthlyCents: number;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly scheduled: {
        readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
        readonly at: string;
      } | null;
      readonly trial: { readonly start: string; readonly end: string; readonly isExtended: boolean } | null;
    };
    readonly lines: readonly {
      readonly kind: "charge" | "credit";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly from: string;
      readonly to: string;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly amountCents: number;
      readonly currency: string;
      readonly description: string;
    }[];
    readonly totalCents: number;
    readonly effectiveAt: string;
  }
  interface SubscriptionPauseReply {
    readonly subscription: {
      readonly tenant: string;
      readonly status: "trialing" | "active" | "past_due" | "paused" | "canceled";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly priceMonthlyCents: number;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly scheduled: {
        readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
        readonly at: string;
      } | null;
      readonly trial: { readonly start: string; readonly end: string; readonly isExtended: boolean } | null;
    };
    readonly lines: readonly {
      readonly kind: "charge" | "credit";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly from: string;
      readonly to: string;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly amountCents: number;
      readonly currency: string;
      readonly description: string;
    }[];
    readonly totalCents: number;
    readonly effectiveAt: string;
  }
  interface SubscriptionPreviewInput {
    readonly kind:
      | "start_trial"
      | "convert_trial"
      | "change_plan"
      | "cancel"
      | "resume"
      | "pause"
      | "unpause";
    readonly tier?: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus" | undefined;
    readonly when?: "now" | "period_end" | undefined;
  }
  interface SubscriptionPreviewReply {
    readonly subscription: {
      readonly tenant: string;
      readonly status: "trialing" | "active" | "past_due" | "paused" | "canceled";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly priceMonthlyCents: number;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly scheduled: {
        readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
        readonly at: string;
      } | null;
      readonly trial: { readonly start: string; readonly end: string; readonly isExtended: boolean } | null;
    };
    readonly lines: readonly {
      readonly kind: "charge" | "credit";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly from: string;
      readonly to: string;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly amountCents: number;
      readonly currency: string;
      readonly description: string;
    }[];
    readonly totalCents: number;
    readonly effectiveAt: string;
  }
  interface SubscriptionResumeReply {
    readonly subscription: {
      readonly tenant: string;
      readonly status: "trialing" | "active" | "past_due" | "paused" | "canceled";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly priceMonthlyCents: number;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly scheduled: {
        readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
        readonly at: string;
      } | null;
      readonly trial: { readonly start: string; readonly end: string; readonly isExtended: boolean } | null;
    };
    readonly lines: readonly {
      readonly kind: "charge" | "credit";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly from: string;
      readonly to: string;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly amountCents: number;
      readonly currency: string;
      readonly description: string;
    }[];
    readonly totalCents: number;
    readonly effectiveAt: string;
  }
  interface SubscriptionTrialInput {
    readonly tier?: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus" | undefined;
  }
  interface SubscriptionTrialReply {
    readonly subscription: {
      readonly tenant: string;
      readonly status: "trialing" | "active" | "past_due" | "paused" | "canceled";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly priceMonthlyCents: number;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly scheduled: {
        readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
        readonly at: string;
      } | null;
      readonly trial: { readonly start: string; readonly end: string; readonly isExtended: boolean } | null;
    };
    readonly lines: readonly {
      readonly kind: "charge" | "credit";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly from: string;
      readonly to: string;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly amountCents: number;
      readonly currency: string;
      readonly description: string;
    }[];
    readonly totalCents: number;
    readonly effectiveAt: string;
  }
  interface SubscriptionUnpauseReply {
    readonly subscription: {
      readonly tenant: string;
      readonly status: "trialing" | "active" | "past_due" | "paused" | "canceled";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly priceMonthlyCents: number;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly scheduled: {
        readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
        readonly at: string;
      } | null;
      readonly trial: { readonly start: string; readonly end: string; readonly isExtended: boolean } | null;
    };
    readonly lines: readonly {
      readonly kind: "charge" | "credit";
      readonly tier: "free" | "starter" | "professional" | "enterprise" | "enterprise_plus";
      readonly planVersion: number;
      readonly from: string;
      readonly to: string;
      readonly periodStart: string;
      readonly periodEnd: string;
      readonly amountCents: number;
      readonly currency: string;
      readonly description: string;
    }[];
    readonly totalCents: number;
    readonly effectiveAt: string;
  }
  interface UsageAcrossTenantsQuery {
    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly from?: string | undefined;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly to?: string | undefined;

    /** Groupings, separated by commas: tenant, workspace, user, agent, debate, provider, model, type, hour, day, week, month. */
    readonly by: string;

    /** Groups; default 1,000. */
    readonly limit?: number | undefined;
  }
  interface UsageAcrossTenantsReply {
    readonly from: string | null;
    readonly to: string | null;
    readonly currency: "USD";
    readonly total: UsageTotals;
    readonly groups: readonly {
      readonly key: Readonly<Record<string, string | null>>;
      readonly events: number;
      readonly quantity: number;
      readonly inputTokens: number;
      readonly cachedTokens: number;
      readonly cacheWriteTokens: number;
      readonly outputTokens: number;
      readonly reasoningTokens: number;
      readonly webSearches: number;
      readonly flaggedEvents: number;
      readonly costUsd: string;
      readonly chargeUsd: string;
    }[];

    /** Groups beyond `limit`. */
    readonly omittedGroups: number;
  }
  interface UsageBreakdownQuery {
    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly from?: string | undefined;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly to?: string | undefined;

    /** Groupings, separated by commas: tenant, workspace, user, agent, debate, provider, model, type, hour, day, week, month. */
    readonly by: string;

    /** Groups; default 1,000. */
    readonly limit?: number | undefined;
  }
  interface UsageBreakdownReply {
    readonly from: string | null;
    readonly to: string | null;
    readonly currency: "USD";
    readonly total: UsageTotals;
    readonly groups: readonly {
      readonly key: Readonly<Record<string, string | null>>;
      readonly events: number;
      readonly quantity: number;
      readonly inputTokens: number;
      readonly cachedTokens: number;
      readonly cacheWriteTokens: number;
      readonly outputTokens: number;
      readonly reasoningTokens: number;
      readonly webSearches: number;
      readonly flaggedEvents: number;
      readonly costUsd: string;
      readonly chargeUsd: string;
    }[];

    /** Groups beyond `limit`. */
    readonly omittedGroups: number;
  }
  interface UsageEventsQuery {
    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly from?: string | undefined;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly to?: string | undefined;

    /** `nextCursor` of the page before. */
    readonly cursor?: string | undefined;

    /** Items of a page; default 100. */
    readonly limit?: number | undefined;
  }
  interface UsageEventsReply {
    readonly items: readonly Event[];

    /** Null on the last page. */
    readonly nextCursor: string | null;
  }
  interface UsageExportQuery {
    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly from?: string | undefined;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly to?: string | undefined;
  }
  interface UsageSummaryQuery {
    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly from?: string | undefined;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly to?: string | undefined;
  }
  interface UsageSummaryReply {
    readonly from: string | null;
    readonly to: string | null;
    readonly currency: "USD";
    readonly total: UsageTotals;
  }
  interface UsageTotals {
    readonly events: number;
    readonly quantity: number;
    readonly inputTokens: number;
    readonly cachedTokens: number;
    readonly cacheWriteTokens: number;
    readonly outputTokens: number;
    readonly reasoningTokens: number;
    readonly webSearches: number;
    readonly flaggedEvents: number;
    readonly costUsd: string;
    readonly chargeUsd: string;
  }
  interface User {
    readonly id: string;
    readonly email: string | null;
    readonly name: string | null;
    readonly createdAt: string;
    readonly erasedAt: string | null;
  }
  interface UsersLoginLinkReply {
    readonly userId: string;
    readonly token: string;
    readonly expiresAt: string;
  }
  interface UsersSetInput {
    readonly email?: string | undefined;
    readonly name?: string | undefined;
  }
  interface VolumeDiscountGetReply {
    readonly tenant: string;
    readonly cumulativeSpendCents: number;
    readonly currentDiscountPercent: string;
    readonly currentTier: { readonly thresholdCents: number; readonly discountPercent: string } | null;
    readonly nextTier: { readonly thresholdCents: number; readonly discountPercent: string } | null;
    readonly untilNextTierCents: number | null;
  }
  interface VolumeDiscountSpendInput {
    readonly amountCents: number;
    readonly kind?: "purchase" | "refund" | undefined;
    readonly reference?: string | undefined;
  }
  interface VolumeDiscountSpendReply {
    readonly tenant: string;
    readonly cumulativeSpendCents: number;
    readonly currentDiscountPercent: string;
    readonly currentTier: { readonly thresholdCents: number; readonly discountPercent: string } | null;
    readonly nextTier: { readonly thresholdCents: number; readonly discountPercent: string } | null;
    readonly untilNextTierCents: number | null;
    readonly kind: "purchase" | "refund";
    readonly reference: string;
    readonly amountCents: number;
    readonly percentBefore: string;
    readonly at: string;
  }
  interface WebhookEndpoint {
    readonly id: string;
    readonly url: string;
    readonly description: string | null;
    readonly events: readonly (
      | "payment.failed"
      | "trial.ending"
      | "subscription.canceled"
      | "subscription.downgraded"
      | "budget.alert"
      | "forecast.overage"
      | "credit.expiring"
      | "invoice.issued"
      | "payment.received"
      | "invoice.due"
      | "invoice.overdue"
      | "invoice.voided"
      | "credit_note.issued"
      | "*"
    )[];
    readonly enabled: boolean;
    readonly createdAt: string;
    readonly updatedAt: string;
  }
  interface WebhookEndpointsCreateInput {
    readonly url: string;
    readonly events: readonly (
      | "payment.failed"
      | "trial.ending"
      | "subscription.canceled"
      | "subscription.downgraded"
      | "budget.alert"
      | "forecast.overage"
      | "credit.expiring"
      | "invoice.issued"
      | "payment.received"
      | "invoice.due"
      | "invoice.overdue"
      | "invoice.voided"
      | "credit_note.issued"
      | "*"
    )[];
    readonly description?: string | null | undefined;
    readonly enabled?: boolean | undefined;
  }
  interface WebhookEndpointsCreateReply {
    readonly id: string;
    readonly url: string;
    readonly description: string | null;
    readonly events: readonly (
      | "payment.failed"
      | "trial.ending"
      | "subscription.canceled"
      | "subscription.downgraded"
      | "budget.alert"
      | "forecast.overage"
      | "credit.expiring"
      | "invoice.issued"
      | "payment.received"
      | "invoice.due"
      | "invoice.overdue"
      | "invoice.voided"
      | "credit_note.issued"
      | "*"
    )[];
    readonly enabled: boolean;
    readonly createdAt: string;
    readonly updatedAt: string;
    readonly secret: string;
  }
  interface WebhookEndpointsDeliveriesQuery {
    readonly state?: "pending" | "delivered" | "dead" | undefined;

    /** `nextCursor` of the page before. */
    readonly cursor?: string | undefined;

    /** Items of a page; default 100. */
    readonly limit?: number | undefined;
  }
  interface WebhookEndpointsDeliveriesReply {
    readonly items: readonly Delivery[];

    /** Null on the last page. */
    readonly nextCursor: string | null;
  }
  interface WebhookEndpointsListReply {
    readonly items: readonly WebhookEndpoint[];
  }
  interface WebhookEndpointsRemoveReply {
    readonly id: string;
    readonly removed: boolean;
  }
  interface WebhookEndpointsRotateSecretReply {
    readonly id: string;
    readonly url: string;
    readonly description: string | null;
    readonly events: readonly (
      | "payment.failed"
      | "trial.ending"
      | "subscription.canceled"
      | "subscription.downgraded"
      | "budget.alert"
      | "forecast.overage"
      | "credit.expiring"
      | "invoice.issued"
      | "payment.received"
      | "invoice.due"
      | "invoice.overdue"
      | "invoice.voided"
      | "credit_note.issued"
      | "*"
    )[];
    readonly enabled: boolean;
    readonly createdAt: string;
    readonly updatedAt: string;
    readonly secret: string;
  }
  interface WebhookEndpointsTestInput {
    readonly type?:
      | "payment.failed"
      | "trial.ending"
      | "subscription.canceled"
      | "subscription.downgraded"
      | "budget.alert"
      | "forecast.overage"
      | "credit.expiring"
      | "invoice.issued"
      | "payment.received"
      | "invoice.due"
      | "invoice.overdue"
      | "invoice.voided"
      | "credit_note.issued"
      | undefined;
  }
  interface WebhookEndpointsUpdateInput {
    readonly url?: string | undefined;
    readonly events?:
      | readonly (
          | "payment.failed"
          | "trial.ending"
          | "subscription.canceled"
          | "subscription.downgraded"
          | "budget.alert"
          | "forecast.overage"
          | "credit.expiring"
          | "invoice.issued"
          | "payment.received"
          | "invoice.due"
          | "invoice.overdue"
          | "invoice.voided"
          | "credit_note.issued"
          | "*"
        )[]
      | undefined;
    readonly description?: string | null | undefined;
    readonly enabled?: boolean | undefined;
  }
  interface Workspace {
    readonly id: string;
    readonly organizationId: string;
    readonly name: string;
    readonly status: "active" | "archived";
    readonly createdAt: string;
    readonly updatedAt: string;
  }
  interface WorkspacesCreateInput {
    readonly name: string;
    readonly id?: string | undefined;
  }
  interface WorkspacesListQuery {
    /** `nextCursor` of the page before. */
    readonly cursor?: string | undefined;

    /** Items of a page; default 100. */
    readonly limit?: number | undefined;
  }
  interface WorkspacesListReply {
    readonly items: readonly Workspace[];

    /** Null on the last page. */
    readonly nextCursor: string | null;
  }
  interface WorkspacesUpdateInput {
    readonly name: string;
  }
  type AuthLoginLinkReply =
    | {
        readonly status: "signed_in";
        readonly tokens:
          | {
              readonly accessToken: string;
              readonly refreshToken: string;
              readonly accessExpiresAt: string;
              readonly refreshExpiresAt: string;
              readonly tokenType: "Bearer";
              readonly sessionId: string;
            }
          | {
              readonly accessExpiresAt: string;
              readonly refreshExpiresAt: string;
              readonly sessionId: string;
            };
      }
    | {
        readonly status: "mfa_required";

        /** For /v1/auth/mfa: 5 minutes, one use. */
        readonly mfaToken: string;
      };
  type AuthLoginReply =
    | {
        readonly status: "signed_in";
        readonly tokens:
          | {
              readonly accessToken: string;
              readonly refreshToken: string;
              readonly accessExpiresAt: string;
              readonly refreshExpiresAt: string;
              readonly tokenType: "Bearer";
              readonly sessionId: string;
            }
          | {
              readonly accessExpiresAt: string;
              readonly refreshExpiresAt: string;
              readonly sessionId: string;
            };
      }
    | {
        readonly status: "mfa_required";

        /** For /v1/auth/mfa: 5 minutes, one use. */
        readonly mfaToken: string;
      };
  type AuthMfaReply = {
    readonly status: "signed_in";
    readonly tokens:
      | {
          readonly accessToken: string;
          readonly refreshToken: string;
          readonly accessExpiresAt: string;
          readonly refreshExpiresAt: string;
          readonly tokenType: "Bearer";
          readonly sessionId: string;
        }
      | { readonly accessExpiresAt: string; readonly refreshExpiresAt: string; readonly sessionId: string };
  };
  type AuthRefreshReply = {
    readonly status: "signed_in";
    readonly tokens:
      | {
          readonly accessToken: string;
          readonly refreshToken: string;
          readonly accessExpiresAt: string;
          readonly refreshExpiresAt: string;
          readonly tokenType: "Bearer";
          readonly sessionId: string;
        }
      | { readonly accessExpiresAt: string; readonly refreshExpiresAt: string; readonly sessionId: string };
  };
  type Budget = {
    readonly id: string;
    readonly tenant: string;
    readonly name: string;
    readonly scope: Readonly<Record<string, string>>;
    readonly measure: "usd" | "tokens" | "debates" | "calls";
    readonly money: "cost" | "charge";
    readonly period: "daily" | "weekly" | "monthly" | "quarterly" | "annual" | "total";
    readonly zone: string;
    readonly anchor: string | null;
    readonly limit: string | null;
    readonly thresholds: readonly {
      readonly percent: number;
      readonly action: "notify" | "warn" | "soft_limit" | "hard_limit" | "suspend";
    }[];
    readonly overage: { readonly multiplier: string; readonly cap: string | null } | null;
    readonly rollover: boolean;
    readonly failOpen: boolean;
    readonly notify: readonly ({ readonly email: string } | { readonly webhook: string })[];
    readonly status: "active" | "suspended" | "closed";
    readonly suspendedBy: "threshold" | "caller" | null;
    readonly owner?: "plan" | undefined;
    readonly countsFrom: string;
    readonly createdAt: string;
  };
  type BudgetsCreateInput = {
    readonly id?: string | undefined;
    readonly name: string;
    readonly scope?:
      | {
          readonly workspace?: string | undefined;
          readonly user?: string | undefined;
          readonly agent?: string | undefined;
          readonly debate?: string | undefined;
          readonly provider?: string | undefined;
          readonly model?: string | undefined;
        }
      | undefined;
    readonly measure?: "usd" | "tokens" | "debates" | "calls" | undefined;
    readonly money?: "cost" | "charge" | undefined;
    readonly period?: "daily" | "weekly" | "monthly" | "quarterly" | "annual" | "total" | undefined;
    readonly zone?: string | undefined;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly anchor?: string | undefined;
    readonly rollover?: boolean | undefined;

    /** An ISO 8601 instant with its offset, or YYYY-MM-DD for 00:00 UTC of that day. */
    readonly from?: string | undefined;
    readonly reason?: string | undefined;
    readonly limit?: string | number | null | undefined;
    readonly thresholds?:
      | readonly {
          readonly percent: string | number;
          readonly action: "notify" | "warn" | "soft_limit" | "hard_limit" | "suspend";
        }[]
      | undefined;
    readonly overage?:
      | { readonly multiplier?: string | number | undefined; readonly cap?: string | number | undefined }
      | null
      | undefined;
    readonly notify?:
      | readonly (
          | { readonly email: string }
          | { readonly webhook: string; readonly secret?: string | undefined }
        )[]
      | undefined;
    readonly failOpen?: boolean | undefined;
  };
  type BudgetsStatusReply = {
    readonly id: string;
    readonly tenant: string;
    readonly name: string;
    readonly scope: Readonly<Record<string, string>>;
    readonly measure: "usd" | "tokens" | "debates" | "calls";
    readonly money: "cost" | "charge";
    readonly period: "daily" | "weekly" | "monthly" | "quarterly" | "annual" | "total";
    readonly zone: string;
    readonly anchor: string | null;
    readonly limit: string | null;
    readonly thresholds: readonly {
      readonly percent: number;
      readonly action: "notify" | "warn" | "soft_limit" | "hard_limit" | "suspend";
    }[];
    readonly overage: { readonly multiplier: string; readonly cap: string | null } | null;
    readonly rollover: boolean;
    readonly failOpen: boolean;
    readonly notify: readonly ({ readonly email: string } | { readonly webhook: string })[];
    readonly status: "active" | "suspended" | "closed";
    readonly suspendedBy: "threshold" | "caller" | null;
    readonly owner?: "plan" | undefined;
    readonly countsFrom: string;
    readonly createdAt: string;
    readonly counters: readonly {
      readonly counter: Readonly<Record<string, string>>;
      readonly spent: string;
      readonly held: string;
      readonly limit: string | null;
      readonly carriedOver: string;
      readonly remaining: string | null;
      readonly percent: number | null;
      readonly level: "none" | "info" | "warning" | "critical" | "exceeded";
      readonly overage: string;
      readonly period: { readonly name: string; readonly from: string; readonly to: string | null };
    }[];
  };
  type BudgetsUpdateInput = {
    readonly name?: string | undefined;
    readonly reason?: string | undefined;
    readonly limit?: string | number | null | undefined;
    readonly thresholds?:
      | readonly {
          readonly percent: string | number;
          readonly action: "notify" | "warn" | "soft_limit" | "hard_limit" | "suspend";
        }[]
      | undefined;
    readonly overage?:
      | { readonly multiplier?: string | number | undefined; readonly cap?: string | number | undefined }
      | null
      | undefined;
    readonly notify?:
      | readonly (
          | { readonly email: string }
          | { readonly webhook: string; readonly secret?: string | undefined }
        )[]
      | undefined;
    readonly failOpen?: boolean | undefined;
  };
  type EventsRecordInput = EventInput | readonly EventInput[] | { readonly events: readonly EventInput[] };
  type Invoice = {
    readonly id: string;
    readonly tenant: string;

    /** Null for a draft. */
    readonly number: string | null;

    /** A month of UTC. */
    readonly period: string;
    readonly status: "draft" | "finalized" | "paid" | "void" | "uncollectible";
    readonly isOverdue: boolean;
    readonly currency: string;

    /** 0 for a draft: see its content. */
    readonly totalCents: number;
    readonly creditsAppliedCents: number;
    readonly paidCents: number;
    readonly creditedCents: number;
    readonly amountDueCents: number;
    readonly createdAt: string;
    readonly finalizedAt: string | null;
    readonly dueAt: string | null;
    readonly settledAt: string | null;
    readonly content: {
      readonly currency: string;
      readonly lines: readonly {
        readonly id: string;
        readonly group: "subscription" | "usage" | "item";
        readonly description: string;
        readonly detail: string;
        readonly quantity: string | null;
        readonly unit: string | null;
        readonly unitPrice: string | null;
        readonly amount: number;
        readonly discount: number;
        readonly taxPercent: string;
        readonly tax: number;
        readonly source:
          | { readonly kind: "subscription"; readonly line: string }
          | {
              readonly kind: "usage";

              /** A month of UTC. */
              readonly month: string;
              readonly provider: string;
              readonly model: string;

              /** Models without a price of their own that share the line. */
              readonly others?: number | undefined;
              readonly type: string;

              /** Id of the price behind it. */
              readonly price: string;

              /** False: the plan includes it, and the line is 0. */
              readonly metered: boolean;

              /** Pico-dollars before the line's one rounding. */
              readonly chargePico: string;
              readonly sums: {
                readonly events: number;
                readonly quantity: number;
                readonly inputTokens: number;
                readonly cacheReadTokens: number;
                readonly cacheWriteTokens: number;
                readonly cacheWrite1hTokens: number;
                readonly outputTokens: number;
                readonly reasoningTokens: number;
                readonly webSearches: number;
              };
            }
          | { readonly kind: "item" };
      }[];
      readonly subtotal: number;
      readonly discounts: readonly {
        readonly description: string;
        readonly amount: number;
        readonly code: string | null;
      }[];
      readonly taxes: readonly {
        readonly percent: string;
        readonly note: string | null;
        readonly base: number;
        readonly amount: number;
      }[];
      readonly taxTotal: number;
      readonly total: number;
      readonly creditsApplied: number;
      readonly creditsIssued: number;
      readonly seller: {
        readonly name: string;
        readonly address: readonly string[];
        readonly country: string | null;
        readonly taxId: string | null;
        readonly email: string | null;
      } | null;
      readonly buyer: {
        readonly name: string;
        readonly address: readonly string[];
        readonly country: string | null;
        readonly taxId: string | null;
        readonly email: string | null;
      };
      readonly notes: readonly string[];
      readonly paymentInstructions: string | null;
    };
  };
  type InvoicesExplainReply = {
    readonly line: {
      readonly id: string;
      readonly group: "subscription" | "usage" | "item";
      readonly description: string;
      readonly detail: string;
      readonly quantity: string | null;
      readonly unit: string | null;
      readonly unitPrice: string | null;
      readonly amount: number;
      readonly discount: number;
      readonly taxPercent: string;
      readonly tax: number;
      readonly source:
        | { readonly kind: "subscription"; readonly line: string }
        | {
            readonly kind: "usage";

            /** A month of UTC. */
            readonly month: string;
            readonly provider: string;
            readonly model: string;

            /** Models without a price of their own that share the line. */
            readonly others?: number | undefined;
            readonly type: string;

            /** Id of the price behind it. */
            readonly price: string;

            /** False: the plan includes it, and the line is 0. */
            readonly metered: boolean;

            /** Pico-dollars before the line's one rounding. */
            readonly chargePico: string;
            readonly sums: {
              readonly events: number;
              readonly quantity: number;
              readonly inputTokens: number;
              readonly cacheReadTokens: number;
              readonly cacheWriteTokens: number;
              readonly cacheWrite1hTokens: number;
              readonly outputTokens: number;
              readonly reasoningTokens: number;
              readonly webSearches: number;
            };
          }
        | { readonly kind: "item" };
    };
    readonly steps: readonly string[];
    readonly price: string | null;
    readonly parts: readonly {
      readonly quantity: string;
      readonly unit: string;
      readonly unitPriceUsd: string;
      readonly per: string;
      readonly amountUsd: string;
    }[];
    readonly usage: {
      readonly events: number;
      readonly sumUsd: string;

      /** Whether the events sum to what the line was rounded from. */
      readonly agrees: boolean;
    } | null;
    readonly events: readonly {
      readonly id: string;
      readonly timestamp: string;
      readonly tokensIn: number;
      readonly tokensOut: number;
      readonly quantity: number;
      readonly chargeUsd: string;
    }[];

    /** Null on the last page of events. */
    readonly nextCursor: string | null;
    readonly creditTransaction: string | null;
  };
}
