// Usage and budgets in the simulation: events, prices, holds, limits, alerts.

import type { Billing } from "../../src/billing.ts";
import { Auditor } from "./auditor.ts";
import { inspectAll, inspectTenant } from "./inspection.ts";
import type { Operation } from "./operations.ts";
import type { Move, Part, World } from "./part.ts";
import { Player } from "./player.ts";
import { Workload } from "./workload.ts";

export class UsagePart implements Part {
  readonly weight = 103;
  readonly #auditor: Auditor;
  readonly #player: Player;
  readonly #workload: Workload;

  constructor({ random, now, notifications, tenants }: World) {
    this.#auditor = new Auditor(now, tenants);
    this.#player = new Player(this.#auditor);
    this.#workload = new Workload(random, this.#auditor);
    notifications.add(() =>
      this.#auditor.tenants.map((tenant) => {
        return { tenant, kind: "budget_alert", count: this.#auditor.notifications(tenant) };
      }),
    );
  }

  /** For parts whose tenants use something too. */
  get auditor(): Auditor {
    return this.#auditor;
  }

  get workload(): Workload {
    return this.#workload;
  }

  next(): Move {
    return this.move(this.#workload.next());
  }

  move(operation: Operation): Move {
    return {
      operation,
      play: (billing) => this.#player.play(billing, operation),
      inspect: (billing) => this.inspect(billing, tenantsOf(operation, this.#auditor)),
    };
  }

  nextEnd(): number | null {
    return this.#workload.nextEnd();
  }

  runJobs(): ReadonlyMap<string, number> {
    return new Map([["budget hold expiry", this.#auditor.runJobs()]]);
  }

  inspectTenants(billing: Billing): Promise<void> {
    return this.inspect(billing, this.#auditor.tenants);
  }

  inspectAll(billing: Billing): Promise<string[]> {
    return inspectAll(billing, this.#auditor, this.#player);
  }

  async inspect(billing: Billing, tenants: readonly string[]): Promise<void> {
    for (const tenant of tenants) await inspectTenant(billing, this.#auditor, tenant);
  }
}

function tenantsOf(operation: Operation, { tenants }: Auditor): readonly string[] {
  if ("tenant" in operation) return [operation.tenant];
  if ("request" in operation) return [operation.request.tenant];
  if (operation.do === "record") return [...new Set(operation.events.map(({ use }) => use.tenant))];
  if (operation.do === "create") return [operation.terms.tenant];
  return operation.do === "rerate" ? tenants : [];
}
