// Scripts that run from right to left: Hebrew, Arabic and their like.
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

// isolated is a name or a text that stands within a sentence. One that runs the other way
// keeps to itself, so that what follows it stays where it belongs (Unicode UAX 9, FSI and PDI).
// Where such a text is an element of its own, or is typed, the element says dir="auto".
export const isolated = (text: string) => (rightToLeft.test(text) ? `\u2068${text}\u2069` : text);
