// The same script in two processes at once.

import { spawn } from "node:child_process";
import { once } from "node:events";

/**
 * Runs a script in two processes, set off at the same moment, and tells what each of them saw. A script is called with the
 * database's address and a name, `one` or `two`; it prints a line when it is ready, waits for a line, and prints what it
 * saw then as JSON.
 *
 * @param told the line for each.
 */
export async function race<Seen>(
  script: string,
  url: string,
  told: readonly [string, string] = ["go", "go"],
): Promise<Seen[]> {
  const children = ["one", "two"].map((name) => {
    const child = spawn(process.execPath, ["--import", "tsx", script, url, name], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    let printed = "";
    const ready = once(child.stdout, "data");
    child.stdout.on("data", (data: Buffer) => {
      printed += data.toString();
    });
    return { child, ready, printed: () => printed };
  });
  try {
    await Promise.all(children.map(({ ready }) => ready));
    for (const [index, { child }] of children.entries()) child.stdin.write(`${told[index]}\n`);
    await Promise.all(children.map(({ child }) => once(child, "close")));
    return children.map(({ printed }) => JSON.parse(printed().split("\n")[1] ?? "") as Seen);
  } finally {
    for (const { child } of children) child.kill("SIGKILL");
  }
}
