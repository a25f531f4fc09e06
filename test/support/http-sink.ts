// A real HTTP server for tests: it counts connections, keeps what it is given, and answers as told.

import { createServer, type IncomingHttpHeaders } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { onTestFinished } from "vitest";
import { TEST_CERTIFICATE, TEST_KEY } from "./smtp-sink.ts";

export interface ReceivedCall {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Never answers. */
  readonly hangs?: boolean;
}

export interface HttpSink {
  readonly port: number;
  readonly url: string;
  readonly calls: readonly ReceivedCall[];
  /** TCP connections, requests or not. */
  readonly connections: () => number;
  answer: (call: ReceivedCall) => HttpAnswer;
  close(): Promise<void>;
}

/** Starts a server on this machine that is closed when the test ends. */
export async function startHttpSink(
  options: { port?: number; isTls?: boolean; host?: string } = {},
): Promise<HttpSink> {
  const calls: ReceivedCall[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = options.isTls ? createTlsServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }) : createServer();
  server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
  });
  server.on("request", (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      const call = { path: request.url ?? "", headers: request.headers, body };
      calls.push(call);
      const { status, headers = {}, body: text = "", hangs } = sink.answer(call);
      if (hangs) return;
      response.writeHead(status, headers);
      response.end(text);
    });
  });
  const host = options.host ?? "127.0.0.1";
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  onTestFinished(close);
  const sink: HttpSink = {
    port,
    url: `${options.isTls ? "https://localhost" : "http://127.0.0.1"}:${port}`,
    calls,
    connections: () => connections,
    answer: () => ({ status: 200 }),
    close,
  };
  return sink;
}

/** A port of this machine on which nothing listens. */
export async function closedPort(): Promise<number> {
  const sink = await startHttpSink();
  await sink.close();
  return sink.port;
}
