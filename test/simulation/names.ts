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

  /** A text with names in it instead of ids that begin so. */
  plain(text: string, prefix: string): string {
    return text.replace(new RegExp(`${prefix}_[0-9A-Za-z]+`, "g"), (id) => this.#names.get(id) ?? id);
  }

  has(name: string): boolean {
    return this.#ids.has(name);
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
