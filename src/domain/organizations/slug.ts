import { invalidInput } from "../../kernel/index.ts";

const MAX_SLUG = 50;
const SLUG = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/**
 * The slug of a name: lower case, a to z, digits and single hyphens, 50 characters at most, "org" where nothing is left.
 *
 * @example
 * slugFrom("Café Müller & Söhne"); // "cafe-muller-sohne"
 */
export function slugFrom(name: string): string {
  const plain = name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const slug = plain.replace(/[^a-z0-9]+/g, "-").slice(0, MAX_SLUG);
  return slug.replace(/^-+|-+$/g, "") || "org";
}

/** The slug with something behind it that makes it another one, within the length. */
export function slugWith(slug: string, suffix: string): string {
  return `${slug.slice(0, MAX_SLUG - suffix.length - 1).replace(/-+$/, "")}-${suffix}`;
}

/** @throws BillingError invalid_input `invalid_slug`. */
export function checkedSlug(slug: unknown): string {
  if (typeof slug === "string" && slug.length <= MAX_SLUG && SLUG.test(slug)) return slug;
  throw invalidInput("slug", "invalid_slug", `slug must be a-z, 0-9 and single hyphens, up to ${MAX_SLUG}`);
}
