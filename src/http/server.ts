// The server: what every route has in common. What is particular to one is in its file below routes/.

import swagger from "@fastify/swagger";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { TSchema } from "typebox";
import { actorOf } from "../domain/identity/index.ts";
import type { AuditEntry } from "../domain/operations/index.ts";
import { createIds, withTenant } from "../kernel/index.ts";
import { Authenticator, type Caller } from "./auth.ts";
import { NDJSON, NdjsonBody, parseJson, tooSlow } from "./body.ts";
import { DEFAULT_LIMITS, type ServerContext, type ServerOptions } from "./context.ts";
import { DOCS_POLICY, DOCS_STYLE, docsPage } from "./docs-page.ts";
import { FairGate, InFlight, RateLimiter, Turns } from "./limits.ts";
import { loggerOptions } from "./logging.ts";
import { Metrics } from "./metrics.ts";
import { completed, describedSchema, openApiFrame } from "./openapi.ts";
import { type Failure, failureOf, HttpError, PROBLEM_TYPE, problemOf } from "./problem.ts";
import { FileReply, type KeyedRoute, publicRoute, type Route, TextStream } from "./route.ts";
import { allRoutes } from "./routes/index.ts";
import type { HttpServices } from "./services.ts";
import { sendFile, sendText } from "./text-reply.ts";
import { validatorOf } from "./validation.ts";
import { onceIdOf, onceRequestOf, runWrite } from "./writes.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Set before anything of a keyed route runs. */
    caller: Caller | undefined;
    /** Ends a request whose body does not arrive. */
    bodyTimer: NodeJS.Timeout | undefined;
  }
}

const JSON_TYPE = "application/json; charset=utf-8";
/** How long the rest of a body that nobody wants is taken, so that its sender sees the answer. */
const LINGER_MS = 2_000;
/** Steps of signing in from one address: so many at once, then one every two seconds. */
const SIGN_INS = { perSecond: 0.5, burst: 60 };

/**
 * The HTTP server of an engine, ready to listen. Closing it ends requests under way in order; the engine stays open.
 *
 * @example
 * const app = await buildServer(billing);
 * await app.listen({ port: 4280, host: "127.0.0.1" });
 */
export async function buildServer(
  services: HttpServices,
  options: ServerOptions = {},
): Promise<FastifyInstance> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const context: ServerContext = {
    services,
    limits,
    metrics: new Metrics(),
    gate: new FairGate(limits.eventsAtOnce, services.clock),
    drawing: new Turns(services.clock),
    version: options.version ?? "",
    isClosing: false,
  };
  const ids = createIds(services.clock);
  const app = fastify({
    logger: loggerOptions(options.log ?? {}, services.clock) ?? false,
    logController: new fastify.LogController({ disableRequestLogging: true }),
    childLoggerFactory: (logger) => logger,
    genReqId: () => ids.next("req"),
    bodyLimit: limits.body,
    keepAliveTimeout: limits.keepAliveMs,
    requestTimeout: 0,
    http: {
      maxHeaderSize: limits.headers,
      headersTimeout: limits.headersMs,
      connectionsCheckingInterval: Math.min(1_000, limits.headersMs),
    },
    routerOptions: { maxParamLength: 1_024 },
    exposeHeadRoutes: false,
    forceCloseConnections: "idle",
    return503OnClosing: false,
    trustProxy: options.trustedProxies === undefined ? false : [...options.trustedProxies],
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, request, reply) => sendFailure(error, request, reply),
  }) as unknown as FastifyInstance;
  app.decorateRequest("caller", undefined);
  app.decorateRequest("bodyTimer", undefined);
  app.addHook("preClose", async () => {
    context.isClosing = true;
    endIdleConnections(app);
  });
  app.addHook("onListen", async () => context.metrics.start());
  app.addHook("onClose", async () => context.metrics.stop());
  // Hooks with a callback: a promise for each of them would be most of what a small request costs.
  app.addHook("onRequest", (request, reply, done) => {
    begin(context, request, reply);
    done();
  });
  app.setErrorHandler(sendFailure);
  takeBodies(app, context);
  await app.register(swagger, { openapi: openApiFrame(context.version) as never });

  const guard = new Guard(context, options.metricsToken);
  const routes: Route[] = [...allRoutes(context), ...documentation(app, () => routes)];
  for (const route of routes) addRoute(app, context, guard, route);
  app.setNotFoundHandler((request, reply) => sendFailure(notFound(routes, request), request, reply));
  return app;
}

function addRoute(app: FastifyInstance, context: ServerContext, guard: Guard, route: Route): void {
  const { method, path: url } = route;
  const schema = describedSchema(route);
  if (route.access === "public") {
    app.route({
      ...{ method, url, schema },
      onRequest: async (request) =>
        method === "POST" || route.isSignIn ? guard.admitAnybody(request) : undefined,
      validatorCompiler: ({ schema: part }) => validatorOf(part as TSchema, "body"),
      handler: async (request, reply) => {
        if (route.status !== undefined) reply.code(route.status);
        return route.handler(request, reply);
      },
    });
    return;
  }
  app.route({
    ...{ method, url, schema },
    config: { route },
    onRequest: (request, reply) => guard.admit(request, reply, route),
    validatorCompiler: ({ schema: part, httpPart = "" }) =>
      route.checksBody === true && httpPart === "body"
        ? () => true
        : validatorOf(part as TSchema, httpPart as "body" | "querystring" | "params"),
    handler: (request, reply) => answer(context, route, request, reply),
  });
}

/** Lets a request in, or says why not: key, scope, tenant, then how much of it there is already. */
class Guard {
  readonly #authenticator: Authenticator;
  readonly #context: ServerContext;
  readonly #perKey: RateLimiter | undefined;
  readonly #perTenant: RateLimiter | undefined;
  readonly #perAddress: RateLimiter;
  readonly #inFlight: InFlight;

  constructor(context: ServerContext, metricsToken: string | undefined) {
    const { services, limits } = context;
    this.#context = context;
    this.#authenticator = new Authenticator(services, metricsToken);
    this.#perKey = limits.perKey === null ? undefined : new RateLimiter(limits.perKey, services.clock);
    this.#perTenant =
      limits.perTenant === null ? undefined : new RateLimiter(limits.perTenant, services.clock);
    this.#perAddress = new RateLimiter(SIGN_INS, services.clock);
    this.#inFlight = new InFlight(limits.inFlight ?? Number.POSITIVE_INFINITY);
  }

  /** For steps of signing in: not many from one address. */
  admitAnybody(request: FastifyRequest): void {
    this.#requireOpen();
    this.#perAddress.take(request.ip);
  }

  async admit(request: FastifyRequest, reply: FastifyReply, route: KeyedRoute): Promise<void> {
    this.#requireOpen();
    if (this.#authenticator.hasToken(request, route)) {
      const principal = { kind: "operator", id: "metrics token", tenant: null, scopes: [] } as const;
      request.caller = { principal, secret: "", tenant: null };
      return;
    }
    const caller = await this.#authenticator.caller(request, route);
    request.caller = caller;
    const { kind, id } = caller.principal;
    this.#perKey?.take(id);
    this.#perTenant?.take(caller.tenant ?? `${kind} ${id}`);
    const end = this.#inFlight.begin(caller.tenant ?? `${kind} ${id}`);
    reply.raw.once("close", end);
    if (reply.raw.destroyed) end();
  }

  #requireOpen(): void {
    if (!this.#context.isClosing) return;
    throw new HttpError(503, "stopping", "the server is stopping", { headers: { connection: "close" } });
  }
}

/** Runs a route's handler for its tenant and sends what it returns. */
async function answer(
  context: ServerContext,
  route: KeyedRoute,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const caller = request.caller;
  // The guard has set it; if it ever has not, nothing runs.
  if (caller === undefined) throw new HttpError(401, "api_key_required", "send a key");
  const { principal, tenant } = caller;
  const once = onceRequestOf(request, route, caller);
  let status: number = route.status ?? 200;
  const call = {
    params: request.params,
    query: request.query,
    body: request.body,
    tenant,
    principal,
    session: caller.session,
    reply,
    actor: actorOf(principal, request.id),
    requestId: request.id,
    onceId: onceIdOf(once),
    answer: (other: number) => {
      status = other;
    },
  };
  const handle = () => route.handler(call as never);
  const work = tenant === null ? handle : () => withTenant(tenant, handle);
  if (route.write === undefined) {
    const result = await work();
    if (result instanceof TextStream) return sendText(reply, result);
    if (result instanceof FileReply) return sendFile(reply, result);
    return reply.code(status).type(JSON_TYPE).send(JSON.stringify(result));
  }
  const entry = auditEntryOf(route, request, caller);
  const outcome = await runWrite(context.services, route, once, entry, async () => ({
    body: JSON.stringify(await work()),
    status,
  }));
  if (outcome.isReplayed) reply.header("idempotent-replayed", "true");
  return reply.code(outcome.reply.status).type(JSON_TYPE).send(outcome.reply.body);
}

/** What an operator did with its key, where it is more than usage. */
function auditEntryOf(
  { audit, method, path }: KeyedRoute,
  request: FastifyRequest,
  { principal, tenant }: Caller,
): AuditEntry | undefined {
  if (audit === undefined || principal.kind !== "operator") return undefined;
  const { id = "" } = request.params as { id?: string };
  return {
    tenant: tenant ?? "",
    actor: { kind: "operator", id: principal.id },
    action: audit,
    target: id,
    details: { route: `${method} ${path}` },
    requestId: request.id,
  };
}

function begin({ metrics }: ServerContext, request: FastifyRequest, reply: FastifyReply): void {
  reply.header("x-request-id", request.id);
  reply.header("x-content-type-options", "nosniff");
  reply.header("cache-control", "no-store");
  metrics.begin();
  reply.raw.once("close", () => {
    clearTimeout(request.bodyTimer);
    const { method, routeOptions, caller } = request;
    const route = routeOptions.url ?? "none";
    const ms = reply.elapsedTime;
    metrics.end(
      `${routeOptions.url === undefined ? "" : `${method} `}${route}`,
      reply.statusCode,
      ms / 1_000,
    );
    request.server.log.info({
      requestId: request.id,
      method,
      route,
      path: request.url.split("?")[0]?.slice(0, 200),
      status: reply.statusCode,
      ms: Math.round(ms * 10) / 10,
      ip: request.ip,
      ...(caller && { kind: caller.principal.kind, callerId: caller.principal.id }),
      ...(caller && { tenant: caller.tenant }),
      ...(!reply.raw.writableFinished && { aborted: true }),
    });
  });
}

/** A connection whose last request ends while the server stops would else be kept for the next one. */
function endIdleConnections({ server }: FastifyInstance): void {
  const timer = setInterval(() => server.closeIdleConnections(), 50);
  server.once("close", () => clearInterval(timer));
}

/** JSON is read whole, within its limits of size and time; a stream is left to the routes that take one. */
function takeBodies(app: FastifyInstance, { limits }: ServerContext): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/json",
    { parseAs: "buffer" },
    async (_: FastifyRequest, bytes: Buffer) => (bytes.length === 0 ? undefined : parseJson(bytes)),
  );
  app.addContentTypeParser(NDJSON, async (request: FastifyRequest, source: FastifyRequest["raw"]) => {
    const { route } = request.routeOptions.config as { route?: KeyedRoute };
    if (route?.consumes?.includes(NDJSON) !== true) {
      throw new HttpError(415, "unsupported_media_type", "send application/json");
    }
    clearTimeout(request.bodyTimer);
    return new NdjsonBody(source, {
      line: limits.line ?? Number.POSITIVE_INFINITY,
      idleMs: limits.bodyMs ?? 2 ** 31 - 1,
    });
  });
  app.addHook("preParsing", (request, reply, _, done) => {
    if (request.method !== "GET") {
      const ms = limits.bodyMs ?? 2 ** 31 - 1;
      request.bodyTimer = setTimeout(() => sendFailure(tooSlow(), request, reply), ms);
    }
    done();
  });
  app.addHook("preValidation", (request, _, done) => {
    clearTimeout(request.bodyTimer);
    done();
  });
}

function sendFailure(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  if (reply.sent) return;
  clearTimeout(request.bodyTimer);
  const failure = failureOf(error);
  if (failure.status >= 500) {
    request.server.log.error({ requestId: request.id, code: failure.code, err: error });
  }
  void reply
    .code(failure.status)
    .headers(failure.headers)
    .type(PROBLEM_TYPE)
    .send(JSON.stringify(problemOf(failure, request.id)));
  lingerOver(request, reply);
}

/** What is left of a body that is not wanted is taken for a while and thrown away; then the connection ends. */
function lingerOver({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (raw.complete || raw.destroyed) return;
  reply.header("connection", "close");
  raw.on("error", () => undefined);
  reply.raw.once("finish", () => {
    raw.resume();
    setTimeout(() => raw.destroy(), LINGER_MS).unref();
  });
}

/** What is no HTTP request, or not in time, is answered on the bare connection. */
function answerBrokenRequest(
  error: Error & { readonly code?: string },
  socket: {
    readonly writable: boolean;
    readonly destroyed: boolean;
    end(text: string): void;
    destroy(): void;
  },
): void {
  if (error.code === "ECONNRESET" || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const failures: Record<string, [number, string, string]> = {
    HPE_HEADER_OVERFLOW: [431, "headers_too_large", "the headers are larger than 16 KiB"],
    ERR_HTTP_REQUEST_TIMEOUT: [408, "headers_too_slow", "the headers did not arrive in time"],
  };
  const [status, code, detail] = failures[error.code ?? ""] ?? [
    400,
    "invalid_http",
    "this is no valid HTTP request",
  ];
  const failure: Failure = { status, code, detail, headers: {}, extensions: {} };
  const body = JSON.stringify(problemOf(failure, ""));
  socket.end(
    `HTTP/1.1 ${status} Error\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function notFound(routes: readonly Route[], { method, url }: FastifyRequest): HttpError {
  const path = url.split("?")[0] ?? "";
  const allowed = routes
    .filter((route) =>
      new RegExp(`^${route.path.replace(/[.]/g, "\\.").replace(/:\w+/g, "[^/]+")}$`).test(path),
    )
    .map((route) => route.method);
  if (allowed.length > 0) {
    const text = `${method} is not possible here`;
    return new HttpError(405, "method_not_allowed", text, { headers: { allow: allowed.join(", ") } });
  }
  return new HttpError(404, "route_not_found", "there is no such route");
}

/** The description of all routes, these included. */
function documentation(app: FastifyInstance, all: () => readonly Route[]): readonly Route[] {
  let document: ReturnType<FastifyInstance["swagger"]> | undefined;
  const described = () => {
    document ??= completed(app.swagger(), all());
    return document;
  };
  return [
    publicRoute({
      path: "/openapi.json",
      tag: "operations",
      summary: "This description, as OpenAPI 3.1",
      handler: () => described(),
    }),
    publicRoute({
      path: "/docs",
      tag: "operations",
      summary: "This description, to read",
      handler: (_, reply) => {
        reply.header("content-security-policy", DOCS_POLICY).type("text/html; charset=utf-8");
        return docsPage(described() as never);
      },
    }),
    publicRoute({
      path: "/docs/style.css",
      tag: "operations",
      summary: "The look of /docs",
      handler: (_, reply) => {
        reply.type("text/css; charset=utf-8");
        return DOCS_STYLE;
      },
    }),
  ];
}
