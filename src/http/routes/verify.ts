import { Type } from "typebox";
import type { ServerContext } from "../context.ts";
import { type Route, route } from "../route.ts";
import { Count, Strict } from "../schemas.ts";

/** Proof of what is derived. */
export function verifyRoutes({ services }: ServerContext): readonly Route[] {
  return [
    route({
      method: "POST",
      path: "/v1/verify",
      tag: "operations",
      summary: "Recompute everything that is derived and list what differs; changes nothing",
      access: "operator",
      scopes: ["verify:run"],
      write: "long",
      audit: "database.verified",
      body: Strict({}),
      reply: Strict({ ok: Type.Boolean(), events: Count, differences: Type.Array(Type.String()) }),
      handler: async () => {
        const { ok, events, differences } = await services.verify();
        return { ok, events, differences: [...differences] };
      },
    }),
  ];
}
