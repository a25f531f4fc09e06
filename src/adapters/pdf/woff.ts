// WOFF is a font whose tables are deflated each on its own. The font library inflates a table whenever it looks into it,
// which made up nine tenths of the time of a document; so they are inflated once, here.

import { inflateSync } from "node:zlib";

const WOFF_SIGNATURE = "wOFF";
const WOFF_HEADER = 44;
const WOFF_ENTRY = 20;
const FONT_HEADER = 12;
const FONT_ENTRY = 16;

/** A font file as the plain font in it; what is no WOFF is returned as it is. */
export function plainFont(file: Buffer): Buffer {
  if (file.toString("latin1", 0, 4) !== WOFF_SIGNATURE) return file;
  const count = file.readUInt16BE(12);
  const head = Buffer.alloc(FONT_HEADER + count * FONT_ENTRY);
  file.copy(head, 0, 4, 8);
  writeSearchHints(head, count);
  const tables: Buffer[] = [];
  let offset = head.length;
  for (let index = 0; index < count; index += 1) {
    const entry = WOFF_HEADER + index * WOFF_ENTRY;
    const table = tableAt(file, entry);
    const at = FONT_HEADER + index * FONT_ENTRY;
    file.copy(head, at, entry, entry + 4);
    head.writeUInt32BE(file.readUInt32BE(entry + 16), at + 4);
    head.writeUInt32BE(offset, at + 8);
    head.writeUInt32BE(table.length, at + 12);
    const padding = Buffer.alloc(-table.length & 3);
    tables.push(table, padding);
    offset += table.length + padding.length;
  }
  return Buffer.concat([head, ...tables]);
}

function tableAt(file: Buffer, entry: number): Buffer {
  const offset = file.readUInt32BE(entry + 4);
  const length = file.readUInt32BE(entry + 8);
  const stored = file.subarray(offset, offset + length);
  return length < file.readUInt32BE(entry + 12) ? inflateSync(stored) : stored;
}

/** The largest power of two of tables, for readers that halve their way to one. */
function writeSearchHints(head: Buffer, count: number): void {
  const power = Math.floor(Math.log2(count));
  head.writeUInt16BE(count, 4);
  head.writeUInt16BE(2 ** power * FONT_ENTRY, 6);
  head.writeUInt16BE(power, 8);
  head.writeUInt16BE((count - 2 ** power) * FONT_ENTRY, 10);
}
