// The only reader of the environment.

import { homedir } from "node:os";
import { join } from "node:path";
import { invalidInput } from "./kernel/index.ts";

/** A mail server. With a user and a password, TLS is required: they are never sent in clear. */
export interface SmtpOptions {
  readonly host: string;
  /** Default 587, with STARTTLS; on 465 the connection is TLS from its first byte. */
  readonly port?: number | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Default `billing@aragora.ai`. */
  readonly from?: string | undefined;
  /** PEM of a certificate authority beside the system's. */
  readonly ca?: string | undefined;
}

/** The ways out for notifications. Without any, they are lines of the log. */
export interface NotificationOptions {
  readonly smtp?: SmtpOptions | undefined;
  /** The operator's own webhook (Slack, Discord or any other): takes what has no other way. */
  readonly webhook?: string | undefined;
  /** For development: endpoints of tenants may be `http:`, on this machine and on any port. */
  readonly allowInsecureEndpoints?: boolean | undefined;
  /** Takes a line per notification when neither server nor webhook is configured. Default: standard error. */
  readonly log?: ((line: string) => void) | undefined;
}

/** What tokens of people who sign in are signed with. */
export interface TokenSecretOptions {
  /** At least 32 bytes that nobody can guess. */
  readonly current: string;
  /** The one before, honoured for 24 hours from the first use of `current`. */
  readonly previous?: string | undefined;
}

type OidcRole = "admin" | "member" | "viewer" | "billing";

/** The one sign-in provider that the environment can name; programs give several to `createBilling`. */
interface OidcOptions {
  readonly connections: readonly {
    readonly issuer: string;
    readonly clientId: string;
    readonly clientSecret: string;
    readonly domains: readonly string[];
    readonly tenant: string;
    readonly defaultRole: OidcRole;
    readonly roleMapping?: {
      readonly claim: string;
      readonly rules: readonly { readonly value: string; readonly role: OidcRole }[];
    };
  }[];
  readonly redirectUri: string;
}

/** When the invoices of a month are issued without anybody asking, and on which terms. */
interface MonthEndConfig {
  /** Whole days after the month's end, 0 to 27. */
  readonly afterDays: number;
  readonly terms: {
    /** Decimal text of a fraction: `0.19` is 19 %. */
    readonly taxRate?: string | undefined;
    readonly dueInDays?: number | undefined;
  };
}

/** Settings of the month end as a command line names them; what is given wins over the environment. */
export interface MonthEndFlags {
  readonly monthEndAfterDays?: string | undefined;
  readonly monthEndTaxRate?: string | undefined;
  readonly monthEndDueInDays?: string | undefined;
}

export interface Config {
  /** Where data lives when no database is named. */
  readonly database: string;
  /** Default: a file beside an SQLite database. */
  readonly tokenSecret?: TokenSecretOptions | undefined;
  /** Default: nobody signs in by a provider. */
  readonly oidc?: OidcOptions | undefined;
  /** Opens a server's /metrics beside an operator's key. */
  readonly metricsToken?: string | undefined;
  /** What becomes of usage of a model that the price book does not know. Default: the fallback price. */
  readonly unknownModel?: (typeof UNKNOWN_MODEL_POLICIES)[number] | undefined;
  /** Default: no invoice is issued unless it is asked for. */
  readonly monthEnd?: MonthEndConfig | undefined;
  readonly notifications: NotificationOptions;
}

/** How the settings of a mail server are called where they were given. */
export type SmtpNames = Readonly<Record<Exclude<keyof SmtpOptions, "ca">, string>>;

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_PORT = 587;
const DEFAULT_FROM = "billing@aragora.ai";
const SMTP_VARIABLES: SmtpNames = {
  host: "ARAGORA_SMTP_HOST",
  port: "ARAGORA_SMTP_PORT",
  user: "ARAGORA_SMTP_USER",
  password: "ARAGORA_SMTP_PASSWORD",
  from: "ARAGORA_SMTP_FROM",
};
const DATABASE_VARIABLE = "ARAGORA_DATABASE_URL";
const SECRET_VARIABLE = "ARAGORA_JWT_SECRET";
const PREVIOUS_SECRET_VARIABLE = "ARAGORA_JWT_SECRET_PREVIOUS";
const OIDC_VARIABLES = {
  issuer: "ARAGORA_OIDC_ISSUER",
  clientId: "ARAGORA_OIDC_CLIENT_ID",
  clientSecret: "ARAGORA_OIDC_CLIENT_SECRET",
  domains: "ARAGORA_OIDC_DOMAINS",
  tenant: "ARAGORA_OIDC_TENANT",
  redirectUri: "ARAGORA_OIDC_REDIRECT_URI",
} as const;
const OIDC_DEFAULT_ROLE = "ARAGORA_OIDC_DEFAULT_ROLE";
const OIDC_ROLE_CLAIM = "ARAGORA_OIDC_ROLE_CLAIM";
const OIDC_ROLES = "ARAGORA_OIDC_ROLES";
const ROLES: readonly string[] = ["admin", "member", "viewer", "billing"] satisfies OidcRole[];
const MONTH_END_SETTINGS = {
  monthEndAfterDays: { flag: "--month-end-after-days", variable: "ARAGORA_MONTH_END_AFTER_DAYS" },
  monthEndTaxRate: { flag: "--month-end-tax-rate", variable: "ARAGORA_MONTH_END_TAX_RATE" },
  monthEndDueInDays: { flag: "--month-end-due-in-days", variable: "ARAGORA_MONTH_END_DUE_IN_DAYS" },
} as const;
/** From 0 to 1, as exact as an invoice's rate. */
const TAX_RATE = /^(?:0(?:\.\d{1,8})?|1(?:\.0{1,8})?)$/;
const METRICS_VARIABLE = "ARAGORA_METRICS_TOKEN";
const UNKNOWN_MODEL_VARIABLE = "ARAGORA_UNKNOWN_MODEL";
const UNKNOWN_MODEL_POLICIES = ["fallback", "unpriced", "refuse"] as const;
/** What a bearer token may hold, and long enough that nobody finds it by trying. */
const TOKEN = /^[!-~]{16,200}$/;
const WEBHOOK_VARIABLE = "ARAGORA_NOTIFICATION_WEBHOOK";
const HOST = /^[a-z0-9](?:[a-z0-9._:-]{0,252}[a-z0-9])?$|^::1$/i;
const ADDRESS = /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?$/i;

/**
 * The settings of this process, checked: `ARAGORA_DATABASE_URL` (default: `billing.db` in `ARAGORA_DATA_DIR`, which is
 * `~/.nomic` by default), `ARAGORA_JWT_SECRET`, `ARAGORA_JWT_SECRET_PREVIOUS`, `ARAGORA_SMTP_HOST`, `_PORT`, `_USER`, `_PASSWORD`, `_FROM`, `ARAGORA_NOTIFICATION_WEBHOOK`,
 * `ARAGORA_METRICS_TOKEN`, `ARAGORA_UNKNOWN_MODEL`, `ARAGORA_MONTH_END_AFTER_DAYS`, `_TAX_RATE` and `_DUE_IN_DAYS`. An empty variable counts as absent.
 *
 * @throws BillingError invalid_input `invalid_configuration` naming the variable or the flag, never its value.
 */
export function readConfig(environment: Environment = process.env, flags: MonthEndFlags = {}): Config {
  const folder = environment.ARAGORA_DATA_DIR || join(homedir(), ".nomic");
  const smtp = readSmtp(environment);
  const webhook = environment[WEBHOOK_VARIABLE] || undefined;
  if (webhook !== undefined) checkedWebhook(webhook, WEBHOOK_VARIABLE);
  const metricsToken = environment[METRICS_VARIABLE] || undefined;
  if (metricsToken !== undefined && !TOKEN.test(metricsToken)) {
    throw invalid(METRICS_VARIABLE, "16 to 200 visible ASCII characters");
  }
  return Object.freeze({
    database: environment[DATABASE_VARIABLE] || `sqlite:${join(folder, "billing.db")}`,
    ...readTokenSecret(environment),
    ...readOidc(environment),
    ...(metricsToken && { metricsToken }),
    ...readUnknownModel(environment),
    ...readMonthEnd(environment, flags),
    notifications: Object.freeze({ ...(smtp && { smtp }), ...(webhook && { webhook }) }),
  });
}

/**
 * The settings of a mail server with everything filled in.
 *
 * @throws BillingError invalid_input `invalid_configuration` naming the setting, never its value.
 */
export function checkedSmtp(
  options: SmtpOptions,
  names: SmtpNames,
): SmtpOptions & { readonly port: number; readonly from: string } {
  const { host, port = DEFAULT_PORT, user, password, from = DEFAULT_FROM } = options;
  if (typeof host !== "string" || !HOST.test(host)) throw invalid(names.host, "the name of a mail server");
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw invalid(names.port, "a port number from 1 to 65535");
  }
  if ((user === undefined) !== (password === undefined)) {
    throw invalid(user === undefined ? names.user : names.password, "given together with its counterpart");
  }
  if (typeof from !== "string" || !ADDRESS.test(from)) {
    throw invalid(names.from, "one plain address, as in billing@example.com");
  }
  return Object.freeze({ ...options, port, from });
}

/**
 * The address of the operator's webhook.
 *
 * @throws BillingError invalid_input `invalid_configuration` naming the setting, never its value, which may be a secret.
 */
export function checkedWebhook(url: string, name: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === "https:" || parsed?.protocol === "http:") return parsed;
  throw invalid(name, "an http(s) URL");
}

function readUnknownModel(environment: Environment): Pick<Config, "unknownModel"> {
  const named = environment[UNKNOWN_MODEL_VARIABLE] || undefined;
  if (named === undefined) return {};
  const unknownModel = UNKNOWN_MODEL_POLICIES.find((policy) => policy === named);
  if (unknownModel === undefined)
    throw invalid(UNKNOWN_MODEL_VARIABLE, `one of ${UNKNOWN_MODEL_POLICIES.join(", ")}`);
  return { unknownModel };
}

function readTokenSecret(environment: Environment): Pick<Config, "tokenSecret"> {
  const current = environment[SECRET_VARIABLE] || undefined;
  const previous = environment[PREVIOUS_SECRET_VARIABLE] || undefined;
  if (current !== undefined) return { tokenSecret: Object.freeze({ current, previous }) };
  if (previous === undefined) return {};
  throw invalid(SECRET_VARIABLE, `set where ${PREVIOUS_SECRET_VARIABLE} is`);
}

/** Terms without the days that switch the month end on would do nothing: that is refused. */
function readMonthEnd(environment: Environment, flags: MonthEndFlags): Pick<Config, "monthEnd"> {
  const settingOf = (key: keyof MonthEndFlags) => {
    const { flag, variable } = MONTH_END_SETTINGS[key];
    const given = flags[key];
    return given === undefined
      ? { name: variable, text: environment[variable] || undefined }
      : { name: flag, text: given };
  };
  const after = settingOf("monthEndAfterDays");
  const tax = settingOf("monthEndTaxRate");
  const due = settingOf("monthEndDueInDays");
  if (after.text === undefined) {
    const alone = [tax, due].find(({ text }) => text !== undefined);
    if (alone === undefined) return {};
    throw invalid(after.name, `set where ${alone.name} is`);
  }
  if (tax.text !== undefined && !TAX_RATE.test(tax.text)) {
    throw invalid(tax.name, "a fraction from 0 to 1, with at most 8 decimals: 0.19 is 19 %");
  }
  const terms = {
    ...(tax.text !== undefined && { taxRate: tax.text }),
    ...(due.text !== undefined && { dueInDays: daysOf(due.text, due.name, 365) }),
  };
  const afterDays = daysOf(after.text, after.name, 27);
  return { monthEnd: Object.freeze({ afterDays, terms: Object.freeze(terms) }) };
}

function daysOf(text: string, name: string, most: number): number {
  const days = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (days <= most) return days;
  throw invalid(name, `a whole number of days from 0 to ${most}`);
}

/** All of the six, or none; `ARAGORA_OIDC_ROLES` as in `billing-admins=admin,finance=billing`. */
function readOidc(environment: Environment): Pick<Config, "oidc"> {
  const value = (name: string) => environment[name] || undefined;
  const names = [...Object.values(OIDC_VARIABLES), OIDC_DEFAULT_ROLE, OIDC_ROLE_CLAIM, OIDC_ROLES];
  if (!names.some((name) => value(name) !== undefined)) return {};
  const needed = (name: string): string => {
    const text = value(name);
    if (text === undefined) throw invalid(name, "set where another variable of sign-in by a provider is");
    return text;
  };
  const roleOf = (text: string, name: string): OidcRole => {
    if (!ROLES.includes(text)) throw invalid(name, `made of the roles ${ROLES.join(", ")}`);
    return text as OidcRole;
  };
  const claim = value(OIDC_ROLE_CLAIM);
  if (claim === undefined && value(OIDC_ROLES) !== undefined) needed(OIDC_ROLE_CLAIM);
  const rules = (claim === undefined ? "" : needed(OIDC_ROLES)).split(",").map((rule) => {
    const at = rule.lastIndexOf("=");
    return { value: rule.slice(0, at).trim(), role: rule.slice(at + 1).trim() };
  });
  const connection = {
    issuer: needed(OIDC_VARIABLES.issuer),
    clientId: needed(OIDC_VARIABLES.clientId),
    clientSecret: needed(OIDC_VARIABLES.clientSecret),
    domains: needed(OIDC_VARIABLES.domains).split(","),
    tenant: needed(OIDC_VARIABLES.tenant),
    defaultRole: roleOf(value(OIDC_DEFAULT_ROLE) ?? "member", OIDC_DEFAULT_ROLE),
    ...(claim !== undefined && {
      roleMapping: {
        claim,
        rules: rules.map((rule) => ({ value: rule.value, role: roleOf(rule.role, OIDC_ROLES) })),
      },
    }),
  };
  return { oidc: { connections: [connection], redirectUri: needed(OIDC_VARIABLES.redirectUri) } };
}

function readSmtp(environment: Environment): SmtpOptions | undefined {
  const { host, port, user, password, from } = SMTP_VARIABLES;
  const value = (name: string) => environment[name] || undefined;
  if (value(host) === undefined) {
    const alone = [port, user, password].find((name) => value(name) !== undefined);
    if (alone === undefined) return undefined;
    throw invalid(host, `set where ${alone} is`);
  }
  const portText = value(port);
  const options = {
    host: value(host) ?? "",
    // Number("0x10") and Number(" 25") are numbers too.
    port: portText === undefined ? undefined : /^\d{1,5}$/.test(portText) ? Number(portText) : Number.NaN,
    user: value(user),
    password: value(password),
    from: value(from),
  };
  return checkedSmtp(options, SMTP_VARIABLES);
}

function invalid(name: string, rule: string): Error {
  return invalidInput(name, "invalid_configuration", `${name} must be ${rule}`);
}
