import pRetry from "p-retry";

/** Runs `attempt` again, a little later each time (5 to 250 ms, with jitter), while `shouldRetry` says so. */
export function retry<T>(
  attempt: () => Promise<T>,
  retries: number,
  shouldRetry: (error: unknown) => boolean,
): Promise<T> {
  return pRetry(attempt, {
    retries,
    minTimeout: 5,
    maxTimeout: 250,
    factor: 2,
    randomize: true,
    shouldRetry: ({ error }) => shouldRetry(error),
  });
}
