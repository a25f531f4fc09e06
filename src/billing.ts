// The composition root: the only place where services are constructed and joined.

import { oidcProvider } from "./adapters/oidc/index.ts";
import { renderInvoicePdf } from "./adapters/pdf/index.ts";
import { SmtpMailer } from "./adapters/smtp/index.ts";
import { GlobalWebhook, WebhookEndpoints } from "./adapters/webhook/index.ts";
import type { NotificationOptions, TokenSecretOptions } from "./config.ts";
import { AnalyticsService } from "./domain/analytics/index.ts";
import { AuditLog } from "./domain/audit/index.ts";
import {
  BudgetService,
  budgetEngine,
  currentHold,
  HoldService,
  PlanBudgets,
} from "./domain/budgets/index.ts";
import {
  type AskForPayment,
  CreditService,
  creditExpiryNotices,
  TopUpService,
} from "./domain/credits/index.ts";
import { DiscountService, VolumeService } from "./domain/discounts/index.ts";
import {
  AccountService,
  IdentityService,
  OidcService,
  type OidcSettings,
  oidcIdentities,
  ownSecret,
  SessionService,
  signingKeys,
} from "./domain/identity/index.ts";
import { InvoiceService, invoiceReminders, type MonthEndOptions } from "./domain/invoices/index.ts";
import {
  type CommitParticipant,
  MeteringService,
  type VerifyProgress,
  type VerifyReport,
} from "./domain/metering/index.ts";
import {
  AccountMails,
  type AttachedTo,
  type Attachment,
  BudgetAlertNotifications,
  type Channels,
  CreditExpiryNotifications,
  EndpointService,
  InvoiceMails,
  NotificationService,
  RegisteredEndpoints,
  SubscriptionNotices,
} from "./domain/notifications/index.ts";
import { WriteService } from "./domain/operations/index.ts";
import { OrganizationService } from "./domain/organizations/index.ts";
import { PricingService } from "./domain/pricing/index.ts";
import type { UnknownModelPolicy } from "./domain/rating/index.ts";
import { EntitlementService, SubscriptionService } from "./domain/subscriptions/index.ts";
import { Jobs } from "./jobs.ts";
import { type Clock, createIds, invalidInput, secureRandom, systemClock } from "./kernel/index.ts";
import { type Store, storeAt } from "./store/index.ts";

// The facade and the server export documents, and reach adapters through here.
export { type PaperSize, renderInvoicePdf } from "./adapters/pdf/index.ts";
export interface BillingOptions {
  /** `sqlite:PATH`, `sqlite::memory:` or `postgres://…`. */
  readonly database: string;
  /** The tenant of calls that name none and run outside `withTenant`. Absent: such calls are refused. */
  readonly tenant?: string | undefined;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
  /** What to do with a model that the price book does not know. Default `fallback`: the fallback price, flagged. */
  readonly unknownModel?: UnknownModelPolicy | undefined;
  /** Where notifications go. Default: to the log. */
  readonly notifications?: NotificationOptions | undefined;
  /** Asks for the payment of an automatic top-up of credits. Absent: no top-up rule can be set. */
  readonly askForPayment?: AskForPayment | undefined;
  /**
   * Signs the tokens of people who sign in. Default: with an SQLite file, a secret that is made once and kept beside it;
   * with PostgreSQL there is none, and nobody can sign in.
   */
  readonly tokenSecret?: TokenSecretOptions | undefined;
  /** Providers that people sign in by (OpenID Connect). Default: none. */
  readonly oidc?: OidcSettings | undefined;
  /** Issues the invoices of a month by itself, by a job. Absent: `invoices.runMonthEnd` is called by you. */
  readonly monthEnd?: MonthEndOptions | undefined;
}

const OPTIONS = new Set<string>([
  "database",
  "tenant",
  "clock",
  "unknownModel",
  "notifications",
  "askForPayment",
  "tokenSecret",
  "oidc",
  "monthEnd",
] satisfies (keyof BillingOptions)[]);
const TOKEN_SECRET_NAMES = { current: "ARAGORA_JWT_SECRET", previous: "ARAGORA_JWT_SECRET_PREVIOUS" };
const POLICIES: readonly string[] = ["fallback", "unpriced", "refuse"] satisfies UnknownModelPolicy[];

/** One billing engine over one database. */
export class Billing {
  /** Writes asked for over a wire: once each by their key, and on record. */
  readonly writes: WriteService;
  /** Who changed what. */
  readonly audit: AuditLog;
  readonly organizations: OrganizationService;
  /** What organizations have bought. */
  readonly subscriptions: SubscriptionService;
  /** What a tenant may do by its plan. */
  readonly entitlements: EntitlementService;
  /** API keys. */
  readonly identity: IdentityService;
  /** How people sign in. */
  readonly accounts: AccountService;
  /** Of people who signed in. */
  readonly sessions: SessionService;
  /** Sign-in by providers of organizations. */
  readonly oidc: OidcService;
  readonly pricing: PricingService;
  readonly metering: MeteringService;
  readonly analytics: AnalyticsService;
  readonly budgets: BudgetService;
  readonly holds: HoldService;
  /** Prepaid credit of tenants. */
  readonly credits: CreditService;
  /** Automatic payments for more credit. */
  readonly topUps: TopUpService;
  /** Discount codes. */
  readonly discounts: DiscountService;
  /** What organizations have bought, and the tier of discount that they reached by it. */
  readonly volumeDiscounts: VolumeService;
  /** From usage and subscriptions to documents that never change. */
  readonly invoices: InvoiceService;
  readonly notifications: NotificationService;
  /** Webhook endpoints of tenants. */
  readonly endpoints: EndpointService;
  /** Due work: `jobs.start()` does it in the background of this process. */
  readonly jobs: Jobs;
  /** The engine's time: what "now" is in its reports. */
  readonly clock: Clock;
  readonly #store: Store;

  /** Use {@link createBilling}. */
  constructor(store: Store, options: BillingOptions, participants: readonly CommitParticipant[]) {
    const clock = options.clock ?? systemClock;
    const ids = createIds(clock);
    const { tenant, unknownModel = "fallback" } = options;
    this.#store = store;
    this.clock = clock;
    this.endpoints = new EndpointService({
      ...{ store, clock, ids, random: secureRandom },
      check: (url) => this.notifications.checkEndpoint(url),
    });
    this.writes = new WriteService({ store, clock, ids });
    this.audit = new AuditLog(store);
    this.sessions = new SessionService({
      ...{ store, clock, ids, random: secureRandom },
      secret: () => options.tokenSecret ?? ownSecret(options.database, secureRandom),
    });
    this.accounts = new AccountService({
      ...{ store, clock, ids, random: secureRandom, sessions: this.sessions },
      mailer: new AccountMails(ids),
    });
    const engine = budgetEngine({ store, clock, sink: new BudgetAlertNotifications({ clock, ids }) });
    this.subscriptions = new SubscriptionService({
      ...{ store, clock, ids, limits: new PlanBudgets(engine) },
      notices: new SubscriptionNotices({ clock, ids }),
    });
    this.organizations = new OrganizationService({
      ...{ store, clock, ids, random: secureRandom, plans: this.subscriptions.keeper },
      holders: [this.endpoints, this.sessions, this.accounts, oidcIdentities],
    });
    this.oidc = new OidcService(
      {
        ...{ store, clock, ids, random: secureRandom },
        ...{ organizations: this.organizations, sessions: this.sessions },
        provider: (connection) =>
          oidcProvider({ ...connection, allowInsecure: options.oidc?.allowInsecureLoopback }),
      },
      options.oidc,
    );
    this.identity = new IdentityService({ store, clock, ids, random: secureRandom });
    this.pricing = new PricingService(store, clock);
    this.credits = new CreditService({ store, clock, ids }, { tenant });
    const { askForPayment } = options;
    this.topUps = new TopUpService({ store, clock, ids, askForPayment }, { tenant });
    const settle = (whose: string) => this.subscriptions.settle(whose);
    this.discounts = new DiscountService({ store, clock, ids, settle }, { tenant });
    this.volumeDiscounts = new VolumeService({ store, clock, ids }, { tenant });
    this.metering = new MeteringService(
      { store, clock, ids, pricing: this.pricing },
      {
        tenant,
        unknownModel,
        participants: [
          engine.participant,
          this.subscriptions.participant,
          InvoiceService.participant,
          this.credits.participant,
          this.discounts.participant,
          ...participants,
        ],
        currentHold,
      },
    );
    this.budgets = new BudgetService({ store, clock, ids, engine }, { tenant });
    this.holds = new HoldService(
      { store, clock, ids, pricing: this.pricing, engine, settle },
      { tenant, unknownModel },
    );
    this.entitlements = new EntitlementService({
      ...{ store, clock, holds: this.holds, settle },
      plan: (whose, at, reader) => this.subscriptions.plan(whose, at, reader),
    });
    const notices = new InvoiceMails({ clock, ids });
    this.invoices = new InvoiceService(
      {
        ...{ store, clock, ids, pricing: this.pricing, notices },
        ...{ credits: this.credits, subscriptions: this.subscriptions, renderPdf: renderInvoicePdf },
      },
      { tenant },
    );
    this.analytics = new AnalyticsService(store, tenant);
    this.notifications = new NotificationService(
      { store, clock, ids },
      {
        tenant,
        channels: {
          ...channelsOf(store, options.notifications),
          attachments: (notification) => attachmentsOf(this.invoices, notification),
        },
      },
    );
    this.jobs = new Jobs({ store, clock, ids }, [
      this.holds.expiry,
      this.subscriptions.renewals,
      ...(options.monthEnd === undefined ? [] : [this.invoices.monthEnd(options.monthEnd)]),
      invoiceReminders({ store, notices }),
      this.credits.expiry,
      creditExpiryNotices({ store, clock, notices: new CreditExpiryNotifications({ clock, ids }) }),
      this.topUps.requests,
      this.discounts.expiry,
      this.notifications.deliveryJob(),
      this.writes.cleanup(),
      this.sessions.cleanup(),
      this.oidc.cleanup(),
      this.accounts.cleanup(),
    ]);
  }

  /**
   * Opens the database now instead of at the first call: rejects at once if it is out of reach, damaged, another
   * program's or of a newer schema.
   */
  async ready(): Promise<this> {
    await this.#store.ready();
    return this;
  }

  /** Recomputes everything that is derived and lists what differs from what is stored; changes nothing. */
  verify(onProgress?: (progress: VerifyProgress) => void): Promise<VerifyReport> {
    return this.metering.verify(onProgress);
  }

  /** Ends due work and tries under way, commits what was accepted, then closes the database. Idempotent. */
  async close(): Promise<void> {
    await this.jobs.stop();
    await this.notifications.close();
    await this.#store.close();
  }
}

/** The document that a mail carries, as it stands when the mail is sent. */
async function attachmentsOf(
  invoices: InvoiceService,
  { tenant, kind, payload }: AttachedTo,
): Promise<readonly Attachment[] | "withdrawn"> {
  const invoiceId = String(payload.invoiceId);
  const asksForPayment = ["invoice_issued", "invoice_due", "invoice_overdue"].includes(kind);
  if (asksForPayment && (await invoices.get({ tenant, invoiceId })).status === "void") return "withdrawn";
  const file =
    kind === "credit_note_issued"
      ? await invoices.creditNoteFile({ tenant, creditNoteId: String(payload.creditNoteId), format: "pdf" })
      : await invoices.file({ tenant, invoiceId, format: "pdf" });
  return [{ ...file, content: Buffer.from(file.content) }];
}

function channelsOf(store: Store, options: NotificationOptions = {}): Channels {
  const { smtp, webhook, allowInsecureEndpoints, log } = options;
  return {
    mail: smtp && new SmtpMailer(smtp),
    endpoints: new RegisteredEndpoints(
      store,
      new WebhookEndpoints({ allowInsecure: allowInsecureEndpoints }),
    ),
    global: webhook === undefined ? undefined : new GlobalWebhook(webhook),
    log: log ?? ((line) => process.stderr.write(`${line}\n`)),
  };
}

/**
 * The billing engine of a database, opened (and its schema brought up to date) at the first call or by `ready()`.
 *
 * @throws BillingError invalid_input for an unknown option or an address that is none.
 * @example
 * const billing = createBilling({ database: "sqlite:billing.db" });
 * await billing.metering.record({ tenant: "acme", provider: "openai", model: "gpt-4o", tokensIn: 1000, tokensOut: 200 });
 * const report = await billing.analytics.usage({ tenant: "acme", by: ["model"] });
 * await billing.close();
 */
export function createBilling(options: BillingOptions): Billing {
  for (const key of Object.keys(options)) {
    if (!OPTIONS.has(key))
      throw invalidInput(key, "unknown_option", `createBilling has no option ${JSON.stringify(key)}`);
  }
  if (options.unknownModel !== undefined && !POLICIES.includes(options.unknownModel)) {
    throw invalidInput(
      "unknownModel",
      "invalid_option",
      `unknownModel must be one of ${POLICIES.join(", ")}`,
    );
  }
  if (options.tokenSecret !== undefined) signingKeys(options.tokenSecret, TOKEN_SECRET_NAMES);
  return new Billing(storeAt(options.database), options, []);
}
