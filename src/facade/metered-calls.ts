// What the record calls of `UsageMeter` take.

import type { Metadata } from "../domain/metering/index.ts";

/** What every record call accepts besides its own. */
export interface MeteredCall {
  /** Give one to make retries safe. */
  readonly id?: string | undefined;
  /** Who pays. Absent: the tenant of `withTenant`, else the instance's. */
  readonly tenant?: string | undefined;
  readonly user?: string | undefined;
  readonly workspace?: string | undefined;
  /** When it was used. Text needs an offset. Absent: now. */
  readonly timestamp?: Date | string | undefined;
  readonly metadata?: Metadata | undefined;
}

/** A call that stands for several of its kind, if it says so. */
export interface CountedCall extends MeteredCall {
  /** Default 1. */
  readonly quantity?: number | undefined;
}

/** Tokens of a call, as every class counts them. */
export interface TokenCounts {
  /** All input tokens, cached ones included. */
  readonly tokensIn: number;
  /** Input tokens read from the provider's cache; they have a price of their own. */
  readonly cachedTokens?: number | undefined;
  /** All output tokens, reasoning included. */
  readonly tokensOut: number;
}

/** One model call, under the names that `EnterpriseMeter` and `CostTracker` share. */
export interface AttributedCall extends TokenCounts {
  /** Give one to make retries safe. */
  readonly id?: string | undefined;
  readonly provider: string;
  readonly model: string;
  /** Who pays. Absent: the tenant of `withTenant`, else the instance's. */
  readonly tenantId?: string | undefined;
  /** Where it was used: a dimension of the tenant's usage, not who pays. */
  readonly workspaceId?: string | undefined;
  readonly userId?: string | undefined;
  readonly debateId?: string | undefined;
  /** Kept in the metadata. */
  readonly latencyMs?: number | undefined;
  readonly timestamp?: Date | string | undefined;
  readonly metadata?: Metadata | undefined;
}

export interface MeteredApiCall extends CountedCall {
  /** What was called, e.g. `debates/create`. Kept in the metadata. */
  readonly resource: string;
}

export interface MeteredDebate extends MeteredCall, TokenCounts {
  readonly debateId: string;
  /** Kept in the metadata. */
  readonly rounds?: number | undefined;
  /** With a model the debate is priced by it, without one by the unit price of debates. */
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
}

export interface MeteredTokens extends MeteredCall, TokenCounts {
  readonly provider: string;
  readonly model: string;
  readonly debateId?: string | undefined;
  readonly agent?: string | undefined;
}

export interface MeteredStorage extends MeteredCall {
  /** Bytes stored for a month: each call is charged the price of a GiB-month for every 2^30 of them. */
  readonly bytes: number;
  /** What is stored. Kept in the metadata. */
  readonly resource?: string | undefined;
}

export interface MeteredConnectorSync extends CountedCall {
  /** Kept in the metadata. */
  readonly connectorId: string;
}

export interface MeteredKnowledgeQuery extends CountedCall {
  /** What was asked. Kept in the metadata. */
  readonly resource?: string | undefined;
}

/** With a model the call is priced by it; without model and tokens it costs nothing. */
export interface MeteredAgentCall extends CountedCall, Partial<TokenCounts> {
  readonly agent: string;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly debateId?: string | undefined;
}

export interface MeteredExport extends CountedCall {
  /** What was exported. Kept in the metadata. */
  readonly resource?: string | undefined;
}

export interface MeteredSsoAuth extends CountedCall {
  /** E.g. `okta`. Kept in the metadata: it provides no model. */
  readonly identityProvider?: string | undefined;
}
