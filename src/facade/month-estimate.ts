import type { Decimal } from "decimal.js";
import type { Billing } from "../billing.ts";
import { periodAt, usdToDecimal } from "../kernel/index.ts";
import { proportionOf } from "./group-sums.ts";
import { reportPeriod } from "./report-period.ts";

/** A month's cost so far, drawn out in a straight line over the month's real length, in UTC. 0 at its first instant. */
export async function monthEstimate(
  billing: Billing,
  query: { readonly tenant?: string | undefined; readonly asOf?: Date | undefined },
): Promise<Decimal> {
  const asOf = query.asOf ?? new Date(billing.clock.now());
  const { to } = reportPeriod(billing.clock, undefined, asOf, ["start", "asOf"]);
  const { start, end } = periodAt(asOf.getTime(), "month");
  if (asOf.getTime() === start) return usdToDecimal(0n);
  const { total } = await billing.analytics.usage({ tenant: query.tenant, from: new Date(start), to });
  return proportionOf(total.costUsd, end - start, asOf.getTime() - start);
}
