// biome-ignore-all lint/suspicious/noTemplateCurlyInString: made-up sources stand in plain strings
import { readdirSync, readFileSync } from "node:fs";
import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { DOMAINS, findViolations } from "./support/architecture.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The problems found in one made-up file, as `line: problem`. */
function problemsIn(path: string, ...lines: string[]): string[] {
  return findViolations([{ path, text: lines.join("\n") }]).map(({ at, problem }) => {
    expect(at.startsWith(`${path}:`)).toBe(true);
    return `${at.slice(path.length + 1)}: ${problem}`;
  });
}

describe("the source of this project", () => {
  it("keeps the import rule", () => {
    const files = readdirSync(`${ROOT}src`, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
      .map((entry) => `${entry.parentPath}/${entry.name}`)
      .map((file) => ({ path: relative(ROOT, file).split(sep).join("/"), text: readFileSync(file, "utf8") }));
    expect(files.length).toBeGreaterThan(0);
    const violations = findViolations(files).map(({ at, problem, remedy }) => `${at}  ${problem}: ${remedy}`);
    expect(violations, violations.join("\n")).toEqual([]);
  });
});

describe("a domain", () => {
  it("may use the kernel, the store, itself and earlier domains", () => {
    expect(
      problemsIn(
        "src/domain/budgets/budget-service.ts",
        'import { usd } from "../../kernel/index.ts";',
        'import type { Tx } from "../../store/index.ts";',
        'import { Metering } from "../metering/index.ts";',
        'import { threshold } from "./threshold.ts";',
        'import { createHash } from "node:crypto";',
      ),
    ).toEqual([]);
  });

  it("may not use a later domain, not even its types", () => {
    expect(
      problemsIn(
        "src/domain/metering/commit.ts",
        "// a comment first",
        'import type { Budget } from "../budgets/index.ts";',
      ),
    ).toEqual(["2: metering comes before budgets in the domain order"]);
  });

  it("may use another domain through its index only", () => {
    const problem = "1: reaches into domain pricing (src/domain/pricing/price.ts)";
    for (const statement of [
      'import { Price } from "../pricing/price.ts";',
      'export { Price } from "../pricing/price.ts";',
      'export type { Price } from "../pricing/price.ts";',
      'const price = await import("../pricing/price.ts");',
      'let price: import("../pricing/price.ts").Price;',
      'import "../pricing/price.ts";',
      'import {\n  type Price,\n  PRICES,\n} from "../pricing/price.ts";',
    ]) {
      expect(problemsIn("src/domain/rating/rate.ts", statement), statement).toEqual([problem]);
    }
  });

  it("may not use what is built on it", () => {
    expect(
      problemsIn(
        "src/domain/payments/payment-service.ts",
        'import { StripeClient } from "../../adapters/stripe/client.ts";',
        'import { createBilling } from "../../billing.ts";',
        'import { config } from "../../config.ts";',
        'import { UsageMeter } from "../../facade/usage-meter.ts";',
      ),
    ).toEqual([
      "1: domain must not import adapters (src/adapters/stripe/client.ts)",
      "2: domain must not import billing.ts (src/billing.ts)",
      "3: domain must not import config.ts (src/config.ts)",
      "4: domain must not import facade (src/facade/usage-meter.ts)",
    ]);
  });

  it("has a place in the order", () => {
    expect(problemsIn("src/domain/wallets/wallet.ts", "")).toEqual([
      "1: domain wallets is not in the domain order",
    ]);
    expect(new Set(DOMAINS).size).toBe(DOMAINS.length);
  });
});

describe("the layers", () => {
  it("let the kernel import nothing of the project, in its tests neither", () => {
    const line = 'import { open } from "../store/index.ts";';
    const problem = "1: kernel must not import store (src/store/index.ts)";
    expect(problemsIn("src/kernel/money.ts", line)).toEqual([problem]);
    expect(problemsIn("src/kernel/money.test.ts", line)).toEqual([problem]);
    expect(problemsIn("src/kernel/money.ts", 'import Decimal from "decimal.js";')).toEqual([]);
  });

  it("let the store import the kernel only", () => {
    expect(
      problemsIn(
        "src/store/outbox.ts",
        'import { BillingError } from "../kernel/index.ts";',
        'import { DOMAINS } from "../domain/plans/index.ts";',
      ),
    ).toEqual(["2: store must not import domain (src/domain/plans/index.ts)"]);
  });

  it("keep store and adapters away from http, cli and facade", () => {
    for (const layer of ["http", "cli", "facade"]) {
      expect(
        problemsIn(
          `src/${layer}/file.ts`,
          'import { createBilling } from "../billing.ts";',
          'import type { Budget } from "../domain/budgets/index.ts";',
          'import type { Store } from "../store/index.ts";',
          'import { StripeClient } from "../adapters/stripe/client.ts";',
        ),
      ).toEqual([
        `3: ${layer} must not import store (src/store/index.ts)`,
        `4: ${layer} must not import adapters (src/adapters/stripe/client.ts)`,
      ]);
    }
  });

  it("leave no file of src/ without a place, and let none reach outside it", () => {
    expect(problemsIn("src/utils/text.ts", "")).toEqual(["1: src/utils/text.ts has no place in the layout"]);
    expect(problemsIn("src/kernel/money.ts", 'import { fake } from "../../test/support/fake.ts";')).toEqual([
      "1: imports test/support/fake.ts, outside src/",
    ]);
  });

  it("do not bind tests and fixtures", () => {
    const lines = [
      'import { open } from "../../store/store.ts";',
      'const sql = "DELETE FROM t";',
      "Date.now();",
    ];
    expect(problemsIn("src/domain/plans/plan-store.test.ts", ...lines)).toEqual([]);
    expect(problemsIn("src/domain/plans/fixtures.ts", ...lines)).toEqual([]);
    expect(problemsIn("test/anything.ts", ...lines)).toEqual([]);
  });
});

describe("the client of the REST API", () => {
  it("stands alone: no other folder, not even its types, and no package", () => {
    const lines = [
      'import { sleep } from "./time.ts";',
      'import type { Route } from "../http/route.ts";',
      'import { Decimal } from "decimal.js";',
      "const now = Date.now();",
    ];
    expect(problemsIn("src/client/transport.ts", ...lines)).toEqual([
      "2: client must not import http (src/http/route.ts)",
      "3: client must not import decimal.js",
      "4: Date.now is for src/kernel/clock.ts only",
    ]);
    expect(problemsIn("src/client/platform.ts", "Date.now(); Math.random(); crypto.randomUUID();")).toEqual(
      [],
    );
  });
});

describe("construction", () => {
  it("of services happens in billing.ts alone", () => {
    const lines = [
      'import { BudgetService } from "./domain/budgets/budget-service.ts";',
      "const budgets = new BudgetService(deps);",
    ];
    expect(problemsIn("src/billing.ts", ...lines)).toEqual([]);
    expect(problemsIn("src/jobs.ts", ...lines)).toEqual([
      "1: reaches into domain budgets (src/domain/budgets/budget-service.ts)",
      "2: new BudgetService outside billing.ts",
    ]);
  });

  it("of the store happens in billing.ts alone", () => {
    expect(problemsIn("src/billing.ts", 'import { open } from "./store/index.ts";')).toEqual([]);
    expect(problemsIn("src/jobs.ts", 'import { acquireLease, storeAt } from "./store/index.ts";')).toEqual([
      "1: only billing.ts opens the store",
    ]);
    expect(problemsIn("src/jobs.ts", 'import { acquireLease } from "./store/index.ts";')).toEqual([]);
  });
});

describe("SQL", () => {
  const statements = [
    "INSERT INTO budget (id) VALUES (?)",
    "INSERT OR IGNORE INTO budget DEFAULT VALUES",
    "SELECT id, name FROM budgets",
    "SELECT 1",
    "WITH spent AS (SELECT 1) SELECT * FROM spent",
    "UPDATE budgets SET spent = 0",
    "DELETE FROM budgets",
    "CREATE TABLE budgets (id TEXT)",
    "CREATE UNIQUE INDEX budgets_by_id ON budgets (id)",
    "select id from budgets where id = ?",
    "update budgets set spent = 0",
    "delete from budgets",
  ];

  it("is for stores", () => {
    for (const sql of statements) {
      expect(problemsIn("src/domain/budgets/budget-service.ts", `tx.run("${sql}");`), sql).toEqual([
        "1: SQL outside a store",
      ]);
      expect(problemsIn("src/domain/budgets/budget-store.ts", `tx.run("${sql}");`)).toEqual([]);
      expect(problemsIn("src/store/outbox.ts", `tx.run("${sql}");`)).toEqual([]);
    }
  });

  it("is seen in templates, over lines and around expressions", () => {
    const lines = ["const rows = tx.all(`", "  SELECT ${columns.map((c) => `${c}`)}", "  FROM t`);"];
    expect(problemsIn("src/domain/budgets/report.ts", ...lines)).toEqual(["1: SQL outside a store"]);
    expect(problemsIn("src/domain/budgets/report.ts", "tx.run(`UPDATE ${table} SET x = 1`);")).toEqual([
      "1: SQL outside a store",
    ]);
  });

  it("is not seen in prose, comments and code", () => {
    expect(
      problemsIn(
        "src/cli/budgets.ts",
        "// SELECT a FROM b",
        "/* DELETE FROM a",
        " */",
        'say("Select a plan from the list, or update your budget; set a limit first");',
        'say("delete from the list what you do not need");',
        "const pattern = /INSERT INTO '/;",
      ),
    ).toEqual([]);
  });
});

describe("time, ids, randomness and the environment", () => {
  it("come from the clock of the kernel", () => {
    for (const call of [
      "Date.now()",
      "new Date()",
      "new Date",
      "performance.now()",
      "process.hrtime.bigint()",
    ]) {
      expect(problemsIn("src/store/leases.ts", `const now = ${call};`), call).toHaveLength(1);
      expect(problemsIn("src/kernel/clock.ts", `const now = ${call};`)).toEqual([]);
      expect(problemsIn("src/adapters/smtp/mailer.ts", `const now = ${call};`)).toEqual([]);
    }
    expect(problemsIn("src/store/leases.ts", "const at = new Date(ms); // not new Date()")).toEqual([]);
    expect(problemsIn("src/store/leases.ts", "const at = new Date( clock.now() );")).toEqual([]);
    expect(problemsIn("src/store/leases.ts", 'const text = "Date.now()";')).toEqual([]);
    expect(problemsIn("src/store/leases.ts", "const text = `at ${Date.now()}`;")).toHaveLength(1);
  });

  it("come from the ids of the kernel", () => {
    for (const call of ["Math.random()", "randomUUID()", "crypto.randomUUID()", "randomBytes(8)"]) {
      expect(problemsIn("src/domain/audit/audit-service.ts", `const id = ${call};`), call).toHaveLength(1);
      expect(problemsIn("src/kernel/ids.ts", `const id = ${call};`)).toEqual([]);
    }
    expect(problemsIn("src/domain/audit/entry.ts", 'import { ulid } from "ulid";')).toHaveLength(1);
    expect(problemsIn("src/kernel/ids.ts", 'import { monotonicFactory } from "ulid";')).toEqual([]);
  });

  it("come from config.ts, as far as the environment goes", () => {
    for (const line of [
      "const home = process.env.HOME;",
      'const home = process["env"].HOME;',
      "const { HOME } = process.env;",
      'import { env } from "node:process";',
    ]) {
      expect(problemsIn("src/cli/main.ts", line), line).toHaveLength(1);
      expect(problemsIn("src/config.ts", line)).toEqual([]);
    }
    expect(problemsIn("src/adapters/smtp/mailer.ts", "process.env.SMTP_HOST;")).toHaveLength(1);
  });
});

describe("exports", () => {
  it("go by name", () => {
    for (const line of ['export * from "./money.ts";', 'export * as money from "./money.ts";']) {
      expect(problemsIn("src/kernel/index.ts", line)).toEqual(["1: export * hides what is public"]);
    }
    expect(problemsIn("src/kernel/index.ts", 'export { usd } from "./money.ts";')).toEqual([]);
  });
});
