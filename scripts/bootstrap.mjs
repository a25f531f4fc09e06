// What every npm script stands on: dependencies installed and dist/ built, once, and again only after a change.
// Plain Node without dependencies, as it runs before anything is installed. It speaks on stderr only.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { withLock } from "./lock.mjs";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const CACHE = join(ROOT, ".cache");
const LOCK = join(CACHE, "bootstrap.lock");
const MODULES = join(ROOT, "node_modules");
const DIST = join(ROOT, "dist");
const INSTALL_STAMP = join(MODULES, ".aragora-install");
const BUILD_STAMP = join(DIST, ".aragora-build");
const BUNDLE = join("scripts", "bundle.mjs");
const EXECUTABLE = join("cli", "main.js");

/** Installs the locked dependencies, unless they are there already for this version of Node. */
export async function ensureInstalled() {
  await ensure(INSTALL_STAMP, installHash(), async (stamp, nameCommand) => {
    if (installedByHand() && (await nativeModulesLoad())) return stamp();
    say("Installing dependencies (first run, about a minute)…");
    const [npm, args] = npmCommand();
    await runQuietly(npm, [...args, "ci", "--include=dev", "--no-audit", "--no-fund"], "npm ci", nameCommand);
    if (!(await nativeModulesLoad())) {
      fail("better-sqlite3 was installed but does not load: does npm run install scripts (ignore-scripts)?");
    }
    stamp();
  });
}

/** Compiles src/ into dist/, unless dist/ already is what src/ compiles to. */
export async function ensureBuilt() {
  await ensure(BUILD_STAMP, buildHash(), async (stamp, nameCommand) => {
    say("Building…");
    const next = join(CACHE, "next-dist");
    const previous = join(CACHE, "previous-dist");
    for (const folder of [next, previous]) rmSync(folder, { recursive: true, force: true });
    const declare = [toolPath("tsc"), "-p", "tsconfig.build.json", "--outDir", next];
    await runQuietly(process.execPath, declare, "tsc", nameCommand);
    await runQuietly(process.execPath, [BUNDLE, next], "esbuild", nameCommand);
    correctSourceMaps(next);
    chmodSync(join(next, EXECUTABLE), 0o755);
    stamp(join(next, basename(BUILD_STAMP)));
    if (existsSync(DIST)) renameSync(DIST, previous);
    renameSync(next, DIST);
    rmSync(previous, { recursive: true, force: true });
  });
}

/** Runs a tool of node_modules/.bin from the root folder and returns its exit code. */
export function runTool(name, args) {
  return runNode([toolPath(name), ...args]);
}

/** Runs Node on the arguments from the root folder, in this terminal, and returns its exit code. */
export async function runNode(args) {
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: "inherit" });
  // Ctrl-C reaches the child by itself; this process only has to outlive it.
  const forward = (signal) => child.kill(signal);
  process.on("SIGINT", () => {});
  process.on("SIGTERM", forward);
  const { code, signal } = await ended(child);
  process.off("SIGTERM", forward);
  return code ?? (signal === "SIGINT" ? 130 : 143);
}

export function say(message) {
  process.stderr.write(`${message}\n`);
}

// A stamp is written last, so half-finished work has none and is done again.
async function ensure(stampFile, hash, work) {
  const isDone = () => existsSync(stampFile) && readFileSync(stampFile, "utf8") === hash;
  if (isDone()) return;
  const onWait = (holder) => say(`Waiting for ${holder}, which is installing or building here…`);
  await withLock(LOCK, { onWait }, async (nameCommand) => {
    if (isDone()) return;
    await work((file = stampFile) => writeFileSync(file, hash), nameCommand);
  });
}

function installHash() {
  const { platform, arch, versions } = process;
  return hashOf([["node", `${platform} ${arch} ${versions.modules}`], ...contents(["package-lock.json"])]);
}

function buildHash() {
  const sources = readdirSync(join(ROOT, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
    .sort();
  return hashOf(contents([...sources, "package-lock.json", "tsconfig.json", "tsconfig.build.json", BUNDLE]));
}

function contents(files) {
  return files.map((file) => [file, readFileSync(join(ROOT, file))]);
}

function hashOf(entries) {
  const hash = createHash("sha256");
  for (const [name, content] of entries) hash.update(`${name}\0${content.length}\0`).update(content);
  return hash.digest("hex");
}

// npm writes node_modules/.package-lock.json when an installation is complete. One made with plain `npm ci` or
// `npm install` is taken over when it holds exactly what package-lock.json asks for.
function installedByHand() {
  const lockFile = join(MODULES, ".package-lock.json");
  if (!existsSync(lockFile)) return false;
  const installed = JSON.parse(readFileSync(lockFile, "utf8")).packages;
  const locked = Object.entries(JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")).packages);
  return locked.every(([path, { version, optional }]) => {
    if (path === "") return true;
    return path in installed ? installed[path].version === version : optional === true;
  });
}

// In a process of its own: a module compiled for another version of Node can end the process that loads it.
async function nativeModulesLoad() {
  const probe = 'new (require("better-sqlite3"))(":memory:").close()';
  const { code } = await ended(spawn(process.execPath, ["-e", probe], { cwd: ROOT, stdio: "ignore" }));
  return code === 0;
}

function npmCommand() {
  const running = process.env.npm_execpath;
  if (running !== undefined && basename(running) === "npm-cli.js") return [process.execPath, [running]];
  return ["npm", []];
}

function toolPath(name) {
  const owner = { tsc: "typescript", biome: "@biomejs/biome" }[name] ?? name;
  const { bin } = JSON.parse(readFileSync(join(MODULES, owner, "package.json"), "utf8"));
  return join(MODULES, owner, typeof bin === "string" ? bin : bin[name]);
}

// Compiled one folder deeper than dist/, a source map points one level too far up.
function correctSourceMaps(folder) {
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!name.endsWith(".map")) continue;
    const file = join(folder, name);
    const map = JSON.parse(readFileSync(file, "utf8"));
    map.sources = map.sources.map((source) => source.replace(/^\.\.\//, ""));
    writeFileSync(file, JSON.stringify(map));
  }
}

// Shows what the command printed only when it fails, and then ends this process too.
async function runQuietly(command, args, label, nameCommand) {
  const shell = command === "npm" && process.platform === "win32";
  const child = spawn(command, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"], shell });
  if (child.pid !== undefined) nameCommand(child.pid);
  const output = [];
  child.stdout.on("data", (chunk) => output.push(chunk));
  child.stderr.on("data", (chunk) => output.push(chunk));
  const stop = () => child.kill("SIGTERM");
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const { code, signal, error } = await ended(child);
  process.off("SIGINT", stop).off("SIGTERM", stop);
  if (code === 0) return;
  process.stderr.write(Buffer.concat(output));
  fail(`${label} failed (${error?.message ?? signal ?? `exit code ${code}`}).`);
}

function ended(child) {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ code: 1, signal: null, error }));
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
}

function fail(message) {
  say(message);
  process.exit(1);
}
