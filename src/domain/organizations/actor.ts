import { invalidInput } from "../../kernel/index.ts";

/**
 * Who asks for something. Operators (the installation's own backend) and the system may do everything; a user what the
 * role in the organization allows; a tenant's key what its scopes allow, in its own tenant, and never more than an admin.
 */
export type Actor = { readonly requestId?: string | undefined } & (
  | { readonly kind: "system" | "user"; readonly id: string }
  | {
      readonly kind: "operator";
      readonly id: string;
      /** Of an operator's key: it makes no key that may do more. Absent: no such limit. */
      readonly scopes?: readonly string[] | undefined;
    }
  | {
      readonly kind: "key";
      readonly id: string;
      readonly tenant: string;
      readonly scopes: readonly string[];
    }
);

const KINDS: readonly string[] = ["operator", "system", "user", "key"] satisfies Actor["kind"][];

/** @throws BillingError invalid_input `invalid_actor`: a change without somebody who makes it is none. */
export function checkedActor(actor: Actor): Actor {
  const isActor =
    typeof actor === "object" &&
    actor !== null &&
    KINDS.includes(actor.kind) &&
    typeof actor.id === "string" &&
    actor.id !== "" &&
    (actor.kind !== "key" || (typeof actor.tenant === "string" && Array.isArray(actor.scopes)));
  if (isActor) return actor;
  throw invalidInput("actor", "invalid_actor", "actor must say who acts: { kind, id }");
}

/** Operators and the system: they act for the installation, in every organization. */
export function actsForInstallation(actor: Actor): boolean {
  return actor.kind === "operator" || actor.kind === "system";
}
