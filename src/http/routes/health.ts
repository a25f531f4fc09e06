import { Type } from "typebox";
import type { ServerContext } from "../context.ts";
import { HttpError } from "../problem.ts";
import { publicRoute, type Route, route, TextStream } from "../route.ts";

const PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

/** Whether the server lives, whether it can work, and how it does. */
export function healthRoutes(context: ServerContext): readonly Route[] {
  const { services, metrics, version } = context;
  async function* figures() {
    yield metrics.text();
  }
  return [
    publicRoute({
      path: "/health",
      tag: "operations",
      summary: "The process lives",
      handler: () => ({ status: "ok", version }),
    }),
    publicRoute({
      path: "/ready",
      tag: "operations",
      summary: "The database answers; 503 while it does not, or while the server stops",
      handler: async () => {
        if (context.isClosing) throw new HttpError(503, "stopping", "the server is stopping");
        await services.writes.probe();
        return { status: "ready" };
      },
    }),
    route({
      method: "GET",
      path: "/metrics",
      tag: "operations",
      summary: "Figures for Prometheus; also with the configured metrics token",
      access: "operator",
      scopes: ["usage:read"],
      token: "metrics",
      produces: PROMETHEUS,
      reply: Type.String(),
      handler: async () => new TextStream(PROMETHEUS, figures()),
    }),
  ];
}
