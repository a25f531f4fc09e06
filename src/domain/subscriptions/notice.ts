import type { Tx } from "../../store/index.ts";
import type { SubscriptionTier } from "../plans/index.ts";

/** What people must hear of a subscription. */
export type NoticeTerms =
  | {
      readonly kind: "trial_ending";
      readonly tier: SubscriptionTier;
      readonly endsAt: number;
      readonly daysRemaining: number;
    }
  /** The paid tier, or the trial of one, was canceled; it ends at `endsAt`, which may be now. */
  | { readonly kind: "canceled"; readonly tier: SubscriptionTier; readonly endsAt: number }
  /** From one tier to a smaller one: asked for, or because the trial ended. */
  | {
      readonly kind: "downgraded";
      readonly from: SubscriptionTier;
      readonly to: SubscriptionTier;
      readonly effectiveAt: number;
      readonly reason: "asked" | "trial_ended";
    };

export type SubscriptionNotice = NoticeTerms & {
  readonly tenant: string;
  /** Number of the change that it tells of: with the kind, unique in the tenant. */
  readonly change: number;
};

/** Where notices go: a later domain, joined by `billing.ts`. It writes in the transaction that it is given. */
export interface NoticeSink {
  notify(tx: Tx, notice: SubscriptionNotice): Promise<void>;
}
