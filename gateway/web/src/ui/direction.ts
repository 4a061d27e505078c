// Scripts written from right to left: Hebrew, Arabic and related ones.
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

// isolated prepares a name or text for use within a sentence. Text of the other direction is
// isolated, so that it does not reorder what follows (Unicode UAX 9, FSI and PDI). An element or
// input that holds only such text uses dir="auto" instead.
export const isolated = (text: string) => (rightToLeft.test(text) ? `\u2068${text}\u2069` : text);
