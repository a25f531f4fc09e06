// Callbacks of this process. They are called after the commit that raised an alert, before the call that caused it
// returns; what one does, or how long it takes, reaches nobody. A process that dies between the commit and the call never
// makes it: what must not be lost goes through the alert sink, in the transaction itself.

import type { Store, Tx } from "../../store/index.ts";
import type { RaisedAlert } from "./alert.ts";

export type AlertCallback = (alert: RaisedAlert) => unknown;

export class AlertCallbacks {
  readonly #store: Store;
  readonly #callbacks = new Set<AlertCallback>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Registers a callback; returns what removes it. */
  add(callback: AlertCallback): () => void {
    // A wrapper of its own makes the same function count as often as it was added.
    const own: AlertCallback = (alert) => callback(alert);
    this.#callbacks.add(own);
    return () => this.#callbacks.delete(own);
  }

  /** To be called inside the transaction that raises the alerts. */
  raisedIn(tx: Tx, alerts: readonly RaisedAlert[]): void {
    if (this.#callbacks.size === 0) return;
    this.#store.afterCommit(tx, () => {
      for (const alert of alerts) for (const callback of this.#callbacks) call(callback, alert);
    });
  }
}

function call(callback: AlertCallback, alert: RaisedAlert): void {
  // A callback's error is its own: neither the usage nor the other callbacks know of it.
  new Promise((resolve) => resolve(callback(alert))).catch(() => undefined);
}
