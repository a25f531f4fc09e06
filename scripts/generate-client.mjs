// `node scripts/run.mjs tsx scripts/generate-client.mjs`: src/client/generated/ from the routes as they are now.
// With --check nothing is written; the exit code is 1 when the committed files are others.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const FOLDER = "src/client/generated";
const NO_CONTENT = "none";
const BIOME = join(ROOT, "node_modules", "@biomejs", "biome", "bin", "biome");
const NOTICE = "// Made by scripts/generate-client.mjs from the routes' own description. Do not edit.\n\n";

/** Methods whose names the rule of `nameOf` would not find. */
const NAMES = {
  "POST /v1/events": "events.record",
  "POST /v1/events/{id}/corrections": "events.correct",
  "POST /v1/holds": "holds.authorize",
  "POST /v1/members": "members.add",
  "POST /v1/price-rules": "priceRules.add",
  "POST /v1/prices": "prices.add",
  "POST /v1/rerates": "prices.rerate",
  "POST /v1/spends": "spends.record",
  "POST /v1/verify": "operations.verify",
};
/** Answers that are read while they are made. */
const STREAMED = new Set(["usage.export"]);
/** Types inside others that deserve a name, beside the things that are listed or got. */
const SHARED = [
  ["EventInput", "events.record", ({ body }) => body?.anyOf?.[0]],
  ["EventResult", "events.record", ({ reply }) => reply?.properties?.results?.items],
  ["BudgetDecision", "budgets.check", ({ reply }) => reply?.properties?.budgets?.items],
  ["UsageTotals", "usage.summary", ({ reply }) => reply?.properties?.total],
  ["AuditEntry", "auditLog.list", ({ reply }) => reply?.properties?.items?.items],
  ["Delivery", "webhookEndpoints.deliveries", ({ reply }) => reply?.properties?.items?.items],
];

/** The generated files of an OpenAPI document, as text by path. */
export function clientFiles(document) {
  const operations = operationsOf(document);
  const named = entitiesOf(operations);
  const types = [...named.values()].map(({ name, schema }) => declared(name, bare(schema, named)));
  for (const operation of operations) {
    for (const [suffix, schema] of partsOf(operation)) {
      if (named.has(canonical(schema))) continue;
      types.push(declared(typeName(operation, suffix), bare(schema, named)));
    }
  }
  return {
    [`${FOLDER}/types.ts`]: formatted(
      `${NOTICE}/** What the API takes and gives. Dollars are decimal text, cents integers, instants are ISO 8601 text. */\nexport declare namespace Api {\n${types.sort().join("\n")}\n}\n`,
    ),
    [`${FOLDER}/operations.ts`]: formatted(methodsFile(operations, named)),
  };
}

function operationsOf({ paths }) {
  const keys = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path, raw: methods[method] })),
  );
  const all = new Set(keys.map(({ method, path }) => `${method} ${path}`));
  const operations = keys.map((key) => operationOf(key, all)).filter((operation) => !isForPeople(operation));
  operations.sort((a, b) => (a.name < b.name ? -1 : 1));
  operations.forEach(({ name, key }, index) => {
    if (name === operations[index - 1]?.name) throw new Error(`two routes are ${name}: name ${key} in NAMES`);
  });
  return operations;
}

/** Pages for anybody and redirects are for browsers, and no part of a client. */
function isForPeople({ media, raw }) {
  const isPage = media === "text/html" || media === "text/css";
  return media === NO_CONTENT || (isPage && raw["x-access"] === "public");
}

function operationOf({ method, path, raw }, all) {
  const [, success] = Object.entries(raw.responses).find(([status]) => status.startsWith("2")) ?? [];
  const [media = NO_CONTENT, { schema: reply } = {}] = Object.entries(success?.content ?? {})[0] ?? [];
  const body = raw.requestBody?.content?.["application/json"]?.schema;
  const query = (raw.parameters ?? []).filter((parameter) => parameter.in === "query");
  const key = `${method} ${path}`;
  const isList = reply?.properties?.items !== undefined;
  return {
    ...{ key, method, path, media, raw, reply, isList },
    name: NAMES[key] ?? nameOf(method, path, isList, all),
    params: [...path.matchAll(/\{(\w+)\}/g)].map(([, param]) => param),
    body: body?.type === "object" && Object.keys(body.properties ?? {}).length === 0 ? undefined : body,
    query: query.length === 0 ? undefined : querySchema(query),
    isWrite: raw["x-idempotent"] === true,
    isOnce: method !== "GET" && raw["x-idempotent"] !== true,
    isPaged: isList && query.some(({ name }) => name === "cursor"),
  };
}

function querySchema(parameters) {
  return {
    type: "object",
    required: parameters.filter(({ required }) => required).map(({ name }) => name),
    properties: Object.fromEntries(
      parameters.map(({ name, schema, description }) => [name, { ...schema, description }]),
    ),
  };
}

/** `GET /v1/budgets/{id}/status` is `budgets.status`. */
function nameOf(method, path, isList, all) {
  const [resource, ...steps] = path.replace(/^\/(v1\/)?/, "").split("/");
  // What is beside the versions of the API: /health, /openapi.json.
  if (!path.startsWith("/v1/") && steps.length === 0) {
    return `operations.${camel(resource.replace(/\.\w+$/, ""))}`;
  }
  const [, format] = /^\{\w+\}\.(\w+)$/.exec(steps.at(-1) ?? "") ?? [];
  if (format !== undefined) return `${camel(resource)}.${format}`;
  const words = steps.filter((step) => !step.startsWith("{"));
  const isItem = steps.at(-1)?.startsWith("{") === true;
  const last = words.at(-1);
  if (last === undefined) {
    const get = isItem || !isList ? "get" : "list";
    const verbs = { GET: get, POST: "create", PUT: "set", PATCH: "update", DELETE: "remove" };
    return `${camel(resource)}.${verbs[method]}`;
  }
  const noun = isItem ? singular(last) : last;
  const changes = { PUT: "set", PATCH: "update", DELETE: "remove" };
  if (method === "GET") return `${camel(resource)}.${camel(noun)}`;
  if (method !== "POST") return `${camel(resource)}.${changes[method]}${pascal(noun)}`;
  if (all.has(`GET ${path}`)) return `${camel(resource)}.create${pascal(singular(last))}`;
  const object = words.length > 1 ? pascal(singular(words.at(-2))) : "";
  return `${camel(resource)}.${camel(last)}${object}`;
}

/** Things that have a name of their own, by their schema. */
function entitiesOf(operations) {
  const named = new Map();
  const add = (name, schema) => {
    if (schema?.type === "object" && !named.has(canonical(schema))) {
      named.set(canonical(schema), { name, schema });
    }
  };
  for (const [name, operation, find] of SHARED) {
    const found = operations.find((candidate) => candidate.name === operation);
    if (found !== undefined) add(name, find(found));
  }
  for (const { name, reply, isList } of operations) {
    const [resource, verb] = name.split(".");
    if (verb !== "list" || !isList) continue;
    const item = reply.properties.items.items;
    const whole = operations.find((one) => one.name === `${resource}.get` && one.params.length > 0)?.reply;
    // A list may say less of each than `get` does.
    const isWhole = whole === undefined || canonical(whole) === canonical(item);
    add(`${pascal(singular(resource))}${isWhole ? "" : "Summary"}`, item);
  }
  for (const { name, reply, params } of operations) {
    const [resource, verb] = name.split(".");
    if (verb === "get" && params.length > 0) add(pascal(singular(resource)), reply);
  }
  return named;
}

function partsOf({ query, body, reply, media }) {
  const parts = [
    ["Query", query],
    ["Input", body],
    ["Reply", media === "application/json" ? reply : undefined],
  ];
  return parts.filter(([, schema]) => schema !== undefined);
}

function typeName({ name }, suffix) {
  return `${name.split(".").map(pascal).join("")}${suffix}`;
}

function declared(name, text) {
  // A union of objects begins with a brace as well.
  return text.startsWith("{") && !text.includes("} | {")
    ? `interface ${name} ${text}`
    : `type ${name} = ${text};`;
}

/** A schema as a type: by its name, if it has one. */
function typeOf(schema, named) {
  return named.get(canonical(schema))?.name ?? bare(schema, named);
}

function bare(schema, named) {
  const { type, anyOf, enum: values, items, properties, patternProperties, additionalProperties } = schema;
  if ("const" in schema) return JSON.stringify(schema.const);
  if (values !== undefined) return values.map((value) => JSON.stringify(value)).join(" | ");
  if (anyOf !== undefined) return anyOf.map((choice) => typeOf(choice, named)).join(" | ");
  if (type === "string" || type === "boolean" || type === "null") return type;
  if (type === "integer" || type === "number") return "number";
  if (type === "array") return `readonly (${typeOf(items, named)})[]`;
  if (type !== "object") {
    if (Object.keys(schema).length === 0) return "unknown";
    throw new Error(`no type for ${JSON.stringify(schema).slice(0, 200)}`);
  }
  const fields = Object.entries(properties ?? {});
  if (fields.length > 0) return `{ ${fields.map((field) => property(field, schema, named)).join("\n")} }`;
  const [rest] = Object.values(patternProperties ?? {});
  const value = rest ?? (typeof additionalProperties === "object" ? additionalProperties : undefined);
  if (value !== undefined) return `Readonly<Record<string, ${typeOf(value, named)}>>`;
  return additionalProperties === false
    ? "Readonly<Record<string, never>>"
    : "Readonly<Record<string, unknown>>";
}

function property([name, schema], { required = [] }, named) {
  const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
  const type = typeOf(schema, named);
  const field = required.includes(name) ? `${key}: ${type}` : `${key}?: ${type} | undefined`;
  return `${comment(schema.description)}readonly ${field};`;
}

function comment(text) {
  return text === undefined ? "" : `\n/** ${text.replaceAll("*/", "*\\/")} */\n`;
}

function methodsFile(operations, named) {
  const body = [...grouped(operations)].map(
    ([resource, members]) =>
      `${resource}: {${members.map((member) => methodsOf(member, named)).join("\n")}},`,
  );
  return `${NOTICE}import type { CallOptions, WriteOptions } from "../request.ts";
import type { Transport } from "../transport.ts";
import type { Api } from "./types.ts";

/** One method per operation of the API. */
export function operations({ json, text, bytes, chunks, pages }: Transport) {
  return {\n${body.join("\n")}\n};
}
`;
}

/** By the part of the name before the dot; `Map.groupBy` needs Node 21. */
function grouped(operations) {
  const groups = new Map();
  for (const operation of operations) {
    const [resource] = operation.name.split(".");
    groups.set(resource, [...(groups.get(resource) ?? []), operation]);
  }
  return groups;
}

function methodsOf(operation, named) {
  const { name, method, path, params, query, body, media, isWrite, isOnce, isPaged, reply, raw } = operation;
  const typeFor = (suffix, schema) =>
    `Api.${named.get(canonical(schema))?.name ?? typeName(operation, suffix)}`;
  const args = params.map((param) => `${param}: string`);
  if (body !== undefined) args.push(argument("input", typeFor("Input", body), body));
  if (query !== undefined) args.push(argument("query", typeFor("Query", query), query));
  args.push(`options?: ${isWrite ? "WriteOptions" : "CallOptions"}`);
  const request = [
    `method: "${method}"`,
    `path: "${path}"`,
    ...(params.length > 0 ? [`params: [${params.join(", ")}]`] : []),
    ...(query !== undefined ? ["query"] : []),
    ...(body !== undefined ? ["body: input"] : []),
    ...(isWrite ? ["isWrite: true"] : []),
    ...(isOnce ? ["isOnce: true"] : []),
  ].join(", ");
  const call = (how, type) => `(${args.join(", ")}) => ${how}${type}({ ${request} }, options)`;
  const scopes = (raw["x-scopes"] ?? []).join(", ");
  const whose = raw["x-access"] === "operator" ? "operators' keys, " : "";
  const about = `${raw.summary}.\n *\n * \`${method} ${path}\`${scopes === "" ? "" : `; ${whose}scope ${scopes}`}`;
  const own = name.split(".")[1];
  const how = {
    "application/json": () => call("json", `<${reply === undefined ? "unknown" : typeFor("Reply", reply)}>`),
    "application/pdf": () => call("bytes", ""),
    ...(STREAMED.has(name) && { [media]: () => call("chunks", "") }),
  }[media];
  const methods = [`/**\n * ${about}\n */\n${own}: ${how?.() ?? call("text", "")},`];
  if (isPaged) {
    const item = typeOf(reply.properties.items.items, named);
    const type = item.startsWith("{") ? `${typeFor("Reply", reply)}["items"][number]` : `Api.${item}`;
    const all = own === "list" ? "all" : `all${pascal(own)}`;
    methods.push(
      `/** The same over all pages, each asked for when the one before it was read. */\n${all}: ${call("pages", `<${type}>`)},`,
    );
  }
  return methods.join("\n");
}

function argument(name, type, { required = [], anyOf }) {
  return required.length > 0 || anyOf !== undefined ? `${name}: ${type}` : `${name}: ${type} = {}`;
}

/** What makes two schemas the same type: all but what is said about them. */
function canonical(schema) {
  return JSON.stringify(schema, (key, value) =>
    key === "description" || key === "examples" ? undefined : value,
  );
}

function camel(text) {
  const words = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  return words.map((word, index) => (index === 0 ? word : pascal(word))).join("");
}

function pascal(text) {
  const word = camel(text);
  return `${word[0]?.toUpperCase() ?? ""}${word.slice(1)}`;
}

function singular(word) {
  if (word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  return /[^su]s$/.test(word) ? word.slice(0, -1) : word;
}

function formatted(text) {
  const args = [BIOME, "format", "--stdin-file-path=generated.ts"];
  return execFileSync(process.execPath, args, { cwd: ROOT, input: text, encoding: "utf8" });
}

/** The description that a server of these routes gives of itself. */
async function description() {
  const [{ createBilling }, { buildServer }] = await Promise.all([
    import("../src/billing.ts"),
    import("../src/http/server.ts"),
  ]);
  const billing = createBilling({ database: "sqlite::memory:" });
  const app = await buildServer(billing, { log: { level: "silent" } });
  const { payload } = await app.inject({ url: "/openapi.json" });
  await app.close();
  await billing.close();
  return JSON.parse(payload);
}

/** The names of the files that differ from what the routes give; they are written, unless `isCheck`. */
export async function generate({ isCheck }) {
  const stale = Object.entries(clientFiles(await description())).filter(([path, text]) => {
    try {
      return readFileSync(join(ROOT, path), "utf8") !== text;
    } catch {
      return true;
    }
  });
  if (!isCheck) for (const [path, text] of stale) writeFileSync(join(ROOT, path), text);
  return stale.map(([path]) => path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const isCheck = process.argv.includes("--check");
  const stale = await generate({ isCheck });
  for (const path of stale) process.stderr.write(`${isCheck ? "stale" : "written"}: ${path}\n`);
  process.exitCode = isCheck && stale.length > 0 ? 1 : 0;
}
