// A second process that records usage until it is killed: `recording-child.ts DATABASE_URL RUN`. After each batch that
// was acknowledged it prints the batch's number.

import { MeteringService } from "../../src/domain/metering/index.ts";
import { PricingService } from "../../src/domain/pricing/index.ts";
import { createIds, systemClock } from "../../src/kernel/index.ts";
import { open } from "../../src/store/index.ts";
import { countingParticipant } from "./counting-participant.ts";

export const BATCH = 50;

/** The events of a batch: the same ones whoever asks. */
export function batchOf(run: string, batch: number) {
  return Array.from({ length: BATCH }, (_, index) => ({
    id: `run${run}-batch${batch}-${index}`,
    tenant: `tenant_${index % 7}`,
    timestamp: "2025-06-01T12:00:00Z",
    provider: "openai",
    model: "gpt-4o-mini",
    agent: `agent_${index % 3}`,
    tokensIn: 7,
    tokensOut: 3,
  }));
}

if (process.argv[1] === import.meta.filename) {
  const [url = "", run = ""] = process.argv.slice(2);
  const store = await open(url);
  const pricing = new PricingService(store, systemClock);
  const metering = new MeteringService(
    { store, clock: systemClock, ids: createIds(systemClock), pricing },
    { tenant: undefined, unknownModel: "refuse", participants: [countingParticipant()] },
  );
  for (let batch = 0; ; batch += 1) {
    const verdicts = await metering.record(batchOf(run, batch));
    if (verdicts.some(({ status }) => status !== "accepted")) process.exit(3);
    process.stdout.write(`${batch}\n`);
  }
}
