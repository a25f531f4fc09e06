// `npm test -- [filter or options]`: every test, from a fresh clone on.
import "./node-version.mjs";
import { ensureBuilt, ensureInstalled, runTool } from "./bootstrap.mjs";

await ensureInstalled();
await ensureBuilt();
process.exitCode = await runTool("vitest", ["run", ...process.argv.slice(2)]);
