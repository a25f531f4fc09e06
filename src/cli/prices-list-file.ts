import { BillingError } from "../kernel/index.ts";
import { inspectInput, openInput } from "./input-bytes.ts";

/** Far above any price list: what is larger is another file, or one made to fill the memory. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * The text of a price list: a file or, as `-`, the standard input; gzip or not.
 *
 * @throws BillingError not_found `file_not_found`, invalid_input `file_unreadable`, `corrupt_gzip`, `invalid_price_list`.
 */
export async function readPriceListFile(path: string): Promise<string> {
  inspectInput(path);
  const input = openInput(path, new AbortController().signal);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of input.chunks) {
      size += chunk.length;
      if (size > MAX_BYTES) throw unfit(path, "is larger than 64 MiB");
      chunks.push(chunk);
    }
  } finally {
    input.close();
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw unfit(path, "is not UTF-8 text");
  }
}

function unfit(path: string, what: string): BillingError {
  const details = { field: "file", file: path };
  return new BillingError("invalid_input", "invalid_price_list", `${path} ${what}`, { details });
}
