// The engine's ids of things, by the workload's names, and back.

import { Disagreement } from "./disagreement.ts";

export class Names {
  readonly #ids = new Map<string, string>();
  readonly #names = new Map<string, string>();

  /** Of something that was never made it is an id that no engine makes. */
  idOf(name: string): string {
    return this.#ids.get(name) ?? `no-${name}`;
  }

  /** Of what the engine made by itself: "". */
  nameOf(id: string): string {
    return this.#names.get(id) ?? "";
  }

  /** @throws Disagreement when the name is that of another id, or the id that of another name. */
  note(name: string, id: string): void {
    const [knownId, knownName] = [this.#ids.get(name), this.#names.get(id)];
    if ((knownId ?? id) !== id || (knownName ?? name) !== name)
      throw new Disagreement(`${name} is ${knownId ?? "new"}, not ${id}, which is ${knownName || "new"}`);
    this.#ids.set(name, id);
    this.#names.set(id, name);
  }
}
