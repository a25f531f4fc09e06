// Reads exports back with other people's readers.

import { parse } from "csv-parse/sync";
import { getDocument } from "pdfjs-dist/legacy/build/pdf.mjs";

export interface ReadPage {
  readonly width: number;
  readonly height: number;
  /** Without blanks: lines are wrapped, and faces change inside words. */
  readonly text: string;
  readonly pieces: readonly {
    readonly text: string;
    readonly x: number;
    readonly y: number;
    readonly width: number;
  }[];
}

export async function readPdf(bytes: Uint8Array): Promise<ReadPage[]> {
  const task = getDocument({ data: new Uint8Array(bytes), verbosity: 0, isEvalSupported: false });
  const pdf = await task.promise;
  const pages: ReadPage[] = [];
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const page = await pdf.getPage(number);
    const [, , width = 0, height = 0] = page.view;
    const { items } = await page.getTextContent();
    const pieces = items.flatMap((item) =>
      "str" in item
        ? [{ text: item.str, x: Number(item.transform[4]), y: Number(item.transform[5]), width: item.width }]
        : [],
    );
    pages.push({ width, height, pieces, text: squeezed(pieces.map(({ text }) => text).join("")) });
  }
  await task.destroy();
  return pages;
}

/** Everything in a PDF that a viewer would act on: scripts, links, forms, attachments. */
export async function actionsIn(bytes: Uint8Array): Promise<unknown[]> {
  const task = getDocument({ data: new Uint8Array(bytes), verbosity: 0, isEvalSupported: false });
  const pdf = await task.promise;
  const first = await pdf.getPage(1);
  const found: unknown[] = [await pdf.getJSActions(), await pdf.getOpenAction(), await pdf.getAttachments()];
  found.push(await pdf.getFieldObjects(), await first.getJSActions(), ...(await first.getAnnotations()));
  await task.destroy();
  return found.filter((action) => action !== null && action !== undefined);
}

/** What a reader of the page sees, without blanks, and without its style. */
export function htmlText(html: string): string {
  const plain = html
    .replace(/<style>[\s\S]*?<\/style>/, "")
    .replace(/<[^>]*>/g, "")
    .replace(/&(lt|gt|quot|#39|amp);/g, (entity) => ENTITIES[entity] ?? entity);
  return squeezed(plain);
}

export function readCsv(csv: string): Record<string, string>[] {
  return parse(csv, { columns: true });
}

export function squeezed(text: string): string {
  return text.replace(/\s+/gu, "");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
  "&amp;": "&",
};
