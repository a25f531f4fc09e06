import { describe, expect, it } from "vitest";
import { ENGINES } from "../support/database.ts";
import { MATRIX, type Row } from "./matrix.ts";
import { type Answer, rowCounts, type Server, startServer } from "./server.ts";
import { type Made, makeWorld } from "./world.ts";

/** On PostgreSQL one of each kind: what differs there is the database, not the route. */
const ON_POSTGRES = [
  ...[
    "POST /v1/budgets",
    "PATCH /v1/budgets/:id",
    "POST /v1/budgets/:id/reset",
    "POST /v1/holds",
    "POST /v1/spends",
  ],
  ...["POST /v1/holds/:id/capture", "POST /v1/alerts/:id/acknowledge", "POST /v1/organizations"],
  ...["POST /v1/organizations/:id/erase", "POST /v1/invitations/accept", "DELETE /v1/members/:id"],
  ...["POST /v1/api-keys", "POST /v1/webhook-endpoints", "POST /v1/webhook-endpoints/:id/rotate-secret"],
  "POST /v1/webhook-endpoints/:id/deliveries/:deliveryId/replay",
  ...["issue", "deduct", "reverse"].map((step) => `POST /v1/credits/${step}`),
  ...["POST /v1/discount-codes/apply", "POST /v1/volume-discount/spend", "PUT /v1/credits/top-up"],
  ...["finalize", "void", "pay", "credit-notes"].map((step) => `POST /v1/invoices/:id/${step}`),
];

function isTried(engine: string, name: string): boolean {
  return engine !== "postgres" || ON_POSTGRES.includes(name);
}

type Deltas = Record<string, number>;

async function deltasOf(server: Server, work: () => Promise<void>): Promise<Deltas> {
  const before = await rowCounts(server.store);
  await work();
  const after = await rowCounts(server.store);
  const changed = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return Object.fromEntries(changed.filter(([, delta]) => delta !== 0));
}

describe.each(ENGINES.filter(({ name }) => name !== "sqlite"))(
  "an Idempotency-Key on $name",
  ({ name: engine, freshUrl }) => {
    it("gives a write one effect and one answer: 5 at once, 5 later, route by route", async () => {
      const server = await startServer(await freshUrl());
      const seller = MATRIX.find(({ name }) => name === "PUT /v1/seller-profile");
      const profile = await seller?.ask({} as Made, server);
      await server.ok(server.operator, "PUT", "/v1/seller-profile", { body: profile?.body });
      let number = 0;
      const shared = (await makeWorld(server, "shared")).ids;
      const fresh = async ({ about, isOfFirst }: Row): Promise<Made> => {
        number += 1;
        return about === undefined && isOfFirst === undefined
          ? shared
          : (await makeWorld(server, `org-${number}`)).ids;
      };
      for (const row of MATRIX.filter(({ name }) => !name.startsWith("GET") && isTried(engine, name))) {
        const [method = ""] = row.name.split(" ");
        const isInstallations = /^(POST \/v1\/organizations|PUT \/v1\/seller-profile)$/.test(row.name);
        const send = async (ids: Made, asked: { path: string; body?: unknown }, once?: string) =>
          server.call(server.operator, method, asked.path, {
            body: asked.body,
            once,
            ...(!isInstallations && { tenant: ids.tenant }),
          });
        // What it leaves when it is sent once, without a key.
        const single = await fresh(row);
        const singleAsk = await row.ask(single, server);
        const effect = await deltasOf(server, async () => {
          const answer = await send(single, singleAsk);
          expect(answer.status, `${row.name}: ${answer.text}`).toBeLessThan(300);
        });
        const ids = await fresh(row);
        const asked = await row.ask(ids, server);
        const answers: Answer[] = [];
        const once = `key ${row.name}`.replace(/\W+/g, "-");
        const repeated = await deltasOf(server, async () => {
          answers.push(...(await Promise.all(Array.from({ length: 5 }, () => send(ids, asked, once)))));
          for (let time = 0; time < 5; time += 1) {
            // Another time may not change the answer.
            server.clock.advance(1_000);
            answers.push(await send(ids, asked, once));
          }
        });
        expect(repeated, row.name).toEqual(effect);
        const [first] = answers;
        expect(first?.status, `${row.name}: ${first?.text}`).toBeLessThan(300);
        for (const { status, text } of answers)
          expect([status, text], row.name).toEqual([first?.status, first?.text]);
        const replays = answers.filter(({ headers }) => headers.get("idempotent-replayed") === "true");
        expect(replays.length, row.name).toBe(9);
      }
    });

    it("belongs to one request: another body is a conflict, and a refused request leaves the key free", async () => {
      const server = await startServer(await freshUrl());
      const { key } = await makeWorld(server, "acme");
      const send = (limit: string) =>
        server.call(key, "POST", "/v1/budgets", { body: { name: "b", limit }, once: "same" });
      expect((await send("-1")).status).toBe(422);
      expect((await send("1")).status).toBe(201);
      expect((await send("2")).json).toMatchObject({ status: 409, code: "idempotency_key_reused" });
    });

    it("becomes the engine's own key of a hold: known after the stored answer is gone", async () => {
      const server = await startServer(await freshUrl());
      const { key } = await makeWorld(server, "acme");
      const send = () =>
        server.ok(key, "POST", "/v1/holds", { body: { estimatedCostUsd: "0.1" }, once: "hold-1" });
      const first = await send();
      await server.store.transaction((tx) => tx.run("DELETE FROM request_replies"));
      expect((await send()).id).toBe(first.id);
    });
  },
);
