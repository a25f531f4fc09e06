// The API as a page to read: made of the OpenAPI document, without a script and without anything from elsewhere.

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly "x-access"?: string;
  readonly "x-scopes"?: readonly string[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly description?: string;
  }[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: unknown }>> };
  readonly responses?: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: unknown }>> }>
  >;
}

interface Document {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** What the page may do: show itself. */
export const DOCS_POLICY =
  "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export const DOCS_STYLE = `body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff; }
code, pre { font: 14px/1.4 ui-monospace, monospace; }
pre { background: #f5f5f5; padding: 1rem; overflow: auto; max-height: 24rem; }
section { border-top: 1px solid #ddd; padding: 1rem 0; }
h3 { margin: 0 0 .5rem; }
h3 b { display: inline-block; min-width: 4.5rem; }
p.access { color: #555; margin: .25rem 0; }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #161616; } pre { background: #242424; } p.access { color: #aaa; } section { border-color: #333; } a { color: #8ab4ff; } }
`;

export function docsPage(document: Document): string {
  const { title, version, description = "" } = document.info;
  const sections: string[] = [];
  for (const [path, operations] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(operations))
      sections.push(section(method, path, operation));
  }
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title><link rel="stylesheet" href="/docs/style.css"></head>
<body><h1>${escaped(title)} ${escaped(version)}</h1><p>${escaped(description)}</p>
<p><a href="/openapi.json">openapi.json</a></p>
${sections.join("\n")}
</body></html>
`;
}

function section(method: string, path: string, operation: Operation): string {
  const { summary = "", parameters = [], requestBody, responses = {} } = operation;
  const access = operation["x-access"] ?? "";
  const scopes = (operation["x-scopes"] ?? []).join(", ");
  const body = Object.values(requestBody?.content ?? {})[0]?.schema;
  const reply = Object.values(Object.values(responses)[0]?.content ?? {})[0]?.schema;
  return `<section><h3><b>${escaped(method.toUpperCase())}</b> <code>${escaped(path)}</code></h3>
<p>${escaped(summary)}</p><p class="access">${escaped(access)}${scopes === "" ? "" : ` · scopes: ${escaped(scopes)}`}</p>
${parameters.length === 0 ? "" : `<ul>${parameters.map((item) => `<li><code>${escaped(item.name)}</code> (${escaped(item.in)}) ${escaped(item.description ?? "")}</li>`).join("")}</ul>`}
${details("Body", body)}${details("Answer", reply)}</section>`;
}

function details(title: string, schema: unknown): string {
  if (schema === undefined) return "";
  return `<details><summary>${title}</summary><pre>${escaped(JSON.stringify(schema, null, 2))}</pre></details>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
