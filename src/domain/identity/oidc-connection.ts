// What an installation configures for sign-in by OpenID Connect, and what follows from it for one person. Pure.

import { type BillingError, invalidInput } from "../../kernel/index.ts";
import { emailOf, lineOf, MembershipRole } from "../organizations/index.ts";
import { emailNotVerified, type OidcClaims, otherDomain } from "./oidc.ts";

/** A role that a provider can give. Owners are made by owners. */
export type OidcRole = Exclude<MembershipRole, "owner">;

/** A provider, for the people of some domains, who belong to one tenant. */
export interface OidcConnection {
  /** `https:`, as the provider calls itself. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Whose addresses sign in here: the whole part after the `@`. No two connections share one. */
  readonly domains: readonly string[];
  /** Whose members they become. */
  readonly tenant: string;
  /** Of those whom no rule of `roleMapping` gives another. */
  readonly defaultRole: OidcRole;
  /** Applied at each sign-in, but never to an owner. Absent: who is a member keeps the role they have. */
  readonly roleMapping?:
    | {
        /** A text or a list of texts, as `groups`. */
        readonly claim: string;
        /** The first that fits counts. */
        readonly rules: readonly { readonly value: string; readonly role: OidcRole }[];
      }
    | undefined;
}

const FIELDS: readonly string[] = [
  "issuer",
  "clientId",
  "clientSecret",
  "domains",
  "tenant",
  "defaultRole",
  "roleMapping",
] satisfies (keyof OidcConnection)[];
const ROLES: readonly string[] = Object.values(MembershipRole).filter((role) => role !== "owner");
const LOOPBACK: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];
const MAX_RETURN_TO = 2_000;
const MAX_NAME = 200;
const MAX_SUBJECT = 255;

/**
 * Connections as they are used: domains in lower case and ASCII.
 *
 * @param allowInsecureLoopback for development: issuers may be `http:` on this machine.
 * @throws BillingError invalid_input `invalid_configuration` naming the setting, never its value.
 */
export function checkedConnections(
  connections: readonly OidcConnection[],
  allowInsecureLoopback: boolean,
): readonly OidcConnection[] {
  const checked = connections.map((connection, index) =>
    checkedConnection(connection, `oidc.connections[${index}]`, allowInsecureLoopback),
  );
  const domains = checked.flatMap((connection) => connection.domains);
  if (new Set(domains).size < domains.length) throw invalid("oidc.connections", "name each domain once");
  return Object.freeze(checked);
}

function checkedConnection(
  connection: OidcConnection,
  name: string,
  allowInsecureLoopback: boolean,
): OidcConnection {
  const unknown = Object.keys(connection).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) throw invalid(name, `hold no ${JSON.stringify(unknown)}`);
  const { issuer, clientId, clientSecret, domains, tenant, defaultRole, roleMapping } = connection;
  checkedAddress(issuer, `${name}.issuer`, allowInsecureLoopback);
  for (const [field, value] of Object.entries({ clientId, clientSecret, tenant })) {
    if (!isText(value)) throw invalid(`${name}.${field}`, "be a text");
  }
  if (!Array.isArray(domains) || domains.length === 0) throw invalid(`${name}.domains`, "name a domain");
  checkedRole(defaultRole, `${name}.defaultRole`);
  if (roleMapping !== undefined) checkedMapping(roleMapping, `${name}.roleMapping`);
  const inOneForm = domains.map((domain) => checkedDomain(domain, `${name}.domains`));
  return Object.freeze({ ...connection, domains: Object.freeze(inOneForm) });
}

/**
 * An address that secrets are sent to, or come back by.
 *
 * @throws BillingError invalid_input `invalid_configuration` naming the setting.
 */
export function checkedAddress(text: string, name: string, allowInsecureLoopback: boolean): URL {
  const url = typeof text === "string" && URL.canParse(text) ? new URL(text) : undefined;
  const isSecure = url?.protocol === "https:";
  const isLocal = url?.protocol === "http:" && LOOPBACK.includes(url.hostname);
  const isPlain = url?.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (url !== undefined && isPlain && (isSecure || (isLocal && allowInsecureLoopback))) return url;
  throw invalid(name, "be an https: address without user, query and fragment");
}

/** The part after the `@`. */
export function domainOf(email: string): string {
  return email.slice(email.lastIndexOf("@") + 1);
}

/**
 * The address of who signed in.
 *
 * @throws BillingError forbidden `oidc_email_not_verified`, `oidc_domain_not_allowed`.
 */
export function verifiedEmail({ domains }: OidcConnection, { email, email_verified }: OidcClaims): string {
  // Some providers write "true"; what is not the boolean is not taken for it.
  if (email_verified !== true) throw emailNotVerified();
  const address = readEmail(email);
  if (address === undefined || !domains.includes(domainOf(address))) throw otherDomain();
  return address;
}

/** The role that a provider's claims give. */
export function roleFor({ roleMapping, defaultRole }: OidcConnection, claims: OidcClaims): OidcRole {
  if (roleMapping === undefined) return defaultRole;
  const claim = Object.hasOwn(claims, roleMapping.claim) ? claims[roleMapping.claim] : [];
  const values: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  return roleMapping.rules.find(({ value }) => values.includes(value))?.role ?? defaultRole;
}

/** Whether a text can be who somebody is at a provider. */
export function isSubject(subject: unknown): subject is string {
  return (
    isText(subject) && subject.length <= MAX_SUBJECT && subject.isWellFormed() && !subject.includes("\0")
  );
}

/**
 * A path of this installation to go on at. What a browser could take for another site, or a page for markup, is refused.
 *
 * @throws BillingError invalid_input `invalid_return_to`.
 */
export function checkedReturnTo(path: unknown = "/"): string {
  const isPath =
    typeof path === "string" &&
    path.length <= MAX_RETURN_TO &&
    /^\/(?![/\\])[\x21\x23-\x3b=\x3f-\x5b\x5d-\x5f\x61-\x7e]*$/.test(path);
  if (isPath) return path;
  throw invalidInput("returnTo", "invalid_return_to", "returnTo must be a path like /usage");
}

/** A name that fits; a bad one is no reason to let nobody in. */
export function nameOf(name: unknown): string | undefined {
  return attempt(() => lineOf(name, "name", MAX_NAME));
}

function readEmail(value: unknown): string | undefined {
  return attempt(() => emailOf(value, "email"));
}

function attempt(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function checkedMapping({ claim, rules }: NonNullable<OidcConnection["roleMapping"]>, name: string): void {
  if (!isText(claim)) throw invalid(`${name}.claim`, "be a text");
  if (!Array.isArray(rules)) throw invalid(`${name}.rules`, "be a list");
  for (const { value, role } of rules) {
    if (!isText(value)) throw invalid(`${name}.rules`, "have a value each");
    checkedRole(role, `${name}.rules`);
  }
}

function checkedRole(role: unknown, name: string): void {
  if (typeof role !== "string" || !ROLES.includes(role)) {
    throw invalid(name, `give one of the roles ${ROLES.join(", ")}`);
  }
}

function checkedDomain(domain: unknown, name: string): string {
  const address = readEmail(`x@${domain}`);
  if (address === undefined) throw invalid(name, "be domains like example.com");
  return domainOf(address);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function invalid(name: string, rule: string): BillingError {
  return invalidInput(name, "invalid_configuration", `${name} must ${rule}`);
}
