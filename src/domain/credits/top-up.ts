// Automatic top-ups: when a balance falls below a threshold, a payment is asked for, once.

/** When to ask for how much. */
export interface TopUpRule {
  /** Cents: a balance below it is topped up. */
  readonly thresholdCents: number;
  /** Cents of credit, and to be paid. */
  readonly amountCents: number;
}

export interface TopUpRuleView extends TopUpRule {
  /** After a payment that failed: until the rule is set again, or that payment comes in after all. */
  readonly isPaused: boolean;
}

export type TopUpState = "open" | "paid" | "failed";

export interface TopUp {
  readonly tenant: string;
  readonly id: string;
  readonly amount: bigint;
  readonly state: TopUpState;
  readonly requestedAt: number;
  /** When the port took it. */
  readonly askedAt: number | null;
  readonly settledAt: number | null;
}

export interface TopUpView {
  readonly tenant: string;
  readonly id: string;
  readonly amountCents: number;
  readonly state: TopUpState;
  readonly requestedAt: Date;
  readonly settledAt: Date | null;
}

/**
 * Asks for the payment of a top-up; whoever learns how that ended calls `topUps.settle`. It is called until it resolves, so
 * perhaps more than once for one id: pass the id on as the payment's own key.
 */
export type AskForPayment = (topUp: TopUpView) => Promise<unknown>;

export function topUpView({ tenant, id, amount, state, requestedAt, settledAt }: TopUp): TopUpView {
  return {
    ...{ tenant, id, amountCents: Number(amount), state, requestedAt: new Date(requestedAt) },
    settledAt: settledAt === null ? null : new Date(settledAt),
  };
}
