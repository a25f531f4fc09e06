// Second factors: codes by time (TOTP, RFC 6238) and backup codes. Pure.

import { Secret, TOTP } from "otpauth";
import { digest } from "../../kernel/index.ts";
import type { SecureRandom } from "../organizations/index.ts";

const ISSUER = "Aragora Billing";
const STEP_MS = 30_000;
const SECRET_BYTES = 20;
const BACKUP_CODES = 10;
const BACKUP_BYTES = 10;

/** What an authenticator app needs. */
export interface MfaEnrolment {
  /** Base32, to type. */
  readonly secret: string;
  /** `otpauth://…`, to show as a QR code. */
  readonly uri: string;
}

export function newEnrolment(random: SecureRandom, label: string): MfaEnrolment {
  const secret = new Secret({ buffer: new Uint8Array(random(SECRET_BYTES)).buffer });
  return { secret: secret.base32, uri: new TOTP({ issuer: ISSUER, label, secret }).toString() };
}

/** The step of time that a code is for: the present one or one beside it; undefined for a wrong code. */
export function stepOf(code: string, secret: string, now: number): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined;
  const totp = new TOTP({ secret: Secret.fromBase32(secret) });
  const delta = totp.validate({ token: code, timestamp: now, window: 1 });
  return delta === null ? undefined : Math.floor(now / STEP_MS) + delta;
}

/** Ten codes of 80 random bits, as `ABCD-EFGH-IJKL-MNOP`. */
export function newBackupCodes(random: SecureRandom): readonly string[] {
  return Array.from({ length: BACKUP_CODES }, () => {
    const { base32 } = new Secret({ buffer: new Uint8Array(random(BACKUP_BYTES)).buffer });
    return (base32.match(/.{4}/g) ?? []).join("-");
  });
}

/** What is kept of a backup code, however it was typed. */
export function backupCodeHash(code: string): string {
  return digest(`backup code ${code.toUpperCase().replace(/[^A-Z2-7]/g, "")}`);
}
