import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { OrganizationService } from "../../src/domain/organizations/index.ts";
import { createIds, secureRandom, systemClock } from "../../src/kernel/index.ts";
import { storeAt } from "../../src/store/index.ts";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import { race } from "../support/race.ts";
import type { Guest, Seen } from "./seats-child.ts";

const CHILD = fileURLToPath(new URL("./seats-child.ts", import.meta.url));
const OPERATOR = { kind: "operator", id: "op_1" } as const;
const GUESTS = 50;
/** Of the professional tier; the owner has one of them. */
const SEATS = 10;

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl },
  { name: "postgres", freshUrl: freshPostgresUrl },
])("seats shared by two processes on $name", ({ freshUrl }) => {
  let url: string;

  beforeAll(async () => {
    url = await freshUrl();
  });

  /** A new organization of 10 seats, and users who were invited to it. */
  async function invite(name: string, guests: number) {
    const store = storeAt(url);
    onTestFinished(() => store.close());
    const parts = { store, clock: systemClock, ids: createIds(systemClock), random: secureRandom };
    const organizations = new OrganizationService({ ...parts, holders: [] });
    const owner = { ownerId: `${name} owner`, tier: "professional" as const };
    const { id } = await organizations.createOrganization(OPERATOR, { name, ...owner });
    const invited: Guest[] = [];
    for (let number = 0; number < guests; number += 1) {
      const [user, email] = [`${name} ${number}`, `${name}-${number}@example.com`];
      await organizations.putUser(OPERATOR, { id: user, email });
      const { token } = await organizations.inviteMember(OPERATOR, id, { email, role: "member" });
      invited.push({ user, token });
    }
    const members = async () =>
      (await organizations.members(OPERATOR, id, { limit: 500 })).items.map(({ userId }) => userId);
    return { organizations, id, invited, members };
  }

  it("are taken up to the last of 10, and no further, by 50 who accept at once", async () => {
    const { organizations, id, invited, members } = await invite("wide", GUESTS);
    const half = GUESTS / 2;
    const told = [invited.slice(0, half), invited.slice(half)].map((guests) => JSON.stringify(guests));
    const seen = await race<Seen>(CHILD, url, told as [string, string]);
    const joined = seen.flatMap((one) => one.joined);
    expect(joined).toHaveLength(SEATS - 1);
    expect(seen.flatMap(({ refused }) => refused)).toEqual(
      Array(GUESTS - SEATS + 1).fill("seat_limit_reached"),
    );
    expect((await members()).sort()).toEqual([...joined, "wide owner"].sort());

    // Who was refused has the invitation still; a seat that is given back is one person's.
    await organizations.removeMember(OPERATOR, id, joined[0] as string);
    const waiting = invited.filter(({ user }) => !joined.includes(user));
    const { user, token } = waiting[0] as Guest;
    const next = waiting[1] as Guest;
    await organizations.acceptInvitation({ kind: "user", id: user }, token);
    await expect(
      organizations.acceptInvitation({ kind: "user", id: next.user }, next.token),
    ).rejects.toMatchObject({ code: "seat_limit_reached" });
    expect(await members()).toHaveLength(SEATS);
  });

  it("are taken once by one invitation that both accept many times at once", async () => {
    const { invited, members } = await invite("one", 1);
    const told = JSON.stringify(Array(GUESTS / 2).fill(invited[0]));
    const seen = await race<Seen>(CHILD, url, [told, told]);
    expect(seen.flatMap(({ joined }) => joined)).toEqual(["one 0"]);
    expect(seen.flatMap(({ refused }) => refused)).toEqual(Array(GUESTS - 1).fill("invitation_used"));
    expect(await members()).toHaveLength(2);
  });
});
