// The one mutable module state of the library: the instance behind `new UsageTracker()` and the `getX()` functions.

import { type Billing, createBilling } from "../billing.ts";
import { readConfig } from "../config.ts";

let instance: Billing | undefined;

/**
 * The billing instance of programs that configure none: data in `ARAGORA_DATA_DIR` (default `~/.nomic`), tenant
 * "default" where a call names none. Built at the first call.
 */
export function defaultBilling(): Billing {
  if (instance === undefined) {
    const { database, notifications, tokenSecret, oidc } = readConfig();
    instance = createBilling({ database, notifications, tokenSecret, oidc, tenant: "default" });
  }
  return instance;
}

/** Makes `billing` the default from now on, or, without one, forgets the present default. It closes neither. */
export function setDefaultBilling(billing: Billing | undefined): void {
  instance = billing;
}
