import type { AnalyticsService } from "../domain/analytics/index.ts";
import type { IdentityService } from "../domain/identity/index.ts";
import type { MeteringService, VerifyProgress, VerifyReport } from "../domain/metering/index.ts";
import type { WriteService } from "../domain/operations/index.ts";
import type { PricingService } from "../domain/pricing/index.ts";
import type { Clock } from "../kernel/index.ts";

/** What the server serves: a `Billing` is one. A routes file that needs another service adds it here. */
export interface HttpServices {
  readonly clock: Clock;
  readonly metering: MeteringService;
  readonly analytics: AnalyticsService;
  readonly pricing: PricingService;
  readonly identity: IdentityService;
  readonly writes: WriteService;
  verify(onProgress?: (progress: VerifyProgress) => void): Promise<VerifyReport>;
}
