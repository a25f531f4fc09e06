// Logos are bytes of callers that other programs will decode, so they are looked at before they are embedded.

import { inflateSync } from "node:zlib";
import { invalidInput } from "../../../kernel/index.ts";

const MAX_BYTES = 1_048_576;
const MAX_SIDE = 4096;
const PNG_START = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const PNG_CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/**
 * Returns the media type of a logo.
 *
 * @throws BillingError invalid_input `invalid_logo` for what is no PNG or JPEG, above 1 MiB, with a side above 4,096 pixels,
 *   interlaced, or damaged.
 */
export function logoType(logo: Uint8Array): "image/png" | "image/jpeg" {
  if (!(logo instanceof Uint8Array)) throw invalidLogo("must be the bytes of a PNG or JPEG file");
  if (logo.length > MAX_BYTES) throw invalidLogo("has more than 1 MiB: send a smaller image");
  if (PNG_START.every((byte, index) => logo[index] === byte)) {
    checkPng(Buffer.from(logo.buffer, logo.byteOffset, logo.byteLength));
    return "image/png";
  }
  if (logo[0] === 0xff && logo[1] === 0xd8) {
    checkJpeg(Buffer.from(logo.buffer, logo.byteOffset, logo.byteLength));
    return "image/jpeg";
  }
  throw invalidLogo("must be the bytes of a PNG or JPEG file");
}

function checkPng(png: Buffer): void {
  const parts: Buffer[] = [];
  let [palette, ended] = [false, false];
  for (let at = PNG_START.length; at + 12 <= png.length && !ended; ) {
    const length = png.readUInt32BE(at);
    const type = png.toString("latin1", at + 4, at + 8);
    if (at + 12 + length > png.length) throw invalidLogo("is cut short");
    if (type === "IDAT") parts.push(png.subarray(at + 8, at + 8 + length));
    palette ||= type === "PLTE" && length > 0 && length <= 768 && length % 3 === 0;
    ended = type === "IEND";
    at += 12 + length;
  }
  if (!ended || png.length < 33 || png.toString("latin1", 12, 16) !== "IHDR") throw invalidLogo("is damaged");
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const [bits, colour, , , interlaced] = png.subarray(24, 29);
  checkSides(width, height);
  const channels = PNG_CHANNELS[colour ?? -1];
  if (channels === undefined || ![1, 2, 4, 8, 16].includes(bits ?? 0)) throw invalidLogo("is damaged");
  if (colour === 3 && !palette) throw invalidLogo("is damaged");
  if (interlaced !== 0) throw invalidLogo("is interlaced: save it without");
  const rowBytes = 1 + Math.ceil((width * channels * (bits ?? 0)) / 8);
  checkPixels(Buffer.concat(parts), rowBytes, height);
}

/** Every row is there and begins with a known filter: what decoders stumble over. */
function checkPixels(packed: Buffer, rowBytes: number, height: number): void {
  let pixels: Buffer;
  try {
    pixels = inflateSync(packed, { maxOutputLength: rowBytes * height });
  } catch {
    throw invalidLogo("is damaged");
  }
  if (pixels.length !== rowBytes * height) throw invalidLogo("is cut short");
  for (let at = 0; at < pixels.length; at += rowBytes)
    if ((pixels[at] ?? 5) > 4) throw invalidLogo("is damaged");
}

/** Finds the frame header, which says the size; other compressions than the usual two are for special devices. */
function checkJpeg(jpeg: Buffer): void {
  for (let at = 2; at + 9 < jpeg.length; ) {
    if (jpeg[at] !== 0xff) break;
    const marker = jpeg[at + 1] ?? 0;
    if (marker >= 0xc0 && marker <= 0xc2) {
      const components = jpeg[at + 9];
      if (jpeg[at + 4] !== 8 || (components !== 1 && components !== 3 && components !== 4)) break;
      checkSides(jpeg.readUInt16BE(at + 7), jpeg.readUInt16BE(at + 5));
      return;
    }
    at += 2 + jpeg.readUInt16BE(at + 2);
  }
  throw invalidLogo("is damaged");
}

function checkSides(width: number, height: number): void {
  if (width === 0 || height === 0 || width > MAX_SIDE || height > MAX_SIDE)
    throw invalidLogo(`must have sides of 1 to ${MAX_SIDE} pixels`);
}

function invalidLogo(reason: string): Error {
  return invalidInput("seller.logo", "invalid_logo", `seller.logo ${reason}`);
}
