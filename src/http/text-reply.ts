import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import type { FileReply, TextStream } from "./route.ts";

/**
 * Sends text while it is made. The first part is made before anything is sent, so that what fails at once is answered
 * with its status; what fails later breaks the connection, which no reader takes for the end.
 */
export async function sendText(
  reply: FastifyReply,
  { type, headers, source }: TextStream,
): Promise<FastifyReply> {
  const first = await source.next();
  return reply
    .code(200)
    .headers(headers)
    .type(type)
    .send(Readable.from(parts(first, source)));
}

/** Sends a file. Its name is the server's own, so it needs no quoting. */
export function sendFile(reply: FastifyReply, { file, headers }: FileReply): FastifyReply {
  return reply
    .code(200)
    .headers({ ...headers, "content-disposition": `inline; filename="${file.filename}"` })
    .type(file.contentType)
    .send(Buffer.from(file.content));
}

async function* parts(
  first: IteratorResult<string>,
  source: AsyncIterator<string>,
): AsyncGenerator<string, void, undefined> {
  try {
    for (let part = first; part.done !== true; part = await source.next()) yield part.value;
  } finally {
    // A reader that went away wants no more of it.
    await source.return?.();
  }
}
