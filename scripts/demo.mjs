// `npm run demo -- [options]`: the demo of the command line tool, from a fresh clone on.
import "./node-version.mjs";
import { ensureBuilt, ensureInstalled, runNode } from "./bootstrap.mjs";

await ensureInstalled();
await ensureBuilt();
process.exitCode = await runNode(["dist/cli/main.js", "demo", ...process.argv.slice(2)]);
