// `npm run check`: format, lint, types, unused code and the import rule. All of them run, even after one fails.
import "./node-version.mjs";
import { ensureInstalled, runTool, say } from "./bootstrap.mjs";

const CHECKS = [
  ["format and lint", "biome", ["check", "--error-on-warnings"]],
  ["types", "tsc", ["--noEmit"]],
  ["unused files, exports and dependencies", "knip", []],
  ["import rule", "vitest", ["run", "test/architecture.test.ts"]],
];

await ensureInstalled();
const failed = [];
for (const [name, tool, args] of CHECKS) {
  say(`Checking ${name}…`);
  if ((await runTool(tool, args)) !== 0) failed.push(name);
}
say(failed.length === 0 ? "All checks passed." : `Failed: ${failed.join("; ")}.`);
process.exitCode = failed.length === 0 ? 0 : 1;
