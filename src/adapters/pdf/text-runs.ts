// A line of text as runs in the order they are drawn, left to right (UAX #9), each of one direction and one face.

import bidiModule, { type Bidi } from "bidi-js";
import { type Face, type Faces, hasGlyph, type Weight } from "./fonts.ts";

export interface TextRun {
  readonly text: string;
  readonly face: Face;
}

interface LevelRun {
  text: string;
  readonly face: Face;
  readonly level: number;
}

// Its types say that the function is a property; at run time the import is the function.
const bidi = (bidiModule as unknown as () => Bidi)();
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const STRONG_RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
const PLAIN = /^[\x20-\x7e]*$/;
const REPLACEMENT = "\ufffd";
/** What belongs to the character before it, whatever face has it too. */
const ATTACHED = /[\p{M}\s\u200c\u200d]/u;

export function textRuns(text: string, weight: Weight, faces: Faces): TextRun[] {
  const plainFace = faces.of("a", weight);
  if (plainFace !== undefined && PLAIN.test(text)) return text === "" ? [] : [{ text, face: plainFace }];
  const levels = RIGHT_TO_LEFT.test(text) ? bidi.getEmbeddingLevels(text, "auto").levels : undefined;
  const runs: LevelRun[] = [];
  let at = 0;
  for (const character of text) {
    const level = levels?.[at] ?? 0;
    at += character.length;
    const last = runs.at(-1);
    const mirrored = level % 2 === 1 ? (bidi.getMirroredCharacter(character) ?? character) : character;
    const stays = last !== undefined && ATTACHED.test(character) && hasGlyph(last.face, character);
    const face = stays ? last.face : faces.of(mirrored, weight);
    const shown = face === undefined ? REPLACEMENT : mirrored;
    const shownFace = face ?? faces.of(REPLACEMENT, weight);
    if (shownFace === undefined) continue;
    if (last !== undefined && last.face === shownFace && last.level === level) last.text += shown;
    else runs.push({ text: shown, face: shownFace, level });
  }
  return inVisualOrder(runs).map(({ text: logical, face, level }) => {
    const isRightToLeft = level % 2 === 1;
    // The shaper turns letters round by itself, and only those.
    const turned = isRightToLeft && !STRONG_RIGHT_TO_LEFT.test(logical);
    return { text: turned ? [...logical].reverse().join("") : logical, face };
  });
}

/** Rule L2: from the highest level down, what is at that level or above is reversed. */
function inVisualOrder(runs: readonly LevelRun[]): LevelRun[] {
  const ordered = [...runs];
  const highest = Math.max(0, ...runs.map(({ level }) => level));
  for (let level = highest; level >= 1; level -= 1) {
    for (let start = 0; start < ordered.length; start += 1) {
      let end = start;
      while (end < ordered.length && (ordered[end]?.level ?? 0) >= level) end += 1;
      ordered.splice(start, end - start, ...ordered.slice(start, end).reverse());
      start = Math.max(start, end);
    }
  }
  return ordered;
}
