export { WebhookEndpoints } from "./endpoints.ts";
export { GlobalWebhook } from "./global-webhook.ts";
