// Subscriptions for people.

import type {
  LineView,
  SubscriptionChangeView,
  SubscriptionLineView,
  SubscriptionView,
} from "../domain/subscriptions/index.ts";
import { centsText, instantText } from "./credits-flags.ts";
import { printable } from "./output.ts";
import { type TableColumn, tableLines } from "./table.ts";

const LINES: readonly TableColumn[] = [
  { title: "from", align: "left" },
  { title: "to", align: "left" },
  { title: "amount", align: "right" },
  { title: "description", align: "left" },
];

/** `professional v1, active: $299.00 a month`, its period, and what will become of it. */
export function subscriptionLines(view: SubscriptionView): string[] {
  const { tier, planVersion, status, priceMonthlyCents, periodStart, periodEnd, scheduled, trial } = view;
  return [
    `${tier} v${planVersion}, ${status}: ${centsText(priceMonthlyCents)} a month`,
    `period ${instantText(periodStart, "")} to ${instantText(periodEnd, "")}`,
    ...(scheduled === null ? [] : [`then ${scheduled.tier}`]),
    ...(trial === null ? [] : [`trial ${instantText(trial.start, "")} to ${instantText(trial.end, "")}`]),
  ];
}

/** What a change makes, or would make. */
export function changeLines({
  subscription,
  lines,
  totalCents,
  effectiveAt,
}: SubscriptionChangeView): string[] {
  const bill = lines.length === 0 ? [] : ["", ...lineTable(lines)];
  return [
    ...subscriptionLines(subscription),
    ...bill,
    `total ${centsText(totalCents)}, effective ${instantText(effectiveAt, "")}`,
  ];
}

export function lineTable(lines: readonly (LineView | SubscriptionLineView)[]): string[] {
  return tableLines(
    LINES,
    lines.map(({ from, to, amountCents, description }) => [
      ...[instantText(from, ""), instantText(to, ""), centsText(amountCents), printable(description)],
    ]),
  );
}
