/** How long a server that does not answer is left alone. */
const PAUSE_MS = 30_000;

/** Servers that did not answer a moment ago: what is meant for them waits, so that it holds up nothing else. */
export class Pauses {
  readonly #until = new Map<string, number>();

  pause(destination: string, now: number): void {
    this.#until.set(destination, now + PAUSE_MS);
  }

  /** The end of the destination's pause; undefined when it may be tried. A clock that stepped back ends pauses. */
  until(destination: string, now: number): number | undefined {
    const until = this.#until.get(destination);
    return until !== undefined && until > now && until <= now + PAUSE_MS ? until : undefined;
  }

  /** Drops the pauses that are over. */
  forget(now: number): void {
    for (const destination of this.#until.keys()) {
      if (this.until(destination, now) === undefined) this.#until.delete(destination);
    }
  }
}
