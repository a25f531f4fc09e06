// Waiting with an end.

/** A wait came to the end of its time. */
export class Late extends Error {}

/** @throws RangeError for what is no duration that a timer takes. */
export function requireTimeout(ms: number): number {
  if (Number.isInteger(ms) && ms > 0 && ms < 2 ** 31) return ms;
  throw new RangeError("timeoutMs must be a whole number of milliseconds from 1 to 2147483647");
}

/** `work`, unless it takes longer than `ms` or `signal` ends it: then rejected at once, with `Late` or the signal's reason. */
export function within<T>(work: Promise<T>, ms: number, signal: AbortSignal | undefined): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const end = (settle: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      settle();
    };
    const onAbort = () => end(() => reject(signal?.reason));
    const timer = setTimeout(() => end(() => reject(new Late())), ms);
    signal?.addEventListener("abort", onAbort, { once: true });
    work.then(
      (value) => end(() => resolve(value)),
      (error: unknown) => end(() => reject(error)),
    );
    if (signal?.aborted === true) onAbort();
  });
}

/** Resolves after `ms`; rejects at once with the signal's reason when it is aborted. */
export async function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await within(new Promise<never>(() => undefined), ms, signal);
  } catch (error) {
    if (!(error instanceof Late)) throw error;
  }
}
