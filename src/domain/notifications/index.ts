export { AccountMails } from "./account-mails.ts";
export type { AttachedTo, Attachment, Attachments } from "./attachment.ts";
export { BudgetAlertNotifications } from "./budget-alerts.ts";
export type {
  Attempt,
  Channels,
  EndpointCall,
  EndpointChannel,
  GlobalChannel,
  MailChannel,
  OutgoingCall,
  OutgoingMail,
} from "./channel.ts";
export { CreditExpiryNotifications } from "./credit-notices.ts";
export type { DeliveryCounts } from "./delivery.ts";
export type { EndpointDelivery, EndpointView, IssuedEndpoint } from "./endpoint.ts";
export { RegisteredEndpoints } from "./endpoint-channel.ts";
export type { EndpointChanges, EndpointInput } from "./endpoint-input.ts";
export { type DeliveryQuery, EndpointService } from "./endpoint-service.ts";
export { enqueueNotifications } from "./enqueue.ts";
export { InvoiceMails } from "./invoice-mails.ts";
export {
  type BudgetAlertLevel,
  type NotificationInput,
  NotificationKind,
  type NotificationPayloads,
  newNotification,
} from "./notification.ts";
export {
  type NotificationQuery,
  type NotificationResult,
  NotificationService,
  type NotificationView,
} from "./notification-service.ts";
export type { NotificationMethod, NotificationState } from "./notification-store.ts";
export { isEmail, type Recipient, secretBytes } from "./recipient.ts";
export { SubscriptionNotices } from "./subscription-notices.ts";
export { WEBHOOK_EVENTS, type WebhookEvent, type WebhookEventType } from "./webhook-events.ts";
