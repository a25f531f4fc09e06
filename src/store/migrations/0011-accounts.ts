import type { Migration } from "../migration.ts";

export const accounts: Migration = {
  version: 11,
  name: "accounts of users: passwords, second factors, tokens sent by mail",
  statements: ({ int, text, keyTable }) => [
    // How a user signs in. '' is none: no password yet, no second factor.
    `CREATE TABLE accounts (
      user_id ${text} NOT NULL PRIMARY KEY,
      password_hash ${text} NOT NULL,
      mfa_secret ${text} NOT NULL,
      mfa_enabled ${int} NOT NULL,
      mfa_last_step ${int} NOT NULL,
      created_at ${int} NOT NULL
    )${keyTable}`,
    `CREATE TABLE mfa_backup_codes (
      user_id ${text} NOT NULL,
      code_hash ${text} NOT NULL,
      PRIMARY KEY (user_id, code_hash)
    )${keyTable}`,
    // Used by deleting the row. Of a subject there is one per purpose: the next takes its place.
    `CREATE TABLE one_time_tokens (
      token_hash ${text} NOT NULL PRIMARY KEY,
      purpose ${text} NOT NULL,
      subject ${text} NOT NULL,
      data ${text} NOT NULL,
      expires_at ${int} NOT NULL,
      UNIQUE (purpose, subject)
    )${keyTable}`,
    "CREATE INDEX one_time_tokens_by_end ON one_time_tokens (expires_at)",
    // Tries that may have been guesses, per name and window of time.
    `CREATE TABLE sign_in_attempts (
      name ${text} NOT NULL PRIMARY KEY,
      began_at ${int} NOT NULL,
      expires_at ${int} NOT NULL,
      attempts ${int} NOT NULL
    )${keyTable}`,
    "CREATE INDEX sign_in_attempts_by_end ON sign_in_attempts (expires_at)",
  ],
};
