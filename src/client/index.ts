// The client of the REST API, as `@aragora/billing/client`. It stands alone: nothing of the engine is loaded.

export type { BudgetCheck, CheckOptions } from "./budget-check.ts";
export { type Client, type ClientOptions, createClient } from "./client.ts";
export { AragoraApiError, AragoraNetworkError } from "./errors.ts";
export type { Api } from "./generated/types.ts";
export type { CallOptions, WriteOptions } from "./request.ts";
