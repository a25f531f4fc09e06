// `npm run build`: dist/ from src/, if anything changed since it was last built.
import "./node-version.mjs";
import { ensureBuilt, ensureInstalled } from "./bootstrap.mjs";

await ensureInstalled();
await ensureBuilt();
