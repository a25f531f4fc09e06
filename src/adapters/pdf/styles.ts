import type { TextStyle } from "./typesetter.ts";

export const INK = "#16202c";
export const ACCENT = "#1f4f8f";
export const HAIR = "#d9dee5";
const SOFT = "#5b6776";

export const TITLE: TextStyle = { size: 26, weight: "strong", colour: INK };
export const BODY: TextStyle = { size: 9.5, weight: "regular", colour: INK };
export const NUMBER: TextStyle = { ...BODY, isNumeric: true };
export const STRONG: TextStyle = { size: 10.5, weight: "strong", colour: INK };
export const STRONG_NUMBER: TextStyle = { ...STRONG, isNumeric: true };
export const SMALL: TextStyle = { size: 8, weight: "regular", colour: SOFT };
export const CAPTION: TextStyle = { size: 7, weight: "strong", colour: SOFT };
