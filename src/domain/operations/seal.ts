// Answers at rest: AES-256-GCM under a key that only whoever shows the API key again can derive.

import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";

const ALGORITHM = "aes-256-gcm";
const TAG_BYTES = 16;
/** One key seals one text, as `context` is never used twice: so the nonce may be fixed. */
const NONCE = Buffer.alloc(12);

/** The text, readable again only with the same secret and context. */
export function seal(secret: string, context: string, text: string): string {
  const cipher = createCipheriv(ALGORITHM, keyOf(secret, context), NONCE);
  return Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]).toString("base64");
}

/** What `seal` was given; throws for anything else. */
export function unseal(secret: string, context: string, sealed: string): string {
  const bytes = Buffer.from(sealed, "base64");
  const decipher = createDecipheriv(ALGORITHM, keyOf(secret, context), NONCE);
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString("utf8");
}

function keyOf(secret: string, context: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, "aragora reply", Buffer.from(context, "utf8"), 32));
}
