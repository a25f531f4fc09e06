// What people must hear of subscriptions becomes notifications in the transaction that made it so.

import { type Clock, type Ids, isoInstant } from "../../kernel/index.ts";
import type { Tx } from "../../store/index.ts";
import { organizationOf, profileOf } from "../organizations/index.ts";
import type { SubscriptionTier } from "../plans/index.ts";
import type { NoticeSink, SubscriptionNotice } from "../subscriptions/index.ts";
import { enqueueNotifications } from "./enqueue.ts";
import { type NotificationInput, newNotice } from "./notification.ts";
import { fitLine } from "./text.ts";

const MAX_NAME = 200;

/** To the address of the organization's billing profile; without one, to the operator's webhook or the log. */
export class SubscriptionNotices implements NoticeSink {
  readonly #clock: Clock;
  readonly #ids: Ids;

  constructor(deps: { readonly clock: Clock; readonly ids: Ids }) {
    this.#clock = deps.clock;
    this.#ids = deps.ids;
  }

  async notify(tx: Tx, notice: SubscriptionNotice): Promise<void> {
    const { tenant } = notice;
    const name = fitLine((await organizationOf(tenant, tx))?.name ?? "", MAX_NAME) ?? tenant;
    const email = (await profileOf(tenant, tx))?.email;
    const recipient = email === undefined ? undefined : { email };
    const key = { tenant, dedupKey: `subscription:${notice.change}:${notice.kind}` };
    const message = newNotice({ ...contentOf(notice, name), ...key }, recipient, this.#ids);
    await enqueueNotifications(tx, [message], this.#clock.now());
  }
}

function contentOf(notice: SubscriptionNotice, orgName: string): NotificationInput {
  switch (notice.kind) {
    case "trial_ending":
      return { kind: "trial_ending", payload: { orgName, daysRemaining: notice.daysRemaining } };
    case "canceled": {
      const payload = { orgName, plan: NAMES[notice.tier], endsAt: isoInstant(notice.endsAt) };
      return { kind: "subscription_canceled", payload };
    }
    case "downgraded": {
      const plans = { fromPlan: NAMES[notice.from], toPlan: NAMES[notice.to] };
      const reason = notice.reason === "trial_ended" ? "the trial has ended" : undefined;
      const payload = { orgName, ...plans, effectiveAt: isoInstant(notice.effectiveAt), reason };
      return { kind: "subscription_downgraded", payload };
    }
  }
}

const NAMES: Readonly<Record<SubscriptionTier, string>> = {
  free: "Free",
  starter: "Starter",
  professional: "Professional",
  enterprise: "Enterprise",
  enterprise_plus: "Enterprise+",
};
