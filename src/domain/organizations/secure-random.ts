/** Returns so many bytes from a cryptographically secure generator. */
export type SecureRandom = (bytes: number) => Uint8Array;

/** Random text that nobody can guess: `bytes` of it, in base64url. */
export function secretText(random: SecureRandom, bytes: number): string {
  return Buffer.from(random(bytes)).toString("base64url");
}
