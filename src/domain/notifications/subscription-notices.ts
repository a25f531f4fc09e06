// What people must hear of subscriptions becomes notifications in the transaction that made it so.

import { BillingError, type Clock, type Ids, isoInstant } from "../../kernel/index.ts";
import type { Tx } from "../../store/index.ts";
import { organizationOf, profileOf } from "../organizations/index.ts";
import type { SubscriptionTier } from "../plans/index.ts";
import type { NoticeSink, SubscriptionNotice } from "../subscriptions/index.ts";
import { enqueueNotifications } from "./enqueue.ts";
import { type Notification, type NotificationInput, newNotification } from "./notification.ts";
import { oneLine } from "./text.ts";

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
    const name = oneLine((await organizationOf(tenant, tx))?.name ?? "").slice(0, MAX_NAME);
    const email = (await profileOf(tenant, tx))?.email;
    const input = contentOf(notice, name === "" ? tenant : name.toWellFormed());
    const key = { tenant, dedupKey: `subscription:${notice.change}:${notice.kind}` };
    await enqueueNotifications(tx, [this.#notification({ ...input, ...key }, email)], this.#clock.now());
  }

  #notification(input: NotificationInput, email: string | undefined): Notification {
    if (email === undefined) return newNotification(input, this.#ids);
    try {
      return newNotification({ ...input, recipient: { email } }, this.#ids);
    } catch (error) {
      // The subscription has changed: an address that takes no mail must not stand in its way.
      if (!(error instanceof BillingError)) throw error;
      return newNotification(input, this.#ids);
    }
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
