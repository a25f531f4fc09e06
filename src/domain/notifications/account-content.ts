// The words of mails about a person's account.

import type { Content } from "./content.ts";
import type { Payload } from "./payload.ts";

const NOT_YOU = "If this was not you, you need do nothing.";

/** @param token what the reader sends back; undefined where it must not be shown. */
export function accountContent({ purpose, expiresAt }: Payload, token: string | undefined): Content {
  const until =
    expiresAt === undefined
      ? ""
      : ` It is good until ${String(expiresAt).replace("T", " ").slice(0, 16)} UTC.`;
  const shown = token === undefined ? [] : [`Your token: ${token}`];
  switch (purpose) {
    case "verify_email":
      return {
        subject: "Confirm your address",
        lines: [
          "Somebody registered with this address.",
          `Confirm it with the token below.${until}`,
          ...shown,
          NOT_YOU,
        ],
      };
    case "password_reset":
      return {
        subject: "Set a new password",
        lines: [
          "Somebody asked for a new password.",
          `Set it with the token below.${until}`,
          ...shown,
          NOT_YOU,
        ],
      };
    case "account_exists":
      return {
        subject: "You have an account already",
        lines: [
          "Somebody registered with this address, which has an account. Sign in, or ask for a new password.",
          NOT_YOU,
        ],
      };
    default:
      return {
        subject: "Your password was changed",
        lines: [
          "Your password was changed, and all other sessions have ended.",
          "If this was not you, ask for a new password now.",
        ],
      };
  }
}
