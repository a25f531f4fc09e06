// `npm run sim -- [options]`: the simulation against its independent auditor, from a fresh clone on.
import "./node-version.mjs";
import { ensureInstalled, runTool } from "./bootstrap.mjs";

await ensureInstalled();
process.exitCode = await runTool("tsx", ["test/simulation/main.ts", ...process.argv.slice(2)]);
