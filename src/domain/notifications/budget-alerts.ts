// Crossed thresholds of budgets become notifications in the transaction that crossed them.

import { type Clock, formatUsd, type Ids } from "../../kernel/index.ts";
import type { Tx } from "../../store/index.ts";
import type { AlertSink, RaisedAlert } from "../budgets/index.ts";
import { enqueueNotifications } from "./enqueue.ts";
import { type Notification, newNotice } from "./notification.ts";
import type { Recipient } from "./recipient.ts";
import { fitLine } from "./text.ts";

/** One notification per alert and recipient of its budget; without recipients one for the operator's webhook or the log. */
export class BudgetAlertNotifications implements AlertSink {
  readonly #clock: Clock;
  readonly #ids: Ids;

  constructor(deps: { readonly clock: Clock; readonly ids: Ids }) {
    this.#clock = deps.clock;
    this.#ids = deps.ids;
  }

  async raise(tx: Tx, alerts: readonly RaisedAlert[]): Promise<void> {
    const notifications = alerts.flatMap((alert) => {
      const recipients = alert.notify.length === 0 ? [undefined] : alert.notify;
      return recipients.map((recipient, index) => this.#notification(alert, recipient, index));
    });
    await enqueueNotifications(tx, notifications, this.#clock.now());
  }

  #notification(alert: RaisedAlert, recipient: Recipient | undefined, index: number): Notification {
    const input = {
      kind: "budget_alert" as const,
      tenant: alert.tenant,
      dedupKey: `${alert.id}:${index}`,
      payload: {
        level: alert.level,
        currentSpend: amountText(alert, alert.spent),
        budgetLimit: amountText(alert, alert.limit),
        percentUsed: percentOf(alert),
        budgetName: nameOf(alert),
      },
    };
    return newNotice(input, recipient, this.#ids);
  }
}

const MAX_NAME = 200;

/** Fit to be written, whatever the budget is called. */
function nameOf({ name, counter }: RaisedAlert): string | undefined {
  return fitLine(counter === "" ? name : `${name} ${counter}`, MAX_NAME);
}

function amountText({ measure }: RaisedAlert, amount: bigint): string {
  return measure === "usd" ? `$${formatUsd(amount)}` : `${amount} ${measure}`;
}

/** Percent with two decimals, rounded down; of a limit of 0 everything is used. */
function percentOf({ spent, limit }: RaisedAlert): number {
  return limit === 0n ? 100 : Number((spent * 10_000n) / limit) / 100;
}
