// A lock between processes: a directory (its creation is atomic) that its holder touches every second.
// It is stale when its processes are gone from this host, or when nobody has touched it for STALE_MS. The holder names
// the commands it starts too, as they may outlive it: while one runs, the lock is stale only after ABANDONED_MS.
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";

const TOUCH_MS = 1_000;
const STALE_MS = 15_000;
const ABANDONED_MS = 600_000;
const POLL_MS = 200;

/**
 * Runs `work` while holding the lock at `directory`; others wait for their turn, however long it takes. `work` is
 * given a function to name the command that it started last.
 *
 * @param {string} directory
 * @param {{ onWait: (holder: string) => void }} options
 * @param {(nameCommand: (pid: number) => void) => Promise<void>} work
 */
export async function withLock(directory, { onWait }, work) {
  mkdirSync(dirname(directory), { recursive: true });
  await acquire(directory, onWait);
  const touching = setInterval(() => touch(directory), TOUCH_MS);
  const release = () => {
    if (isHeldByThisProcess(directory)) remove(directory);
  };
  process.once("exit", release);
  try {
    await work((pid) => writeHolder(directory, [pid]));
  } finally {
    clearInterval(touching);
    process.off("exit", release);
    release();
  }
}

async function acquire(directory, onWait) {
  let seen = { mark: "", since: performance.now() };
  let announced = false;
  while (!tryCreate(directory)) {
    const mark = markOf(directory);
    if (mark !== seen.mark) seen = { mark, since: performance.now() };
    if (performance.now() - seen.since > patienceWith(readHolder(directory))) {
      recover(directory, mark);
      continue;
    }
    if (!announced) onWait(describeHolder(directory));
    announced = true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

// The lock is prepared aside and renamed into place, so that it never exists without naming its holder.
function tryCreate(directory) {
  const prepared = `${directory}.${hostname()}-${process.pid}`;
  rmSync(prepared, { recursive: true, force: true });
  mkdirSync(prepared);
  writeHolder(prepared, []);
  try {
    renameSync(prepared, directory);
    return true;
  } catch (error) {
    rmSync(prepared, { recursive: true, force: true });
    if (error.code === "ENOTEMPTY" || error.code === "EEXIST" || existsSync(directory)) return false;
    throw error;
  }
}

// Only one process at a time may remove a stale lock, and only the one it looked at: otherwise two that wait
// could remove each other's fresh lock.
function recover(directory, mark) {
  const recovery = `${directory}.recovery`;
  try {
    mkdirSync(recovery);
  } catch {
    const age = Date.now() - (statSync(recovery, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > STALE_MS) rmSync(recovery, { recursive: true, force: true });
    return;
  }
  try {
    if (markOf(directory) === mark) remove(directory);
  } finally {
    rmSync(recovery, { recursive: true, force: true });
  }
}

// Renamed before it is emptied: an empty directory in its place would let another process in halfway.
function remove(directory) {
  const removed = `${directory}.${hostname()}-${process.pid}-removed`;
  try {
    renameSync(directory, removed);
  } catch (error) {
    if (error.code === "ENOENT") return;
    throw error;
  }
  rmSync(removed, { recursive: true, force: true });
}

function markOf(directory) {
  const stat = statSync(join(directory, "holder.json"), { throwIfNoEntry: false });
  return stat ? `${stat.ino} ${stat.mtimeMs}` : "";
}

/** How long a lock may stand untouched before it is taken from its holder. */
function patienceWith(holder) {
  if (holder === undefined || holder.host !== hostname()) return STALE_MS;
  if (holder.commands?.some(isRunning)) return ABANDONED_MS;
  return holder.pid !== process.pid && isRunning(holder.pid) ? STALE_MS : -1;
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== "ESRCH";
  }
}

function isHeldByThisProcess(directory) {
  const holder = readHolder(directory);
  return holder?.host === hostname() && holder.pid === process.pid;
}

function describeHolder(directory) {
  const holder = readHolder(directory);
  return holder === undefined ? "another process" : `process ${holder.pid}`;
}

function readHolder(directory) {
  try {
    return JSON.parse(readFileSync(join(directory, "holder.json"), "utf8"));
  } catch {
    return undefined;
  }
}

function writeHolder(directory, commands) {
  const holder = { pid: process.pid, host: hostname(), commands };
  writeFileSync(join(directory, "holder.json"), JSON.stringify(holder));
}

function touch(directory) {
  const now = new Date();
  try {
    utimesSync(join(directory, "holder.json"), now, now);
  } catch {
    // Recovered by another process after this one stood still for long; its work is redone, nothing is lost.
  }
}
