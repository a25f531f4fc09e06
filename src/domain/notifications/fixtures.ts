// What the tests of notifications share: a service over a real database, with real channels.

import { onTestFinished } from "vitest";
import { SmtpMailer } from "../../adapters/smtp/index.ts";
import { GlobalWebhook, WebhookEndpoints } from "../../adapters/webhook/index.ts";
import { createIds, ManualClock } from "../../kernel/index.ts";
import { open, type Store } from "../../store/index.ts";
import { type Attachments, type NotificationInput, NotificationService } from "./index.ts";

export const START = "2025-03-01T12:00:00Z";
export const SECRET = `whsec_${Buffer.from("a secret of at least 24 bytes").toString("base64")}`;

/** A store that is closed when the test ends. */
export async function storeWithNotifications(url: string): Promise<Store> {
  const store = await open(url);
  onTestFinished(() => store.close());
  return store;
}

export interface ServiceOptions {
  readonly smtpPort?: number | undefined;
  readonly globalUrl?: string | undefined;
  readonly clock?: ManualClock | undefined;
  readonly timeoutMs?: number | undefined;
  readonly tenant?: string | undefined;
  readonly attachments?: Attachments | undefined;
}

/** A service with endpoints on this machine allowed; closed before its store. */
export function serviceOn(store: Store, options: ServiceOptions = {}) {
  const clock = options.clock ?? new ManualClock(START);
  const ids = createIds(clock);
  const lines: string[] = [];
  const { smtpPort: port, globalUrl, timeoutMs, tenant, attachments } = options;
  const service = new NotificationService(
    { store, clock, ids },
    {
      tenant,
      channels: {
        attachments,
        mail: port === undefined ? undefined : new SmtpMailer({ host: "127.0.0.1", port }),
        endpoints: new WebhookEndpoints({ allowInsecure: true, timeoutMs }),
        global: globalUrl === undefined ? undefined : new GlobalWebhook(globalUrl),
        log: (line) => lines.push(line),
      },
    },
  );
  onTestFinished(() => service.close());
  return { service, clock, ids, lines };
}

export type Service = ReturnType<typeof serviceOn>["service"];

/** A budget alert; `over` says what is special about it. */
export function alertFor(tenant: string, over: Partial<NotificationInput> = {}): NotificationInput {
  return {
    kind: "budget_alert",
    tenant,
    payload: {
      level: "warning",
      currentSpend: "$750.00",
      budgetLimit: "$1,000.00",
      percentUsed: 75,
    },
    ...over,
  } as NotificationInput;
}
