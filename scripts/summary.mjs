// `node scripts/summary.mjs RESULTS.json`: one closing line from vitest's own report; fails when no test ran.
import { existsSync, readFileSync } from "node:fs";

const [file] = process.argv.slice(2);
const report = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
const passed = report.numPassedTests ?? 0;
const failed = report.numFailedTests ?? 0;
const brokenFiles = (report.testResults ?? []).filter(
  ({ status, assertionResults }) =>
    status === "failed" && assertionResults.every((test) => test.status !== "failed"),
).length;

console.log(`${passed} passed, ${failed + brokenFiles} failed`);
process.exitCode = passed + failed > 0 && failed + brokenFiles === 0 ? 0 : 1;
