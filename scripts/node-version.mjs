// Imported first by every script: an old Node gets one clear line instead of a syntax error further on.
const required = [20, 19];
const [major, minor] = process.versions.node.split(".").map(Number);

if (major < required[0] || (major === required[0] && minor < required[1])) {
  process.stderr.write(`Node ${required.join(".")} or newer is needed; this is ${process.versions.node}.\n`);
  process.exit(1);
}
