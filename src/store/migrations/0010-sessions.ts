import type { Migration } from "../migration.ts";

export const sessions: Migration = {
  version: 10,
  name: "sessions of users and their tokens",
  statements: ({ int, text, keyTable }) => [
    // Access tokens carry it: raising it ends all of a user's at once.
    `ALTER TABLE users ADD COLUMN token_version ${int} NOT NULL DEFAULT 0`,
    "CREATE INDEX users_erased ON users (erased_at) WHERE erased_at IS NOT NULL",
    `CREATE TABLE user_sessions (
      id ${text} NOT NULL PRIMARY KEY,
      user_id ${text} NOT NULL,
      device ${text} NOT NULL,
      ip ${text} NOT NULL,
      authenticated_by ${text} NOT NULL,
      started_at ${int} NOT NULL,
      mfa_at ${int},
      last_seen_at ${int} NOT NULL,
      expires_at ${int} NOT NULL,
      ended_at ${int},
      end_reason ${text} NOT NULL
    )${keyTable}`,
    "CREATE INDEX user_sessions_of_user ON user_sessions (user_id, id)",
    "CREATE INDEX user_sessions_by_end ON user_sessions (expires_at)",
    // Used ones stay until they expire: one that is shown again tells that somebody has a copy.
    `CREATE TABLE refresh_tokens (
      token_hash ${text} NOT NULL PRIMARY KEY,
      session_id ${text} NOT NULL,
      used_at ${int},
      expires_at ${int} NOT NULL
    )${keyTable}`,
    "CREATE INDEX refresh_tokens_by_end ON refresh_tokens (expires_at)",
    // Tokens that must not be used (again), until they expire by themselves.
    `CREATE TABLE revoked_tokens (
      id ${text} NOT NULL PRIMARY KEY,
      expires_at ${int} NOT NULL
    )${keyTable}`,
    "CREATE INDEX revoked_tokens_by_end ON revoked_tokens (expires_at)",
    // Since when a key is the current one: so long is the one before it still honoured. The id follows from the key.
    `CREATE TABLE signing_keys (
      id ${text} NOT NULL PRIMARY KEY,
      first_used_at ${int} NOT NULL
    )${keyTable}`,
  ],
};
