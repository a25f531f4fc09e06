// The import rule of ARCHITECTURE.md as a function: source files in, violations out.
import { posix } from "node:path";
import { type Literal, readSource, type SourceText } from "./source-text.ts";

export interface SourceFile {
  /** From the root of the repository, with forward slashes: `src/kernel/money.ts`. */
  readonly path: string;
  readonly text: string;
}

export interface Violation {
  /** `file:line` */
  readonly at: string;
  readonly problem: string;
  readonly remedy: string;
}

/** The domains in the order the data flows: each may use those before it. */
export const DOMAINS: readonly string[] = Object.freeze([
  "audit",
  "operations",
  "plans",
  "organizations",
  "identity",
  "pricing",
  "rating",
  "metering",
  "analytics",
  "budgets",
  "subscriptions",
  "ledger",
  "credits",
  "discounts",
  "invoices",
  "payments",
  "partners",
  "insight",
  "notifications",
]);

// What each folder or file of src/ may import, itself included where it has several files.
const COMPOSED = ["kernel", "domain", "config.ts", "billing.ts", "jobs.ts", "facade"];
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  kernel: ["kernel"],
  store: ["kernel", "store"],
  domain: ["kernel", "store", "domain"],
  adapters: ["kernel", "store", "domain", "config.ts", "adapters"],
  "config.ts": ["kernel"],
  "billing.ts": ["kernel", "store", "domain", "adapters", "config.ts", "jobs.ts"],
  "jobs.ts": ["kernel", "store", "domain", "adapters", "config.ts", "billing.ts"],
  facade: COMPOSED,
  client: ["client"],
  http: [...COMPOSED, "http"],
  cli: [...COMPOSED, "http", "cli"],
  "index.ts": [...COMPOSED, "store", "adapters", "http"],
};

const SQL = [
  /\b(INSERT\s+(OR\s+\w+\s+)?INTO|REPLACE\s+INTO|DELETE\s+FROM)\s/,
  /\bSELECT\s[\s\S]*\bFROM\s/,
  /^\s*SELECT\s/,
  /\bUPDATE\s+[\w."?]+(\s+AS\s+\w+)?\s+SET\s/,
  /\b(CREATE|ALTER|DROP)\s+(UNIQUE\s+|TEMP\s+|TEMPORARY\s+|UNLOGGED\s+)?(TABLE|INDEX|VIEW|TRIGGER|SEQUENCE)\s/,
  /^\s*(PRAGMA|VACUUM|TRUNCATE\s+TABLE|BEGIN\s+IMMEDIATE|SAVEPOINT)\b/,
];
// In lower case these words are English too, so only a text that is SQL from its first word on counts.
const LOWERCASE_SQL =
  /^\s*(insert\s+(or\s+\w+\s+)?into\s+\S+\s*\(|select\s[\s\S]*\sfrom\s+[\w"?]+\s*($|where|join|group|order|limit)|update\s+\S+\s+set\s+\S+\s*=|delete\s+from\s+\S+\s*($|where)|create\s+(unique\s+)?(table|index)\s)/;

const CLOCK = {
  patterns: [
    /\bDate\.now\b/g,
    /\bnew\s+Date\b(?!\s*\(\s*[^)\s])/g,
    /(?<!new\s+|[\w.])Date\(\s*\)/g,
    /\bperformance\.now\b/g,
    /\bprocess\.hrtime\b/g,
    /\bTemporal\.Now\b/g,
  ],
  only: "src/kernel/clock.ts",
  remedy: "take the injected Clock of kernel/clock.ts",
};
const RANDOMNESS = {
  patterns: [/\bMath\.random\b/g, /\b(randomUUID|randomBytes|randomInt|getRandomValues)\b/g],
  only: "src/kernel/ids.ts",
  remedy: "take the injected Ids of kernel/ids.ts",
};
const ENVIRONMENT = {
  patterns: [/\bprocess\s*\??\.\s*env\b/g, /\bprocess\s*\[/g, /\bimport\.meta\.env\b/g],
  only: "src/config.ts",
  remedy: "read it in config.ts and take it from Config",
};

/** Every breach of the import rule in these files; those outside src/ are ignored. */
export function findViolations(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ path }) => /^src\/.*\.[cm]?tsx?$/.test(path))
    .flatMap((file) => new FileCheck(file).run());
}

interface Import {
  readonly offset: number;
  readonly specifier: string;
  /** What stands between `import` and `from`. */
  readonly clause: string;
}

class FileCheck {
  readonly #path: string;
  readonly #source: SourceText;
  readonly #layer: string;
  readonly #violations: Violation[] = [];

  constructor(file: SourceFile) {
    this.#path = file.path;
    this.#source = readSource(file.text);
    this.#layer = layerOf(file.path);
  }

  run(): Violation[] {
    const isTest = /(\.test|\/fixtures)\.ts$/.test(this.#path);
    if (isTest) {
      if (this.#layer === "kernel") this.#checkImports();
      return this.#violations;
    }
    this.#checkPlace();
    this.#checkImports();
    this.#checkExports();
    this.#checkConstruction();
    this.#checkSql();
    // What the client takes from where it runs is in one file: it has no kernel to take it from.
    const isFree = this.#layer === "adapters" || this.#path === "src/client/platform.ts";
    for (const rule of [CLOCK, RANDOMNESS]) if (!isFree) this.#checkBanned(rule);
    this.#checkBanned(ENVIRONMENT);
    return this.#violations;
  }

  #checkPlace(): void {
    if (!(this.#layer in ALLOWED)) {
      this.#report(
        0,
        `${this.#path} has no place in the layout`,
        "move it, or extend the layout in ARCHITECTURE.md",
      );
    }
    const domain = domainOf(this.#path);
    if (domain !== undefined && !DOMAINS.includes(domain)) {
      this.#report(
        0,
        `domain ${domain} is not in the domain order`,
        "give it a place in DOMAINS, and in ARCHITECTURE.md",
      );
    }
  }

  #checkImports(): void {
    for (const found of importsOf(this.#source)) {
      if (found.specifier.startsWith(".")) this.#checkLocalImport(found);
      else this.#checkPackageImport(found);
    }
  }

  #checkLocalImport({ offset, specifier, clause }: Import): void {
    const target = posix.normalize(posix.join(posix.dirname(this.#path), specifier));
    const layer = layerOf(target);
    if (layer === "") {
      const isTestOfKernel = this.#path.endsWith(".test.ts");
      if (!isTestOfKernel)
        this.#report(offset, `imports ${target}, outside src/`, "move what is shared into src/");
      return;
    }
    if (!(ALLOWED[this.#layer] ?? []).includes(layer)) {
      this.#report(
        offset,
        `${this.#layer} must not import ${layer} (${target})`,
        remedyFor(this.#layer, layer),
      );
      return;
    }
    if (layer === "domain") this.#checkDomainImport(offset, target);
    if (layer === "store" && this.#layer !== "store" && this.#path !== "src/billing.ts") {
      if (/\b(open|storeAt)\b/.test(clause)) {
        this.#report(
          offset,
          "only billing.ts opens the store",
          "take the store, or what is built on it, as an argument",
        );
      }
    }
  }

  #checkDomainImport(offset: number, target: string): void {
    const [own, other] = [domainOf(this.#path), domainOf(target)];
    if (own !== undefined && own === other) return;
    const file = target.split("/").slice(3).join("/");
    const isComposition = this.#path === "src/billing.ts" && /-(service|store)\.ts$/.test(file);
    if (file !== "index.ts" && !isComposition) {
      const remedy = file.endsWith("-service.ts")
        ? `import its type from src/domain/${other}/index.ts; only billing.ts constructs services`
        : `import from src/domain/${other}/index.ts`;
      this.#report(offset, `reaches into domain ${other} (${target})`, remedy);
    }
    if (own !== undefined && DOMAINS.indexOf(own) < DOMAINS.indexOf(other ?? "")) {
      const remedy = `let ${own} own a port that ${other} implements and billing.ts joins, or append to the outbox`;
      this.#report(offset, `${own} comes before ${other} in the domain order`, remedy);
    }
  }

  #checkPackageImport({ offset, specifier, clause }: Import): void {
    if (this.#layer === "client") {
      this.#report(
        offset,
        `client must not import ${specifier}`,
        "it stands alone: use what the platform has",
      );
    }
    if (specifier === "@aragora/billing") {
      this.#report(offset, "imports its own package", "import the file that holds it");
    }
    if (specifier === "ulid" && this.#path !== RANDOMNESS.only) {
      this.#report(offset, `ulid is for ${RANDOMNESS.only} only`, RANDOMNESS.remedy);
    }
    if (/^(node:)?process$/.test(specifier) && /\benv\b/.test(clause) && this.#path !== ENVIRONMENT.only) {
      this.#report(offset, `the environment is for ${ENVIRONMENT.only} only`, ENVIRONMENT.remedy);
    }
  }

  #checkExports(): void {
    for (const { index } of this.#source.code.matchAll(/\bexport\s+(type\s+)?\*/g)) {
      this.#report(index, "export * hides what is public", "export by name");
    }
  }

  #checkConstruction(): void {
    if (this.#path === "src/billing.ts") return;
    for (const { index, 0: text } of this.#source.code.matchAll(/\bnew\s+\w*Service\b/g)) {
      this.#report(
        index,
        `${text} outside billing.ts`,
        "take the service as an argument; billing.ts constructs it",
      );
    }
  }

  #checkSql(): void {
    if (this.#layer === "store" || this.#path.endsWith("-store.ts")) return;
    for (const { offset, text } of this.#source.literals) {
      if (LOWERCASE_SQL.test(text) || SQL.some((pattern) => pattern.test(text))) {
        this.#report(offset, "SQL outside a store", "move it into the domain's *-store.ts");
      }
    }
  }

  #checkBanned({ patterns, only, remedy }: typeof CLOCK): void {
    if (this.#path === only) return;
    for (const pattern of patterns) {
      for (const { index, 0: text } of this.#source.code.matchAll(pattern)) {
        this.#report(index, `${text.trim()} is for ${only} only`, remedy);
      }
    }
  }

  #report(offset: number, problem: string, remedy: string): void {
    const line = this.#source.code.slice(0, offset).split("\n").length;
    this.#violations.push({ at: `${this.#path}:${line}`, problem, remedy });
  }
}

function importsOf({ code, literals }: SourceText): Import[] {
  const byOffset = new Map(literals.map((literal) => [literal.offset, literal]));
  const statements =
    /\b(?:import|export)\b(?!\s*[.(:])([^;"'`()]*?)\bfrom\s*(?=["'])|\bimport\s*(?:\(\s*)?(?=["'`])/g;
  return [...code.matchAll(statements)].flatMap((match) => {
    const literal: Literal | undefined = byOffset.get(match.index + match[0].length);
    if (literal === undefined) return [];
    return [{ offset: match.index, specifier: literal.text, clause: match[1] ?? "" }];
  });
}

/** The folder or file directly below src/; empty for what lies outside. */
function layerOf(path: string): string {
  const [root, layer] = path.split("/");
  return root === "src" ? (layer ?? "") : "";
}

function domainOf(path: string): string | undefined {
  return layerOf(path) === "domain" ? path.split("/")[2] : undefined;
}

function remedyFor(from: string, to: string): string {
  if (from === "kernel")
    return "kernel stands alone: move what it needs into kernel/, or this code out of it";
  if (to === "store" || to === "adapters")
    return "go through a domain's index.ts, on what billing.ts has built";
  if (to === "config.ts") return "take the value as an argument; billing.ts passes it on";
  return `${to} stands above ${from}: turn the dependency round, or let billing.ts pass in what is needed`;
}
