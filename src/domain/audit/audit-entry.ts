import { BillingError } from "../../kernel/index.ts";

/** Who did something: an operator, a user, an API key, or the program by itself. */
export type ActorKind = "operator" | "user" | "key" | "system";

export interface AuditActor {
  readonly kind: ActorKind;
  readonly id: string;
}

/** An entry to write. */
export interface AuditEntryInput {
  /** Unique, from `ids.next("aud")`. */
  readonly id: string;
  /** Epoch ms. */
  readonly at: number;
  /** Whose log it is in; '' is the installation's. */
  readonly tenant: string;
  readonly actor: AuditActor;
  /** What was done, as `noun.verb`: `member.removed`. */
  readonly action: string;
  /** The id of what it was done to. */
  readonly target: string;
  /** JSON-safe facts: ids, roles, names of fields. Never a secret, a person's name or an address. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly requestId?: string | undefined;
}

/** An entry as it is on record. */
export interface AuditEntry {
  readonly id: string;
  readonly at: string;
  readonly tenant: string;
  readonly actor: AuditActor;
  readonly action: string;
  readonly target: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly requestId: string | null;
}

const ACTION = /^[a-z][a-z_]*\.[a-z][a-z_]*$/;
const SECRET_NAME = /secret|token|password|hash|authorization|cookie/i;
const SECRET_VALUE = /ara_[0-9a-z]+_/;
const MAX_DETAILS = 16_384;

/**
 * The details as JSON text.
 *
 * @throws BillingError internal `invalid_audit_entry` for an action that is none, for details that look like a secret and
 * for more than 16 KiB of them: what is in the log can never be taken out again.
 */
export function auditDetails({ action, details = {} }: AuditEntryInput): string {
  if (!ACTION.test(action)) throw refused(`its action must be noun.verb, not ${JSON.stringify(action)}`);
  const json = JSON.stringify(details, (name, value: unknown) => {
    if (SECRET_NAME.test(name)) throw refused(`${action}: details must not hold ${name}`);
    if (typeof value === "string" && SECRET_VALUE.test(value)) {
      throw refused(`${action}: details must hold no key`);
    }
    return value;
  });
  if (json.length > MAX_DETAILS) throw refused(`${action}: its details are too long`);
  return json;
}

function refused(problem: string): BillingError {
  return new BillingError("internal", "invalid_audit_entry", `an audit entry was refused: ${problem}`);
}
