// Sessions over the services of this folder, and forged tokens.
import { createHmac, randomBytes } from "node:crypto";
import { SessionService, type TokenLifetimes, type TokenSecret } from "../../src/domain/identity/index.ts";
import { createIds } from "../../src/kernel/index.ts";
import { fresh, moreServices, OPERATOR, type Services, startServices } from "./services.ts";

export const SECRET: TokenSecret = { current: "Zq7-test-secret-of-sessions-9vXw2Lk" };

export interface SessionServices extends Services {
  readonly sessions: SessionService;
  /** The id of a user of its own. */
  newUser(): Promise<string>;
}

export interface SessionOptions {
  readonly secret?: TokenSecret | (() => TokenSecret);
  readonly lifetimes?: TokenLifetimes;
}

export async function startSessions(url: string, options: SessionOptions = {}): Promise<SessionServices> {
  return sessionsOver(await startServices(url), options);
}

/** As another process would see a database that {@link startSessions} has prepared. */
export async function moreSessions(url: string, options: SessionOptions = {}): Promise<SessionServices> {
  return sessionsOver(await moreServices(url), options);
}

/** Another instance on the same store and clock. */
export function sessionsOver(
  services: Services,
  { secret = SECRET, lifetimes }: SessionOptions,
): SessionServices {
  const { store, clock, organizations } = services;
  const parts = { store, clock, ids: createIds(clock), random: randomBytes };
  const sessions = new SessionService(
    { ...parts, secret: typeof secret === "function" ? secret : () => secret },
    lifetimes,
  );
  const newUser = async () => (await organizations.putUser(OPERATOR, { id: fresh("user") })).id;
  return { ...services, sessions, newUser };
}

type Fields = Readonly<Record<string, unknown>>;

/** A token taken apart. */
export function partsOf(token: string): { header: Fields; payload: Fields; signature: string } {
  const [header = "", payload = "", signature = ""] = token.split(".");
  return { header: decode(header), payload: decode(payload), signature };
}

/** A token as somebody would make it by hand. */
export function forge(
  header: Fields,
  payload: Fields | string,
  { secret = SECRET.current, hash = "sha256" }: { secret?: string | Buffer; hash?: string } = {},
): string {
  const text = `${encode(header)}.${typeof payload === "string" ? payload : encode(payload)}`;
  return `${text}.${createHmac(hash, secret).update(text).digest("base64url")}`;
}

export function encode(fields: Fields): string {
  return Buffer.from(JSON.stringify(fields)).toString("base64url");
}

function decode(part: string): Fields {
  return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
}
