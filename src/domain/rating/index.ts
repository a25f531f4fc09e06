export {
  costAt,
  RATING_FLAG,
  type RatingFlag,
  rate,
  ratingFlags,
  type UnknownModelPolicy,
} from "./rate.ts";
export type { Usage } from "./usage.ts";
