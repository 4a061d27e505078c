// telephone is the link that calls a number.
export const telephone = (number: string) => `tel:${number.replace(/[^+\d]/g, "")}`;
