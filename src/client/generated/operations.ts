// Made by scripts/generate-client.mjs from the routes' own description. Do not edit.

import type { CallOptions, WriteOptions } from "../request.ts";
import type { Transport } from "../transport.ts";
import type { Api } from "./types.ts";

/** One method per operation of the API. */
export function operations({ json, text, bytes, chunks, pages }: Transport) {
  return {
    alerts: {
      /**
       * Mark an alert as seen; the first who does stays on record.
       *
       * `POST /v1/alerts/{id}/acknowledge`; scope budgets:write
       */
      acknowledge: (id: string, options?: WriteOptions) =>
        json<Api.Alert>(
          { method: "POST", path: "/v1/alerts/{id}/acknowledge", params: [id], isWrite: true },
          options,
        ),
      /**
       * Crossed thresholds of all budgets, the newest first.
       *
       * `GET /v1/alerts`; scope budgets:read
       */
      list: (query: Api.AlertsListQuery = {}, options?: CallOptions) =>
        json<Api.AlertsListReply>({ method: "GET", path: "/v1/alerts", query }, options),
      /** The same over all pages, each asked for when the one before it was read. */
      all: (query: Api.AlertsListQuery = {}, options?: CallOptions) =>
        pages<Api.Alert>({ method: "GET", path: "/v1/alerts", query }, options),
    },
    apiKeys: {
      /**
       * Make a key, which is in this answer and nowhere else; an operator's key says so: kind operator.
       *
       * `POST /v1/api-keys`; scope keys:write
       */
      create: (input: Api.ApiKeysCreateInput, options?: WriteOptions) =>
        json<Api.ApiKeysCreateReply>(
          { method: "POST", path: "/v1/api-keys", body: input, isWrite: true },
          options,
        ),
      /**
       * Keys of a tenant, the latest first, ended ones included; for operators that name none: every key.
       *
       * `GET /v1/api-keys`; scope keys:write
       */
      list: (query: Api.ApiKeysListQuery = {}, options?: CallOptions) =>
        json<Api.ApiKeysListReply>({ method: "GET", path: "/v1/api-keys", query }, options),
      /** The same over all pages, each asked for when the one before it was read. */
      all: (query: Api.ApiKeysListQuery = {}, options?: CallOptions) =>
        pages<Api.ApiKey>({ method: "GET", path: "/v1/api-keys", query }, options),
      /**
       * End a key, at once and for ever.
       *
       * `POST /v1/api-keys/{id}/revoke`; scope keys:write
       */
      revoke: (id: string, options?: WriteOptions) =>
        json<Api.ApiKey>(
          { method: "POST", path: "/v1/api-keys/{id}/revoke", params: [id], isWrite: true },
          options,
        ),
    },
    auditLog: {
      /**
       * Entries of a tenant, the newest first; for operators that name none: of all, and the installation's.
       *
       * `GET /v1/audit-log`; scope audit:read
       */
      list: (query: Api.AuditLogListQuery = {}, options?: CallOptions) =>
        json<Api.AuditLogListReply>({ method: "GET", path: "/v1/audit-log", query }, options),
      /** The same over all pages, each asked for when the one before it was read. */
      all: (query: Api.AuditLogListQuery = {}, options?: CallOptions) =>
        pages<Api.AuditEntry>({ method: "GET", path: "/v1/audit-log", query }, options),
    },
    auth: {
      /**
       * New backup codes for the old ones, with a code; shown this once.
       *
       * `POST /v1/auth/mfa/backup-codes`
       */
      backupCodesMfa: (input: Api.AuthBackupCodesMfaInput, options?: WriteOptions) =>
        json<Api.AuthBackupCodesMfaReply>(
          { method: "POST", path: "/v1/auth/mfa/backup-codes", body: input, isWrite: true },
          options,
        ),
      /**
       * Switch the second factor on with its first code; returns backup codes, shown this once.
       *
       * `POST /v1/auth/mfa/confirm`
       */
      confirmMfa: (input: Api.AuthConfirmMfaInput, options?: WriteOptions) =>
        json<Api.AuthConfirmMfaReply>(
          { method: "POST", path: "/v1/auth/mfa/confirm", body: input, isWrite: true },
          options,
        ),
      /**
       * Set a new password with the token of the mail; every session ends.
       *
       * `POST /v1/auth/reset-password/confirm`
       */
      confirmResetPassword: (input: Api.AuthConfirmResetPasswordInput, options?: CallOptions) =>
        json<Api.AuthConfirmResetPasswordReply>(
          { method: "POST", path: "/v1/auth/reset-password/confirm", body: input, isOnce: true },
          options,
        ),
      /**
       * Switch the second factor off, with a code.
       *
       * `POST /v1/auth/mfa/disable`
       */
      disableMfa: (input: Api.AuthDisableMfaInput, options?: WriteOptions) =>
        json<Api.AuthDisableMfaReply>(
          { method: "POST", path: "/v1/auth/mfa/disable", body: input, isWrite: true },
          options,
        ),
      /**
       * Begin to set up a second factor; its secret is shown this once.
       *
       * `POST /v1/auth/mfa/enrol`
       */
      enrolMfa: (options?: WriteOptions) =>
        json<Api.AuthEnrolMfaReply>({ method: "POST", path: "/v1/auth/mfa/enrol", isWrite: true }, options),
      /**
       * Sign in by address and password.
       *
       * `POST /v1/auth/login`
       */
      login: (input: Api.AuthLoginInput, options?: CallOptions) =>
        json<Api.AuthLoginReply>(
          { method: "POST", path: "/v1/auth/login", body: input, isOnce: true },
          options,
        ),
      /**
       * Sign in with the token of a login link.
       *
       * `POST /v1/auth/login-link`
       */
      loginLink: (input: Api.AuthLoginLinkInput, options?: CallOptions) =>
        json<Api.AuthLoginLinkReply>(
          { method: "POST", path: "/v1/auth/login-link", body: input, isOnce: true },
          options,
        ),
      /**
       * End this session; a browser's cookies go with it.
       *
       * `POST /v1/auth/logout`
       */
      logout: (options?: WriteOptions) =>
        json<Api.AuthLogoutReply>({ method: "POST", path: "/v1/auth/logout", isWrite: true }, options),
      /**
       * End every session of mine, everywhere.
       *
       * `POST /v1/auth/logout-all`
       */
      logoutAll: (options?: WriteOptions) =>
        json<Api.AuthLogoutAllReply>({ method: "POST", path: "/v1/auth/logout-all", isWrite: true }, options),
      /**
       * The second step of signing in.
       *
       * `POST /v1/auth/mfa`
       */
      mfa: (input: Api.AuthMfaInput, options?: CallOptions) =>
        json<Api.AuthMfaReply>({ method: "POST", path: "/v1/auth/mfa", body: input, isOnce: true }, options),
      /**
       * Change my password; all my other sessions end, and this one takes a refresh.
       *
       * `POST /v1/auth/password`
       */
      password: (input: Api.AuthPasswordInput, options?: WriteOptions) =>
        json<Api.AuthPasswordReply>(
          { method: "POST", path: "/v1/auth/password", body: input, isWrite: true },
          options,
        ),
      /**
       * The next tokens of a session, for its refresh token, which is used up by it.
       *
       * `POST /v1/auth/refresh`
       */
      refresh: (input: Api.AuthRefreshInput = {}, options?: CallOptions) =>
        json<Api.AuthRefreshReply>(
          { method: "POST", path: "/v1/auth/refresh", body: input, isOnce: true },
          options,
        ),
      /**
       * Register an address; a mail confirms it. The answer is the same for a known one.
       *
       * `POST /v1/auth/register`
       */
      register: (input: Api.AuthRegisterInput, options?: CallOptions) =>
        json<Api.AuthRegisterReply>(
          { method: "POST", path: "/v1/auth/register", body: input, isOnce: true },
          options,
        ),
      /**
       * Ask for a mail with which a new password is set. The answer is the same for an unknown address.
       *
       * `POST /v1/auth/reset-password`
       */
      resetPassword: (input: Api.AuthResetPasswordInput, options?: CallOptions) =>
        json<Api.AuthResetPasswordReply>(
          { method: "POST", path: "/v1/auth/reset-password", body: input, isOnce: true },
          options,
        ),
      /**
       * Confirm an address with the token of the mail: the account is made.
       *
       * `POST /v1/auth/verify-email`
       */
      verifyEmail: (input: Api.AuthVerifyEmailInput, options?: CallOptions) =>
        json<Api.AuthVerifyEmailReply>(
          { method: "POST", path: "/v1/auth/verify-email", body: input, isOnce: true },
          options,
        ),
    },
    budgets: {
      /**
       * Crossed thresholds of a budget, the newest first.
       *
       * `GET /v1/budgets/{id}/alerts`; scope budgets:read
       */
      alerts: (id: string, query: Api.BudgetsAlertsQuery = {}, options?: CallOptions) =>
        json<Api.BudgetsAlertsReply>(
          { method: "GET", path: "/v1/budgets/{id}/alerts", params: [id], query },
          options,
        ),
      /** The same over all pages, each asked for when the one before it was read. */
      allAlerts: (id: string, query: Api.BudgetsAlertsQuery = {}, options?: CallOptions) =>
        pages<Api.Alert>({ method: "GET", path: "/v1/budgets/{id}/alerts", params: [id], query }, options),
      /**
       * Whether this may be spent now; takes no room and changes nothing.
       *
       * `POST /v1/budgets/check`; scope budgets:read
       */
      check: (input: Api.BudgetsCheckInput = {}, options?: WriteOptions) =>
        json<Api.BudgetsCheckReply>(
          { method: "POST", path: "/v1/budgets/check", body: input, isWrite: true },
          options,
        ),
      /**
       * End a budget for good; its history stays.
       *
       * `POST /v1/budgets/{id}/close`; scope budgets:write
       */
      close: (id: string, input: Api.BudgetsCloseInput = {}, options?: WriteOptions) =>
        json<Api.Budget>(
          { method: "POST", path: "/v1/budgets/{id}/close", params: [id], body: input, isWrite: true },
          options,
        ),
      /**
       * Make a budget; it counts from the start of the period it is made in.
       *
       * `POST /v1/budgets`; scope budgets:write
       */
      create: (input: Api.BudgetsCreateInput, options?: WriteOptions) =>
        json<Api.Budget>({ method: "POST", path: "/v1/budgets", body: input, isWrite: true }, options),
      /**
       * A budget.
       *
       * `GET /v1/budgets/{id}`; scope budgets:read
       */
      get: (id: string, options?: CallOptions) =>
        json<Api.Budget>({ method: "GET", path: "/v1/budgets/{id}", params: [id] }, options),
      /**
       * Budgets in the order of their creation; closed ones only when asked for.
       *
       * `GET /v1/budgets`; scope budgets:read
       */
      list: (query: Api.BudgetsListQuery = {}, options?: CallOptions) =>
        json<Api.BudgetsListReply>({ method: "GET", path: "/v1/budgets", query }, options),
      /** The same over all pages, each asked for when the one before it was read. */
      all: (query: Api.BudgetsListQuery = {}, options?: CallOptions) =>
        pages<Api.Budget>({ method: "GET", path: "/v1/budgets", query }, options),
      /**
       * Let one user pass the limit until an instant, without a limit or up to another one.
       *
       * `POST /v1/budgets/{id}/override`; scope budgets:write
       */
      override: (id: string, input: Api.BudgetsOverrideInput, options?: WriteOptions) =>
        json<Api.BudgetsOverrideReply>(
          { method: "POST", path: "/v1/budgets/{id}/override", params: [id], body: input, isWrite: true },
          options,
        ),
      /**
       * Start counting anew in the present period; what was counted is kept on record.
       *
       * `POST /v1/budgets/{id}/reset`; scope budgets:write
       */
      reset: (id: string, input: Api.BudgetsResetInput = {}, options?: WriteOptions) =>
        json<Api.Budget>(
          { method: "POST", path: "/v1/budgets/{id}/reset", params: [id], body: input, isWrite: true },
          options,
        ),
      /**
       * End a suspension, whoever made it.
       *
       * `POST /v1/budgets/{id}/resume`; scope budgets:write
       */
      resume: (id: string, input: Api.BudgetsResumeInput = {}, options?: WriteOptions) =>
        json<Api.Budget>(
          { method: "POST", path: "/v1/budgets/{id}/resume", params: [id], body: input, isWrite: true },
          options,
        ),
      /**
       * How far a budget is in the period of an instant, per counter.
       *
       * `GET /v1/budgets/{id}/status`; scope budgets:read
       */
      status: (id: string, query: Api.BudgetsStatusQuery = {}, options?: CallOptions) =>
        json<Api.BudgetsStatusReply>(
          { method: "GET", path: "/v1/budgets/{id}/status", params: [id], query },
          options,
        ),
      /**
       * Refuse all requests until it is resumed; usage goes on counting.
       *
       * `POST /v1/budgets/{id}/suspend`; scope budgets:write
       */
      suspend: (id: string, input: Api.BudgetsSuspendInput = {}, options?: WriteOptions) =>
        json<Api.Budget>(
          { method: "POST", path: "/v1/budgets/{id}/suspend", params: [id], body: input, isWrite: true },
          options,
        ),
      /**
       * Spend without events that a budget counts, the newest first.
       *
       * `GET /v1/budgets/{id}/transactions`; scope budgets:read
       */
      transactions: (id: string, query: Api.BudgetsTransactionsQuery = {}, options?: CallOptions) =>
        json<Api.BudgetsTransactionsReply>(
          { method: "GET", path: "/v1/budgets/{id}/transactions", params: [id], query },
          options,
        ),
      /** The same over all pages, each asked for when the one before it was read. */
      allTransactions: (id: string, query: Api.BudgetsTransactionsQuery = {}, options?: CallOptions) =>
        pages<Api.BudgetsTransactionsReply["items"][number]>(
          { method: "GET", path: "/v1/budgets/{id}/transactions", params: [id], query },
          options,
        ),
      /**
       * What was spent over time, the oldest first, in UTC; spans without spend are left out.
       *
       * `GET /v1/budgets/{id}/trends`; scope budgets:read
       */
      trends: (id: string, query: Api.BudgetsTrendsQuery, options?: CallOptions) =>
        json<Api.BudgetsTrendsReply>(
          { method: "GET", path: "/v1/budgets/{id}/trends", params: [id], query },
          options,
        ),
      /**
       * Change name, limit, thresholds, overage, recipients; what a budget is about stays.
       *
       * `PATCH /v1/budgets/{id}`; scope budgets:write
       */
      update: (id: string, input: Api.BudgetsUpdateInput = {}, options?: WriteOptions) =>
        json<Api.Budget>(
          { method: "PATCH", path: "/v1/budgets/{id}", params: [id], body: input, isWrite: true },
          options,
        ),
    },
    creditNotes: {
      /**
       * A credit note as CSV, a row per line and total.
       *
       * `GET /v1/credit-notes/{id}.csv`; scope invoices:read
       */
      csv: (id: string, options?: CallOptions) =>
        text({ method: "GET", path: "/v1/credit-notes/{id}.csv", params: [id] }, options),
      /**
       * A credit note, as it was issued.
       *
       * `GET /v1/credit-notes/{id}`; scope invoices:read
       */
      get: (id: string, options?: CallOptions) =>
        json<Api.CreditNote>({ method: "GET", path: "/v1/credit-notes/{id}", params: [id] }, options),
      /**
       * A credit note as one HTML page, made for printing too.
       *
       * `GET /v1/credit-notes/{id}.html`; scope invoices:read
       */
      html: (id: string, options?: CallOptions) =>
        text({ method: "GET", path: "/v1/credit-notes/{id}.html", params: [id] }, options),
      /**
       * A credit note as PDF.
       *
       * `GET /v1/credit-notes/{id}.pdf`; scope invoices:read
       */
      pdf: (id: string, options?: CallOptions) =>
        bytes({ method: "GET", path: "/v1/credit-notes/{id}.pdf", params: [id] }, options),
    },
    credits: {
      /**
       * Correct a balance up or down by hand.
       *
       * `POST /v1/credits/adjust`; operators' keys, scope budgets:write
       */
      adjust: (input: Api.CreditsAdjustInput, options?: WriteOptions) =>
        json<Api.CreditsAdjustReply>(
          { method: "POST", path: "/v1/credits/adjust", body: input, isWrite: true },
          options,
        ),
      /**
       * Take credit: what ends soonest first; what is not there is remainingAmountCents, still owed.
       *
       * `POST /v1/credits/deduct`; scope budgets:write
       */
      deduct: (input: Api.CreditsDeductInput, options?: WriteOptions) =>
        json<Api.CreditsDeductReply>(
          { method: "POST", path: "/v1/credits/deduct", body: input, isWrite: true },
          options,
        ),
      /**
       * What can be spent, given and purchased apart, what of it ends soon, and the sums of all time.
       *
       * `GET /v1/credits`; scope budgets:read
       */
      get: (query: Api.CreditsGetQuery = {}, options?: CallOptions) =>
        json<Api.CreditsGetReply>({ method: "GET", path: "/v1/credits", query }, options),
      /**
       * Add a lot of credit, with an end or without.
       *
       * `POST /v1/credits/issue`; operators' keys, scope budgets:write
       */
      issue: (input: Api.CreditsIssueInput, options?: WriteOptions) =>
        json<Api.CreditsIssueReply>(
          { method: "POST", path: "/v1/credits/issue", body: input, isWrite: true },
          options,
        ),
      /**
       * Ask for no more payments; one that is under way is credit when it comes in.
       *
       * `DELETE /v1/credits/top-up`; scope budgets:write
       */
      removeTopUp: (options?: WriteOptions) =>
        json<Api.CreditsRemoveTopUpReply>(
          { method: "DELETE", path: "/v1/credits/top-up", isWrite: true },
          options,
        ),
      /**
       * Give a deduction back, or a part of it, to the lots it came from.
       *
       * `POST /v1/credits/reverse`; operators' keys, scope budgets:write
       */
      reverse: (input: Api.CreditsReverseInput, options?: WriteOptions) =>
        json<Api.CreditsReverseReply>(
          { method: "POST", path: "/v1/credits/reverse", body: input, isWrite: true },
          options,
        ),
      /**
       * Ask for a payment whenever the balance is below a threshold; resumes what a failed one paused.
       *
       * `PUT /v1/credits/top-up`; scope budgets:write
       */
      setTopUp: (input: Api.CreditsSetTopUpInput, options?: WriteOptions) =>
        json<Api.CreditsSetTopUpReply>(
          { method: "PUT", path: "/v1/credits/top-up", body: input, isWrite: true },
          options,
        ),
      /**
       * The rule of automatic top-ups, and the last 100 of them, the newest first.
       *
       * `GET /v1/credits/top-up`; scope budgets:read
       */
      topUp: (options?: CallOptions) =>
        json<Api.CreditsTopUpReply>({ method: "GET", path: "/v1/credits/top-up" }, options),
      /**
       * Every change of the balance with its lots, the last posted first.
       *
       * `GET /v1/credits/transactions`; scope budgets:read
       */
      transactions: (query: Api.CreditsTransactionsQuery = {}, options?: CallOptions) =>
        json<Api.CreditsTransactionsReply>(
          { method: "GET", path: "/v1/credits/transactions", query },
          options,
        ),
      /** The same over all pages, each asked for when the one before it was read. */
      allTransactions: (query: Api.CreditsTransactionsQuery = {}, options?: CallOptions) =>
        pages<Api.CreditsTransactionsReply["items"][number]>(
          { method: "GET", path: "/v1/credits/transactions", query },
          options,
        ),
      /**
       * End a lot: what is left of it goes, what was used stays used.
       *
       * `POST /v1/credits/void`; operators' keys, scope budgets:write
       */
      void: (input: Api.CreditsVoidInput, options?: WriteOptions) =>
        json<Api.CreditsVoidReply>(
          { method: "POST", path: "/v1/credits/void", body: input, isWrite: true },
          options,
        ),
    },
    debates: {
      /**
       * Take a debate of the plan, once per id and period; 402 where none is left.
       *
       * `POST /v1/debates`; scope holds:write
       */
      create: (input: Api.DebatesCreateInput, options?: WriteOptions) =>
        json<Api.DebatesCreateReply>(
          { method: "POST", path: "/v1/debates", body: input, isWrite: true },
          options,
        ),
    },
    discountCodes: {
      /**
       * Use a code for a purchase that is paid, once per code and reference.
       *
       * `POST /v1/discount-codes/apply`; scope budgets:write
       */
      apply: (input: Api.DiscountCodesApplyInput, options?: WriteOptions) =>
        json<Api.DiscountCodesApplyReply>(
          { method: "POST", path: "/v1/discount-codes/apply", body: input, isWrite: true },
          options,
        ),
      /**
       * Make a reservation final: the purchase was paid.
       *
       * `POST /v1/discount-codes/confirm`; scope budgets:write
       */
      confirm: (input: Api.DiscountCodesConfirmInput, options?: WriteOptions) =>
        json<Api.DiscountCodesConfirmReply>(
          { method: "POST", path: "/v1/discount-codes/confirm", body: input, isWrite: true },
          options,
        ),
      /**
       * Make a code; its terms never change.
       *
       * `POST /v1/discount-codes`; operators' keys, scope budgets:write
       */
      create: (input: Api.DiscountCodesCreateInput, options?: WriteOptions) =>
        json<Api.DiscountCode>(
          { method: "POST", path: "/v1/discount-codes", body: input, isWrite: true },
          options,
        ),
      /**
       * End a code for good; reservations made before can still be confirmed.
       *
       * `POST /v1/discount-codes/{code}/disable`; operators' keys, scope budgets:write
       */
      disable: (code: string, options?: WriteOptions) =>
        json<Api.DiscountCode>(
          { method: "POST", path: "/v1/discount-codes/{code}/disable", params: [code], isWrite: true },
          options,
        ),
      /**
       * A code, and how often it was used.
       *
       * `GET /v1/discount-codes/{code}`; operators' keys, scope budgets:read
       */
      get: (code: string, options?: CallOptions) =>
        json<Api.DiscountCode>({ method: "GET", path: "/v1/discount-codes/{code}", params: [code] }, options),
      /**
       * All codes, by name.
       *
       * `GET /v1/discount-codes`; operators' keys, scope budgets:read
       */
      list: (query: Api.DiscountCodesListQuery = {}, options?: CallOptions) =>
        json<Api.DiscountCodesListReply>({ method: "GET", path: "/v1/discount-codes", query }, options),
      /** The same over all pages, each asked for when the one before it was read. */
      all: (query: Api.DiscountCodesListQuery = {}, options?: CallOptions) =>
        pages<Api.DiscountCode>({ method: "GET", path: "/v1/discount-codes", query }, options),
      /**
       * Give a reservation back: the checkout failed.
       *
       * `POST /v1/discount-codes/release`; scope budgets:write
       */
      release: (input: Api.DiscountCodesReleaseInput, options?: WriteOptions) =>
        json<Api.DiscountCodesReleaseReply>(
          { method: "POST", path: "/v1/discount-codes/release", body: input, isWrite: true },
          options,
        ),
      /**
       * Take a use of a code at checkout, until it is confirmed, released or its time is over.
       *
       * `POST /v1/discount-codes/reserve`; scope budgets:write
       */
      reserve: (input: Api.DiscountCodesReserveInput, options?: WriteOptions) =>
        json<Api.DiscountCodesReserveReply>(
          { method: "POST", path: "/v1/discount-codes/reserve", body: input, isWrite: true },
          options,
        ),
      /**
       * What a code would take off a purchase now; takes no use.
       *
       * `POST /v1/discount-codes/validate`; scope budgets:read
       */
      validate: (input: Api.DiscountCodesValidateInput, options?: WriteOptions) =>
        json<Api.DiscountCodesValidateReply>(
          { method: "POST", path: "/v1/discount-codes/validate", body: input, isWrite: true },
          options,
        ),
    },
    entitlements: {
      /**
       * Whether a feature may be used, or one more debate or member is in the plan; takes nothing.
       *
       * `POST /v1/entitlements/check`; scope budgets:read
       */
      check: (input: Api.EntitlementsCheckInput, options?: WriteOptions) =>
        json<Api.EntitlementsCheckReply>(
          { method: "POST", path: "/v1/entitlements/check", body: input, isWrite: true },
          options,
        ),
    },
    events: {
      /**
       * Take an event back and, unless values is null, replace it by the right one; nothing stored is edited.
       *
       * `POST /v1/events/{id}/corrections`; scope events:write
       */
      correct: (id: string, input: Api.EventsCorrectInput, options?: WriteOptions) =>
        json<Api.EventsCorrectReply>(
          { method: "POST", path: "/v1/events/{id}/corrections", params: [id], body: input, isWrite: true },
          options,
        ),
      /**
       * Events in time order.
       *
       * `GET /v1/events`; scope usage:read
       */
      list: (query: Api.EventsListQuery = {}, options?: CallOptions) =>
        json<Api.EventsListReply>({ method: "GET", path: "/v1/events", query }, options),
      /** The same over all pages, each asked for when the one before it was read. */
      all: (query: Api.EventsListQuery = {}, options?: CallOptions) =>
        pages<Api.Event>({ method: "GET", path: "/v1/events", query }, options),
      /**
       * Record usage: one event, a list, { events: [...] }, or a stream of lines; answers once it is durable.
       *
       * `POST /v1/events`; scope events:write
       */
      record: (input: Api.EventsRecordInput, options?: WriteOptions) =>
        json<Api.EventsRecordReply>(
          { method: "POST", path: "/v1/events", body: input, isWrite: true },
          options,
        ),
    },
    holds: {
      /**
       * Take room in every budget that this meets, or in none: then 402 says which had none.
       *
       * `POST /v1/holds`; scope holds:write
       */
      authorize: (input: Api.HoldsAuthorizeInput = {}, options?: WriteOptions) =>
        json<Api.Hold>({ method: "POST", path: "/v1/holds", body: input, isWrite: true }, options),
      /**
       * Settle a hold with what was really used; never refused.
       *
       * `POST /v1/holds/{id}/capture`; scope holds:write
       */
      capture: (id: string, input: Api.HoldsCaptureInput = {}, options?: WriteOptions) =>
        json<Api.Hold>(
          { method: "POST", path: "/v1/holds/{id}/capture", params: [id], body: input, isWrite: true },
          options,
        ),
      /**
       * A hold as it is now.
       *
       * `GET /v1/holds/{id}`; scope holds:write
       */
      get: (id: string, options?: CallOptions) =>
        json<Api.Hold>({ method: "GET", path: "/v1/holds/{id}", params: [id] }, options),
      /**
       * Free what a hold still keeps.
       *
       * `POST /v1/holds/{id}/release`; scope holds:write
       */
      release: (id: string, options?: WriteOptions) =>
        json<Api.Hold>(
          { method: "POST", path: "/v1/holds/{id}/release", params: [id], isWrite: true },
          options,
        ),
    },
    invitations: {
      /**
       * Make a signed-in user a member, by the token sent to the user's own address.
       *
       * `POST /v1/invitations/accept`; operators' keys, scope organizations:write
       */
      accept: (input: Api.InvitationsAcceptInput, options?: WriteOptions) =>
        json<Api.Member>(
          { method: "POST", path: "/v1/invitations/accept", body: input, isWrite: true },
          options,
        ),
      /**
       * Invite an address for 7 days; the token is in this answer and nowhere else.
       *
       * `POST /v1/invitations`; scope organizations:write
       */
      create: (input: Api.InvitationsCreateInput, options?: WriteOptions) =>
        json<Api.InvitationsCreateReply>(
          { method: "POST", path: "/v1/invitations", body: input, isWrite: true },
          options,
        ),
      /**
       * Invitations, the latest first, without their tokens.
       *
       * `GET /v1/invitations`; scope organizations:write
       */
      list: (query: Api.InvitationsListQuery = {}, options?: CallOptions) =>
        json<Api.InvitationsListReply>({ method: "GET", path: "/v1/invitations", query }, options),
      /** The same over all pages, each asked for when the one before it was read. */
      all: (query: Api.InvitationsListQuery = {}, options?: CallOptions) =>
        pages<Api.Invitation>({ method: "GET", path: "/v1/invitations", query }, options),
      /**
       * Withdraw an invitation.
       *
       * `POST /v1/invitations/{id}/revoke`; scope organizations:write
       */
      revoke: (id: string, options?: WriteOptions) =>
        json<Api.Invitation>(
          { method: "POST", path: "/v1/invitations/{id}/revoke", params: [id], isWrite: true },
          options,
        ),
    },
    invoices: {
      /**
       * Make the draft of a month's invoice, or find the one that there is.
       *
       * `POST /v1/invoices`; operators' keys, scope invoices:write
       */
      create: (input: Api.InvoicesCreateInput, options?: WriteOptions) =>
        json<Api.Invoice>({ method: "POST", path: "/v1/invoices", body: input, isWrite: true }, options),
      /**
       * Issue a credit note: take lines back, in part or whole, with their tax, once per reference.
       *
       * `POST /v1/invoices/{id}/credit-notes`; operators' keys, scope invoices:write
       */
      createCreditNote: (id: string, input: Api.InvoicesCreateCreditNoteInput, options?: WriteOptions) =>
        json<Api.CreditNote>(
          {
            method: "POST",
            path: "/v1/invoices/{id}/credit-notes",
            params: [id],
            body: input,
            isWrite: true,
          },
          options,
        ),
      /**
       * The credit notes of an invoice, in the order of their numbers.
       *
       * `GET /v1/invoices/{id}/credit-notes`; scope invoices:read
       */
      creditNotes: (id: string, options?: CallOptions) =>
        json<Api.InvoicesCreditNotesReply>(
          { method: "GET", path: "/v1/invoices/{id}/credit-notes", params: [id] },
          options,
        ),
      /**
       * An invoice as CSV, a row per line and total.
       *
       * `GET /v1/invoices/{id}.csv`; scope invoices:read
       */
      csv: (id: string, options?: CallOptions) =>
        text({ method: "GET", path: "/v1/invoices/{id}.csv", params: [id] }, options),
      /**
       * Why a line says what it says: its events, their price, every rounding.
       *
       * `GET /v1/invoices/{id}/lines/{line}/explain`; scope invoices:read
       */
      explain: (id: string, line: string, query: Api.InvoicesExplainQuery = {}, options?: CallOptions) =>
        json<Api.InvoicesExplainReply>(
          { method: "GET", path: "/v1/invoices/{id}/lines/{line}/explain", params: [id, line], query },
          options,
        ),
      /**
       * Issue a draft: its number is taken, and it never changes again.
       *
       * `POST /v1/invoices/{id}/finalize`; operators' keys, scope invoices:write
       */
      finalize: (id: string, options?: WriteOptions) =>
        json<Api.Invoice>(
          { method: "POST", path: "/v1/invoices/{id}/finalize", params: [id], isWrite: true },
          options,
        ),
      /**
       * An invoice with its lines; a draft as of now, any other as it was issued.
       *
       * `GET /v1/invoices/{id}`; scope invoices:read
       */
      get: (id: string, options?: CallOptions) =>
        json<Api.Invoice>({ method: "GET", path: "/v1/invoices/{id}", params: [id] }, options),
      /**
       * An invoice as one HTML page, made for printing too.
       *
       * `GET /v1/invoices/{id}.html`; scope invoices:read
       */
      html: (id: string, options?: CallOptions) =>
        text({ method: "GET", path: "/v1/invoices/{id}.html", params: [id] }, options),
      /**
       * All invoices, the newest first; a draft is what the next one would say.
       *
       * `GET /v1/invoices`; scope invoices:read
       */
      list: (query: Api.InvoicesListQuery = {}, options?: CallOptions) =>
        json<Api.InvoicesListReply>({ method: "GET", path: "/v1/invoices", query }, options),
      /** The same over all pages, each asked for when the one before it was read. */
      all: (query: Api.InvoicesListQuery = {}, options?: CallOptions) =>
        pages<Api.InvoiceSummary>({ method: "GET", path: "/v1/invoices", query }, options),
      /**
       * Count a payment, in part or whole, once per reference.
       *
       * `POST /v1/invoices/{id}/pay`; operators' keys, scope invoices:write
       */
      pay: (id: string, input: Api.InvoicesPayInput = {}, options?: WriteOptions) =>
        json<Api.Invoice>(
          { method: "POST", path: "/v1/invoices/{id}/pay", params: [id], body: input, isWrite: true },
          options,
        ),
      /**
       * An invoice as PDF.
       *
       * `GET /v1/invoices/{id}.pdf`; scope invoices:read
       */
      pdf: (id: string, options?: CallOptions) =>
        bytes({ method: "GET", path: "/v1/invoices/{id}.pdf", params: [id] }, options),
      /**
       * What a month's invoice would say now; changes nothing.
       *
       * `POST /v1/invoices/preview`; operators' keys, scope invoices:write
       */
      preview: (input: Api.InvoicesPreviewInput, options?: WriteOptions) =>
        json<Api.Invoice>(
          { method: "POST", path: "/v1/invoices/preview", body: input, isWrite: true },
          options,
        ),
      /**
       * Delete a draft.
       *
       * `DELETE /v1/invoices/{id}`; operators' keys, scope invoices:write
       */
      remove: (id: string, options?: WriteOptions) =>
        json<Api.InvoicesRemoveReply>(
          { method: "DELETE", path: "/v1/invoices/{id}", params: [id], isWrite: true },
          options,
        ),
      /**
       * Issue a month's invoices for every tenant that owes or used something; again is safe.
       *
       * `POST /v1/invoices/run`; operators' keys, scope invoices:write
       */
      run: (input: Api.InvoicesRunInput, options?: WriteOptions) =>
        json<Api.InvoicesRunReply>(
          { method: "POST", path: "/v1/invoices/run", body: input, isWrite: true },
          options,
        ),
      /**
       * Set the terms of a draft; those left out are at their defaults.
       *
       * `PUT /v1/invoices/{id}/terms`; operators' keys, scope invoices:write
       */
      setTerms: (id: string, input: Api.InvoicesSetTermsInput = {}, options?: WriteOptions) =>
        json<Api.Invoice>(
          { method: "PUT", path: "/v1/invoices/{id}/terms", params: [id], body: input, isWrite: true },
          options,
        ),
      /**
       * Give up what is still due.
       *
       * `POST /v1/invoices/{id}/uncollectible`; operators' keys, scope invoices:write
       */
      uncollectible: (id: string, options?: WriteOptions) =>
        json<Api.Invoice>(
          { method: "POST", path: "/v1/invoices/{id}/uncollectible", params: [id], isWrite: true },
          options,
        ),
      /**
       * Take an issued invoice back: what was on it is unbilled again; its number stays.
       *
       * `POST /v1/invoices/{id}/void`; operators' keys, scope invoices:write
       */
      void: (id: string, input: Api.InvoicesVoidInput, options?: WriteOptions) =>
        json<Api.Invoice>(
          { method: "POST", path: "/v1/invoices/{id}/void", params: [id], body: input, isWrite: true },
          options,
        ),
    },
    me: {
      /**
       * Me, and the organizations that I am in.
       *
       * `GET /v1/me`
       */
      get: (options?: CallOptions) => json<Api.MeGetReply>({ method: "GET", path: "/v1/me" }, options),
    },
    members: {
      /**
       * Make a user a member without an invitation.
       *
       * `POST /v1/members`; operators' keys, scope organizations:write
       */
      add: (input: Api.MembersAddInput, options?: WriteOptions) =>
        json<Api.Member>({ method: "POST", path: "/v1/members", body: input, isWrite: true }, options),
      /**
       * Members, by user id.
       *
       * `GET /v1/members`; scope organizations:read
       */
      list: (query: Api.MembersListQuery = {}, options?: CallOptions) =>
        json<Api.MembersListReply>({ method: "GET", path: "/v1/members", query }, options),
      /** The same over all pages, each asked for when the one before it was read. */
      all: (query: Api.MembersListQuery = {}, options?: CallOptions) =>
        pages<Api.Member>({ method: "GET", path: "/v1/members", query }, options),
      /**
       * Remove a member; that the membership was stays on record.
       *
       * `DELETE /v1/members/{id}`; scope organizations:write
       */
      remove: (id: string, options?: WriteOptions) =>
        json<Api.MembersRemoveReply>(
          { method: "DELETE", path: "/v1/members/{id}", params: [id], isWrite: true },
          options,
        ),
      /**
       * Give a member another role; the last owner stays one.
       *
       * `PATCH /v1/members/{id}`; operators' keys, scope organizations:write
       */
      update: (id: string, input: Api.MembersUpdateInput, options?: WriteOptions) =>
        json<Api.Member>(
          { method: "PATCH", path: "/v1/members/{id}", params: [id], body: input, isWrite: true },
          options,
        ),
    },
    notifications: {
      /**
       * Notifications of a tenant, the newest first; for operators that name none: everybody's.
       *
       * `GET /v1/notifications`; scope organizations:read
       */
      list: (query: Api.NotificationsListQuery = {}, options?: CallOptions) =>
        json<Api.NotificationsListReply>({ method: "GET", path: "/v1/notifications", query }, options),
      /** The same over all pages, each asked for when the one before it was read. */
      all: (query: Api.NotificationsListQuery = {}, options?: CallOptions) =>
        pages<Api.Notification>({ method: "GET", path: "/v1/notifications", query }, options),
      /**
       * Make a notification that was given up due again, under the same id.
       *
       * `POST /v1/notifications/{id}/retry`; operators' keys, scope organizations:write
       */
      retry: (id: string, options?: WriteOptions) =>
        json<Api.Notification>(
          { method: "POST", path: "/v1/notifications/{id}/retry", params: [id], isWrite: true },
          options,
        ),
    },
    operations: {
      /**
       * The process lives.
       *
       * `GET /health`
       */
      health: (options?: CallOptions) => json<unknown>({ method: "GET", path: "/health" }, options),
      /**
       * Figures for Prometheus; also with the configured metrics token.
       *
       * `GET /metrics`; operators' keys, scope usage:read
       */
      metrics: (options?: CallOptions) => text({ method: "GET", path: "/metrics" }, options),
      /**
       * This description, as OpenAPI 3.1.
       *
       * `GET /openapi.json`
       */
      openapi: (options?: CallOptions) => json<unknown>({ method: "GET", path: "/openapi.json" }, options),
      /**
       * The database answers; 503 while it does not, or while the server stops.
       *
       * `GET /ready`
       */
      ready: (options?: CallOptions) => json<unknown>({ method: "GET", path: "/ready" }, options),
      /**
       * Recompute everything that is derived and list what differs; changes nothing.
       *
       * `POST /v1/verify`; operators' keys, scope verify:run
       */
      verify: (options?: WriteOptions) =>
        json<Api.OperationsVerifyReply>({ method: "POST", path: "/v1/verify", isWrite: true }, options),
    },
    organizations: {
      /**
       * To whom invoices are made out; null until it is set.
       *
       * `GET /v1/organizations/{id}/billing-profile`; operators' keys, scope organizations:read
       */
      billingProfile: (id: string, options?: CallOptions) =>
        json<Api.OrganizationsBillingProfileReply>(
          { method: "GET", path: "/v1/organizations/{id}/billing-profile", params: [id] },
          options,
        ),
      /**
       * Make an organization and its owner; its id is the tenant of its usage.
       *
       * `POST /v1/organizations`; operators' keys, scope organizations:write
       */
      create: (input: Api.OrganizationsCreateInput, options?: WriteOptions) =>
        json<Api.Organization>(
          { method: "POST", path: "/v1/organizations", body: input, isWrite: true },
          options,
        ),
      /**
       * End an organization and erase the personal data in it, for ever.
       *
       * `POST /v1/organizations/{id}/erase`; operators' keys, scope organizations:write
       */
      erase: (id: string, input: Api.OrganizationsEraseInput, options?: WriteOptions) =>
        json<Api.Organization>(
          { method: "POST", path: "/v1/organizations/{id}/erase", params: [id], body: input, isWrite: true },
          options,
        ),
      /**
       * All that is kept of an organization's people; that it was given out is on record.
       *
       * `POST /v1/organizations/{id}/export`; operators' keys, scope organizations:write
       */
      export: (id: string, options?: WriteOptions) =>
        json<Api.OrganizationsExportReply>(
          { method: "POST", path: "/v1/organizations/{id}/export", params: [id], isWrite: true },
          options,
        ),
      /**
       * An organization; a tenant's key sees its own.
       *
       * `GET /v1/organizations/{id}`; scope organizations:read
       */
      get: (id: string, options?: CallOptions) =>
        json<Api.Organization>({ method: "GET", path: "/v1/organizations/{id}", params: [id] }, options),
      /**
       * Every organization, by id.
       *
       * `GET /v1/organizations`; operators' keys, scope organizations:read
       */
      list: (query: Api.OrganizationsListQuery = {}, options?: CallOptions) =>
        json<Api.OrganizationsListReply>({ method: "GET", path: "/v1/organizations", query }, options),
      /** The same over all pages, each asked for when the one before it was read. */
      all: (query: Api.OrganizationsListQuery = {}, options?: CallOptions) =>
        pages<Api.Organization>({ method: "GET", path: "/v1/organizations", query }, options),
      /**
       * End a suspension.
       *
       * `POST /v1/organizations/{id}/resume`; operators' keys, scope organizations:write
       */
      resume: (id: string, options?: WriteOptions) =>
        json<Api.Organization>(
          { method: "POST", path: "/v1/organizations/{id}/resume", params: [id], isWrite: true },
          options,
        ),
      /**
       * Set to whom invoices are made out.
       *
       * `PUT /v1/organizations/{id}/billing-profile`; operators' keys, scope organizations:write
       */
      setBillingProfile: (
        id: string,
        input: Api.OrganizationsSetBillingProfileInput,
        options?: WriteOptions,
      ) =>
        json<Api.OrganizationsSetBillingProfileReply>(
          {
            method: "PUT",
            path: "/v1/organizations/{id}/billing-profile",
            params: [id],
            body: input,
            isWrite: true,
          },
          options,
        ),
      /**
       * Put an organization on another tier; members beyond its seats stay.
       *
       * `PUT /v1/organizations/{id}/tier`; operators' keys, scope organizations:write
       */
      setTier: (id: string, input: Api.OrganizationsSetTierInput, options?: WriteOptions) =>
        json<Api.Organization>(
          { method: "PUT", path: "/v1/organizations/{id}/tier", params: [id], body: input, isWrite: true },
          options,
        ),
      /**
       * Make an organization read-only and its keys useless, at once.
       *
       * `POST /v1/organizations/{id}/suspend`; operators' keys, scope organizations:write
       */
      suspend: (id: string, options?: WriteOptions) =>
        json<Api.Organization>(
          { method: "POST", path: "/v1/organizations/{id}/suspend", params: [id], isWrite: true },
          options,
        ),
      /**
       * Rename an organization, or give it another slug.
       *
       * `PATCH /v1/organizations/{id}`; scope organizations:write
       */
      update: (id: string, input: Api.OrganizationsUpdateInput = {}, options?: WriteOptions) =>
        json<Api.Organization>(
          { method: "PATCH", path: "/v1/organizations/{id}", params: [id], body: input, isWrite: true },
          options,
        ),
    },
    plans: {
      /**
       * The tiers, the smallest first: what each costs and gives.
       *
       * `GET /v1/plans`; scope organizations:read
       */
      list: (options?: CallOptions) =>
        json<Api.PlansListReply>({ method: "GET", path: "/v1/plans" }, options),
    },
    priceRules: {
      /**
       * Add price rules, all or none.
       *
       * `POST /v1/price-rules`; operators' keys, scope prices:write
       */
      add: (input: Api.PriceRulesAddInput, options?: WriteOptions) =>
        json<Api.PriceRulesAddReply>(
          { method: "POST", path: "/v1/price-rules", body: input, isWrite: true },
          options,
        ),
      /**
       * Price rules: all, or those of the tenant that is named; they tell what providers take, so operators only.
       *
       * `GET /v1/price-rules`; operators' keys, scope prices:read
       */
      list: (query: Api.PriceRulesListQuery = {}, options?: CallOptions) =>
        json<Api.PriceRulesListReply>({ method: "GET", path: "/v1/price-rules", query }, options),
      /** The same over all pages, each asked for when the one before it was read. */
      all: (query: Api.PriceRulesListQuery = {}, options?: CallOptions) =>
        pages<Api.PriceRule>({ method: "GET", path: "/v1/price-rules", query }, options),
    },
    prices: {
      /**
       * Add dated prices, all or none.
       *
       * `POST /v1/prices`; operators' keys, scope prices:write
       */
      add: (input: Api.PricesAddInput, options?: WriteOptions) =>
        json<Api.PricesAddReply>({ method: "POST", path: "/v1/prices", body: input, isWrite: true }, options),
      /**
       * The price book, by provider and model, in USD per 1,000,000 tokens.
       *
       * `GET /v1/prices`; scope prices:read
       */
      list: (query: Api.PricesListQuery = {}, options?: CallOptions) =>
        json<Api.PricesListReply>({ method: "GET", path: "/v1/prices", query }, options),
      /** The same over all pages, each asked for when the one before it was read. */
      all: (query: Api.PricesListQuery = {}, options?: CallOptions) =>
        pages<Api.Price>({ method: "GET", path: "/v1/prices", query }, options),
      /**
       * Price a period again by the book and rules of today: of all tenants, or of the one that is named.
       *
       * `POST /v1/rerates`; operators' keys, scope prices:write
       */
      rerate: (input: Api.PricesRerateInput, options?: WriteOptions) =>
        json<Api.PricesRerateReply>(
          { method: "POST", path: "/v1/rerates", body: input, isWrite: true },
          options,
        ),
    },
    sellerProfile: {
      /**
       * Whom invoices are from; null until it is set.
       *
       * `GET /v1/seller-profile`; scope organizations:read
       */
      get: (options?: CallOptions) =>
        json<Api.SellerProfileGetReply>({ method: "GET", path: "/v1/seller-profile" }, options),
      /**
       * Set whom every invoice is from.
       *
       * `PUT /v1/seller-profile`; operators' keys, scope organizations:write
       */
      set: (input: Api.SellerProfileSetInput, options?: WriteOptions) =>
        json<Api.SellerProfileSetReply>(
          { method: "PUT", path: "/v1/seller-profile", body: input, isWrite: true },
          options,
        ),
    },
    sessions: {
      /**
       * My sessions, the latest first, with those that ended in the last weeks.
       *
       * `GET /v1/sessions`
       */
      list: (query: Api.SessionsListQuery = {}, options?: CallOptions) =>
        json<Api.SessionsListReply>({ method: "GET", path: "/v1/sessions", query }, options),
      /** The same over all pages, each asked for when the one before it was read. */
      all: (query: Api.SessionsListQuery = {}, options?: CallOptions) =>
        pages<Api.Session>({ method: "GET", path: "/v1/sessions", query }, options),
      /**
       * End a session of mine.
       *
       * `POST /v1/sessions/{id}/revoke`
       */
      revoke: (id: string, options?: WriteOptions) =>
        json<Api.Session>(
          { method: "POST", path: "/v1/sessions/{id}/revoke", params: [id], isWrite: true },
          options,
        ),
      /**
       * End every session of mine but this one.
       *
       * `POST /v1/sessions/revoke-others`
       */
      revokeOthers: (options?: WriteOptions) =>
        json<Api.SessionsRevokeOthersReply>(
          { method: "POST", path: "/v1/sessions/revoke-others", isWrite: true },
          options,
        ),
    },
    spends: {
      /**
       * Check and record spend that has no event, in one step; with enforce false whatever the limits say.
       *
       * `POST /v1/spends`; scope holds:write
       */
      record: (input: Api.SpendsRecordInput = {}, options?: WriteOptions) =>
        json<Api.SpendsRecordReply>(
          { method: "POST", path: "/v1/spends", body: input, isWrite: true },
          options,
        ),
    },
    subscription: {
      /**
       * End the paid tier at the period's end, or now without a refund.
       *
       * `POST /v1/subscription/cancel`; operators' keys, scope organizations:write
       */
      cancel: (input: Api.SubscriptionCancelInput = {}, options?: WriteOptions) =>
        json<Api.SubscriptionCancelReply>(
          { method: "POST", path: "/v1/subscription/cancel", body: input, isWrite: true },
          options,
        ),
      /**
       * Take another paid tier: up now, down at the period's end.
       *
       * `POST /v1/subscription/change`; operators' keys, scope organizations:write
       */
      change: (input: Api.SubscriptionChangeInput, options?: WriteOptions) =>
        json<Api.SubscriptionChangeReply>(
          { method: "POST", path: "/v1/subscription/change", body: input, isWrite: true },
          options,
        ),
      /**
       * Begin the first paid period now, of the tier that is tried or another.
       *
       * `POST /v1/subscription/convert-trial`; operators' keys, scope organizations:write
       */
      convertTrial: (input: Api.SubscriptionConvertTrialInput = {}, options?: WriteOptions) =>
        json<Api.SubscriptionConvertTrialReply>(
          { method: "POST", path: "/v1/subscription/convert-trial", body: input, isWrite: true },
          options,
        ),
      /**
       * Give a trial 7 days more, once.
       *
       * `POST /v1/subscription/extend-trial`; operators' keys, scope organizations:write
       */
      extendTrial: (options?: WriteOptions) =>
        json<Api.SubscriptionExtendTrialReply>(
          { method: "POST", path: "/v1/subscription/extend-trial", isWrite: true },
          options,
        ),
      /**
       * The subscription as of now.
       *
       * `GET /v1/subscription`; scope organizations:read
       */
      get: (options?: CallOptions) =>
        json<Api.SubscriptionGetReply>({ method: "GET", path: "/v1/subscription" }, options),
      /**
       * What the subscription charged and gave back, the latest first.
       *
       * `GET /v1/subscription/lines`; operators' keys, scope organizations:read
       */
      lines: (query: Api.SubscriptionLinesQuery = {}, options?: CallOptions) =>
        json<Api.SubscriptionLinesReply>({ method: "GET", path: "/v1/subscription/lines", query }, options),
      /** The same over all pages, each asked for when the one before it was read. */
      allLines: (query: Api.SubscriptionLinesQuery = {}, options?: CallOptions) =>
        pages<Api.SubscriptionLinesReply["items"][number]>(
          { method: "GET", path: "/v1/subscription/lines", query },
          options,
        ),
      /**
       * Note that the payment came after all.
       *
       * `POST /v1/subscription/mark-paid`; operators' keys, scope organizations:write
       */
      markPaid: (options?: WriteOptions) =>
        json<Api.SubscriptionMarkPaidReply>(
          { method: "POST", path: "/v1/subscription/mark-paid", isWrite: true },
          options,
        ),
      /**
       * Note that a payment did not come.
       *
       * `POST /v1/subscription/mark-past-due`; operators' keys, scope organizations:write
       */
      markPastDue: (options?: WriteOptions) =>
        json<Api.SubscriptionMarkPastDueReply>(
          { method: "POST", path: "/v1/subscription/mark-past-due", isWrite: true },
          options,
        ),
      /**
       * Give the rest of the period back and charge nothing until it is unpaused.
       *
       * `POST /v1/subscription/pause`; operators' keys, scope organizations:write
       */
      pause: (options?: WriteOptions) =>
        json<Api.SubscriptionPauseReply>(
          { method: "POST", path: "/v1/subscription/pause", isWrite: true },
          options,
        ),
      /**
       * What a change would charge, give back and make of the subscription; changes nothing.
       *
       * `POST /v1/subscription/preview`; operators' keys, scope organizations:write
       */
      preview: (input: Api.SubscriptionPreviewInput, options?: WriteOptions) =>
        json<Api.SubscriptionPreviewReply>(
          { method: "POST", path: "/v1/subscription/preview", body: input, isWrite: true },
          options,
        ),
      /**
       * Withdraw what is scheduled for the period's end.
       *
       * `POST /v1/subscription/resume`; operators' keys, scope organizations:write
       */
      resume: (options?: WriteOptions) =>
        json<Api.SubscriptionResumeReply>(
          { method: "POST", path: "/v1/subscription/resume", isWrite: true },
          options,
        ),
      /**
       * Try a paid tier for 7 days, once per organization.
       *
       * `POST /v1/subscription/trial`; operators' keys, scope organizations:write
       */
      trial: (input: Api.SubscriptionTrialInput = {}, options?: WriteOptions) =>
        json<Api.SubscriptionTrialReply>(
          { method: "POST", path: "/v1/subscription/trial", body: input, isWrite: true },
          options,
        ),
      /**
       * Begin a paid period now, at the terms of before.
       *
       * `POST /v1/subscription/unpause`; operators' keys, scope organizations:write
       */
      unpause: (options?: WriteOptions) =>
        json<Api.SubscriptionUnpauseReply>(
          { method: "POST", path: "/v1/subscription/unpause", isWrite: true },
          options,
        ),
    },
    usage: {
      /**
       * Usage and cost of all tenants, grouped.
       *
       * `GET /v1/usage/across-tenants`; operators' keys, scope usage:read
       */
      acrossTenants: (query: Api.UsageAcrossTenantsQuery, options?: CallOptions) =>
        json<Api.UsageAcrossTenantsReply>(
          { method: "GET", path: "/v1/usage/across-tenants", query },
          options,
        ),
      /**
       * Usage and cost of a period by model, day, user ….
       *
       * `GET /v1/usage/breakdown`; scope usage:read
       */
      breakdown: (query: Api.UsageBreakdownQuery, options?: CallOptions) =>
        json<Api.UsageBreakdownReply>({ method: "GET", path: "/v1/usage/breakdown", query }, options),
      /**
       * Events in time order: the same list as /v1/events.
       *
       * `GET /v1/usage/events`; scope usage:read
       */
      events: (query: Api.UsageEventsQuery = {}, options?: CallOptions) =>
        json<Api.UsageEventsReply>({ method: "GET", path: "/v1/usage/events", query }, options),
      /** The same over all pages, each asked for when the one before it was read. */
      allEvents: (query: Api.UsageEventsQuery = {}, options?: CallOptions) =>
        pages<Api.Event>({ method: "GET", path: "/v1/usage/events", query }, options),
      /**
       * Events of a period as CSV, streamed.
       *
       * `GET /v1/usage/export`; scope usage:read
       */
      export: (query: Api.UsageExportQuery = {}, options?: CallOptions) =>
        chunks({ method: "GET", path: "/v1/usage/export", query }, options),
      /**
       * Usage and cost of a period.
       *
       * `GET /v1/usage/summary`; scope usage:read
       */
      summary: (query: Api.UsageSummaryQuery = {}, options?: CallOptions) =>
        json<Api.UsageSummaryReply>({ method: "GET", path: "/v1/usage/summary", query }, options),
    },
    users: {
      /**
       * A user.
       *
       * `GET /v1/users/{id}`; operators' keys, scope organizations:read
       */
      get: (id: string, options?: CallOptions) =>
        json<Api.User>({ method: "GET", path: "/v1/users/{id}", params: [id] }, options),
      /**
       * A link that signs a user in, to hand over by a safe way: 15 minutes, one use.
       *
       * `POST /v1/users/{id}/login-link`; operators' keys, scope organizations:write
       */
      loginLink: (id: string, options?: WriteOptions) =>
        json<Api.UsersLoginLinkReply>(
          { method: "POST", path: "/v1/users/{id}/login-link", params: [id], isWrite: true },
          options,
        ),
      /**
       * Add a user, or change what is known of one; the caller has confirmed the address.
       *
       * `PUT /v1/users/{id}`; operators' keys, scope organizations:write
       */
      set: (id: string, input: Api.UsersSetInput = {}, options?: WriteOptions) =>
        json<Api.User>(
          { method: "PUT", path: "/v1/users/{id}", params: [id], body: input, isWrite: true },
          options,
        ),
    },
    volumeDiscount: {
      /**
       * What was bought so far, the tier reached by it and the next one.
       *
       * `GET /v1/volume-discount`; scope budgets:read
       */
      get: (options?: CallOptions) =>
        json<Api.VolumeDiscountGetReply>({ method: "GET", path: "/v1/volume-discount" }, options),
      /**
       * Count a purchase that was paid, or take a refund off, once per reference.
       *
       * `POST /v1/volume-discount/spend`; operators' keys, scope budgets:write
       */
      spend: (input: Api.VolumeDiscountSpendInput, options?: WriteOptions) =>
        json<Api.VolumeDiscountSpendReply>(
          { method: "POST", path: "/v1/volume-discount/spend", body: input, isWrite: true },
          options,
        ),
    },
    webhookEndpoints: {
      /**
       * Register an endpoint; its secret is in this answer and nowhere else.
       *
       * `POST /v1/webhook-endpoints`; scope webhooks:write
       */
      create: (input: Api.WebhookEndpointsCreateInput, options?: WriteOptions) =>
        json<Api.WebhookEndpointsCreateReply>(
          { method: "POST", path: "/v1/webhook-endpoints", body: input, isWrite: true },
          options,
        ),
      /**
       * What an endpoint was or is to be sent, the newest first.
       *
       * `GET /v1/webhook-endpoints/{id}/deliveries`; scope webhooks:write
       */
      deliveries: (id: string, query: Api.WebhookEndpointsDeliveriesQuery = {}, options?: CallOptions) =>
        json<Api.WebhookEndpointsDeliveriesReply>(
          { method: "GET", path: "/v1/webhook-endpoints/{id}/deliveries", params: [id], query },
          options,
        ),
      /** The same over all pages, each asked for when the one before it was read. */
      allDeliveries: (id: string, query: Api.WebhookEndpointsDeliveriesQuery = {}, options?: CallOptions) =>
        pages<Api.Delivery>(
          { method: "GET", path: "/v1/webhook-endpoints/{id}/deliveries", params: [id], query },
          options,
        ),
      /**
       * An endpoint.
       *
       * `GET /v1/webhook-endpoints/{id}`; scope webhooks:write
       */
      get: (id: string, options?: CallOptions) =>
        json<Api.WebhookEndpoint>(
          { method: "GET", path: "/v1/webhook-endpoints/{id}", params: [id] },
          options,
        ),
      /**
       * A tenant's endpoints, at most 20, without their secrets.
       *
       * `GET /v1/webhook-endpoints`; scope webhooks:write
       */
      list: (options?: CallOptions) =>
        json<Api.WebhookEndpointsListReply>({ method: "GET", path: "/v1/webhook-endpoints" }, options),
      /**
       * Remove an endpoint; what was still on its way is not sent.
       *
       * `DELETE /v1/webhook-endpoints/{id}`; scope webhooks:write
       */
      remove: (id: string, options?: WriteOptions) =>
        json<Api.WebhookEndpointsRemoveReply>(
          { method: "DELETE", path: "/v1/webhook-endpoints/{id}", params: [id], isWrite: true },
          options,
        ),
      /**
       * Send a delivery that is over once more, under the same id; delivered ones too.
       *
       * `POST /v1/webhook-endpoints/{id}/deliveries/{deliveryId}/replay`; scope webhooks:write
       */
      replayDelivery: (id: string, deliveryId: string, options?: WriteOptions) =>
        json<Api.Delivery>(
          {
            method: "POST",
            path: "/v1/webhook-endpoints/{id}/deliveries/{deliveryId}/replay",
            params: [id, deliveryId],
            isWrite: true,
          },
          options,
        ),
      /**
       * Make a new secret, shown this once; calls are signed with it from now on.
       *
       * `POST /v1/webhook-endpoints/{id}/rotate-secret`; scope webhooks:write
       */
      rotateSecret: (id: string, options?: WriteOptions) =>
        json<Api.WebhookEndpointsRotateSecretReply>(
          { method: "POST", path: "/v1/webhook-endpoints/{id}/rotate-secret", params: [id], isWrite: true },
          options,
        ),
      /**
       * Send a made-up event of a type that the endpoint wants.
       *
       * `POST /v1/webhook-endpoints/{id}/test`; scope webhooks:write
       */
      test: (id: string, input: Api.WebhookEndpointsTestInput = {}, options?: WriteOptions) =>
        json<Api.Delivery>(
          {
            method: "POST",
            path: "/v1/webhook-endpoints/{id}/test",
            params: [id],
            body: input,
            isWrite: true,
          },
          options,
        ),
      /**
       * Change address, events, description; disable or enable.
       *
       * `PATCH /v1/webhook-endpoints/{id}`; scope webhooks:write
       */
      update: (id: string, input: Api.WebhookEndpointsUpdateInput = {}, options?: WriteOptions) =>
        json<Api.WebhookEndpoint>(
          { method: "PATCH", path: "/v1/webhook-endpoints/{id}", params: [id], body: input, isWrite: true },
          options,
        ),
    },
    workspaces: {
      /**
       * End the use of a workspace; its usage stays.
       *
       * `POST /v1/workspaces/{id}/archive`; scope organizations:write
       */
      archive: (id: string, options?: WriteOptions) =>
        json<Api.Workspace>(
          { method: "POST", path: "/v1/workspaces/{id}/archive", params: [id], isWrite: true },
          options,
        ),
      /**
       * Add a workspace.
       *
       * `POST /v1/workspaces`; scope organizations:write
       */
      create: (input: Api.WorkspacesCreateInput, options?: WriteOptions) =>
        json<Api.Workspace>({ method: "POST", path: "/v1/workspaces", body: input, isWrite: true }, options),
      /**
       * Workspaces by id, archived ones included.
       *
       * `GET /v1/workspaces`; scope organizations:read
       */
      list: (query: Api.WorkspacesListQuery = {}, options?: CallOptions) =>
        json<Api.WorkspacesListReply>({ method: "GET", path: "/v1/workspaces", query }, options),
      /** The same over all pages, each asked for when the one before it was read. */
      all: (query: Api.WorkspacesListQuery = {}, options?: CallOptions) =>
        pages<Api.Workspace>({ method: "GET", path: "/v1/workspaces", query }, options),
      /**
       * Rename a workspace.
       *
       * `PATCH /v1/workspaces/{id}`; scope organizations:write
       */
      update: (id: string, input: Api.WorkspacesUpdateInput, options?: WriteOptions) =>
        json<Api.Workspace>(
          { method: "PATCH", path: "/v1/workspaces/{id}", params: [id], body: input, isWrite: true },
          options,
        ),
    },
  };
}
