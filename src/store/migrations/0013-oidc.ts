import type { Migration } from "../migration.ts";

export const oidc: Migration = {
  version: 13,
  name: "sign-in by OpenID Connect",
  statements: ({ int, text, keyTable }) => [
    // Used by deleting the row. What the provider must repeat follows from a secret that only the browser has.
    `CREATE TABLE oidc_handshakes (
      id ${text} NOT NULL PRIMARY KEY,
      domain ${text} NOT NULL,
      return_to ${text} NOT NULL,
      expires_at ${int} NOT NULL
    )${keyTable}`,
    "CREATE INDEX oidc_handshakes_by_end ON oidc_handshakes (expires_at)",
    // Who somebody is at a provider. One identity per user and provider: an address that was given to somebody else
    // does not bring the account with it.
    `CREATE TABLE oidc_identities (
      issuer ${text} NOT NULL,
      subject ${text} NOT NULL,
      user_id ${text} NOT NULL,
      linked_at ${int} NOT NULL,
      PRIMARY KEY (issuer, subject),
      UNIQUE (issuer, user_id)
    )${keyTable}`,
    "CREATE INDEX oidc_identities_of_user ON oidc_identities (user_id)",
  ],
};
