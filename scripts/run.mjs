// Makes sure the tools are installed, then runs one of them: `node scripts/run.mjs biome check --write`.
import "./node-version.mjs";
import { ensureInstalled, runTool } from "./bootstrap.mjs";

const [tool, ...args] = process.argv.slice(2);
await ensureInstalled();
process.exitCode = await runTool(tool, args);
