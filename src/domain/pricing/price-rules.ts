// Which rule applies: the tenant's own before everybody's, the model's before the provider's before any, then the latest.

import type { PriceRule, PriceRuleTarget } from "./price-rule.ts";

const ANY = "";

/** All rules of a database at one version. Immutable. */
export class PriceRules {
  readonly all: readonly PriceRule[];
  readonly #byUse = new Map<string, PriceRule[]>();
  readonly #byId = new Map<string, PriceRule>();

  constructor(rules: readonly PriceRule[]) {
    this.all = [...rules].sort((a, b) => b.effectiveFrom - a.effectiveFrom);
    for (const rule of this.all) {
      const key = keyOf(rule.appliesTo, rule.tenant, rule.provider, rule.model);
      const rules = this.#byUse.get(key);
      if (rules === undefined) this.#byUse.set(key, [rule]);
      else rules.push(rule);
      this.#byId.set(rule.id, rule);
    }
  }

  /**
   * The rule in force at an instant, or undefined. `entryModel` is the name under which the book prices the model.
   */
  find(
    appliesTo: PriceRuleTarget,
    usage: { readonly tenant: string; readonly ts: number },
    provider: string,
    model: string,
    entryModel: string,
  ): PriceRule | undefined {
    for (const tenant of [usage.tenant, ANY]) {
      const found =
        this.#inForce(keyOf(appliesTo, tenant, provider, model), usage.ts) ??
        this.#inForce(keyOf(appliesTo, tenant, provider, entryModel), usage.ts) ??
        this.#inForce(keyOf(appliesTo, tenant, provider, ANY), usage.ts) ??
        this.#inForce(keyOf(appliesTo, tenant, ANY, ANY), usage.ts);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  get isEmpty(): boolean {
    return this.all.length === 0;
  }

  withId(id: string): PriceRule | undefined {
    return this.#byId.get(id);
  }

  #inForce(key: string, at: number): PriceRule | undefined {
    return this.#byUse
      .get(key)
      ?.find((rule) => rule.effectiveFrom <= at && (rule.effectiveTo === undefined || at < rule.effectiveTo));
  }
}

/** No name holds a control character, so two keys are equal only if all their parts are. */
function keyOf(appliesTo: PriceRuleTarget, tenant: string, provider: string, model: string): string {
  return `${appliesTo}\u001f${tenant}\u001f${provider}\u001f${model}`;
}
