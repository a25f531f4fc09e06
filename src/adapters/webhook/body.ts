import type { OutgoingCall } from "../../domain/notifications/index.ts";

const DISCORD_LENGTH = 2_000;

/** What an address is sent: Slack and Discord take a line in a form of their own, any other the event. */
export function bodyFor(url: URL, { event, line }: Pick<OutgoingCall, "event" | "line">): string {
  const { hostname, pathname } = url;
  if (hostname === "hooks.slack.com") return JSON.stringify({ text: slackText(line) });
  const isDiscord = /^([a-z]+\.)?(discord|discordapp)\.com$/.test(hostname);
  if (isDiscord && pathname.startsWith("/api/webhooks/")) {
    // A name like "@everyone" notifies nobody.
    return JSON.stringify({
      content: line.slice(0, DISCORD_LENGTH).toWellFormed(),
      allowed_mentions: { parse: [] },
    });
  }
  return JSON.stringify(event);
}

/** Slack reads `<!channel>` and `<url|text>` as commands, unless these three are escaped. */
function slackText(line: string): string {
  return line.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
