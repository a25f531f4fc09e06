export {
  type CodeDiscount,
  lookAtCodes,
  redeemCodes,
  volumeDiscountOn,
} from "./checkout.ts";
export { canonicalCode } from "./code-text.ts";
export {
  DiscountType,
  REFUSALS,
  type RedemptionState,
  type RefusalReason,
} from "./discount.ts";
export type {
  CodeUse,
  NewCode,
  RedeemInput,
  RedemptionKey,
  ReserveInput,
} from "./discount-input.ts";
export { DiscountService } from "./discount-service.ts";
export type {
  CodeCheck,
  DiscountCodeView,
  RedemptionView,
  VolumeChange,
  VolumeView,
} from "./discount-view.ts";
export { VOLUME_TIERS, type VolumeTier } from "./volume.ts";
export { countVolume, uncountVolume, type VolumeInput, VolumeService } from "./volume-service.ts";
