// The other end of a client: a server of the API as a process of its own, and peers that misbehave on purpose.
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { createClient } from "../../src/client/index.ts";
import { type ServerProcess, startServerProcess } from "../support/http-server.ts";

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** Milliseconds. */
  readonly at: number;
}

export interface Peer {
  readonly url: string;
  readonly seen: readonly Seen[];
}

export interface World {
  readonly server: ServerProcess;
  readonly operatorKey: string;
  /** A key for everything of a new tenant. */
  readonly keyOf: (tenant: string) => Promise<string>;
}

/** A server as a process. */
export async function startWorld(database: string): Promise<World> {
  const server = await startServerProcess(database);
  const operatorKey = /operator key, shown this once: (\S+)/.exec(server.said())?.[1] ?? "";
  const options = { url: server.url, key: operatorKey };
  return {
    ...{ server, operatorKey },
    keyOf: async (tenant) => {
      const organization = {
        id: tenant,
        name: "Acme",
        ownerId: `${tenant}-owner`,
        tier: "enterprise",
      } as const;
      await createClient(options).organizations.create(organization);
      const { apiKeys } = createClient({ ...options, tenant });
      return (await apiKeys.create({ name: "test", scopes: ["*"] })).key;
    },
  };
}

/** A peer that answers as `answer` says, with the request read. It ends with the test. */
export async function startPeer(
  answer: (response: Parameters<RequestListener>[1], seen: Seen, count: number) => unknown,
): Promise<Peer> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request).catch(() => "");
    const { method = "", url: path = "", headers } = request;
    const one = { method, path, headers, body, at: performance.now() };
    await answer(response, one, seen.push(one));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** A peer that passes everything on, and breaks the connection in place of the first `losses` answers. */
export function startLossyProxy(target: string, losses: number): Promise<Peer> {
  return startPeer(async (response, { method, path, headers, body }, count) => {
    const { host: _, connection: __, "content-length": ___, ...rest } = headers;
    const answer = await fetch(`${target}${path}`, {
      method,
      headers: rest as Record<string, string>,
      ...(body !== "" && { body }),
    });
    const answered = await answer.text();
    if (count <= losses) {
      response.socket?.destroy();
      return;
    }
    response.writeHead(answer.status, {
      "content-type": answer.headers.get("content-type") ?? "",
      ...(answer.headers.has("idempotent-replayed") && { "idempotent-replayed": "true" }),
    });
    response.end(answered);
  });
}

/** An answer in JSON. */
export function reply(
  response: Parameters<RequestListener>[1],
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** A problem of the API. */
export function refuse(
  response: Parameters<RequestListener>[1],
  status: number,
  headers: Record<string, string> = {},
): void {
  reply(
    response,
    status,
    { status, code: `code_${status}`, detail: "a reason", requestId: "req_1" },
    headers,
  );
}

/** `Array.fromAsync`, which Node 20 lacks. */
export async function collected<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}
