import type { ServerContext } from "../context.ts";
import type { Route } from "../route.ts";
import { eventRoutes } from "./events.ts";
import { healthRoutes } from "./health.ts";
import { priceRoutes } from "./prices.ts";
import { usageRoutes } from "./usage.ts";
import { verifyRoutes } from "./verify.ts";

/** Every domain's routes. A new file joins here. */
const ALL: readonly ((context: ServerContext) => readonly Route[])[] = [
  eventRoutes,
  usageRoutes,
  priceRoutes,
  verifyRoutes,
  healthRoutes,
];

export function allRoutes(context: ServerContext): Route[] {
  return ALL.flatMap((routes) => routes(context));
}
