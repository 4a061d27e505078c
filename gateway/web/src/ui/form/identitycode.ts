// The check of a Finnish personal identity code, as the services make it (pkg/idcode): form, date,
// individual number and check character.
const checkCharacters = "0123456789ABCDEFHJKLMNPRSTUVWXY";
const form = /^(\d\d)(\d\d)(\d\d)([-+A-FU-Y])(\d{3})([0-9A-Y])$/;

// hasCodeForm reports whether a text has the form of a code, whatever its digits are.
export const hasCodeForm = (text: string) => /^[\x20-\x7e]*$/.test(text) && form.test(text.toUpperCase());

// isIdentityCode reports whether a text is a valid code of a person born by a day, YYYY-MM-DD.
export function isIdentityCode(text: string, today: string): boolean {
  if (!hasCodeForm(text)) return false;
  const [, day, month, year, sign, number, check] = form.exec(text.toUpperCase())!;
  const century = sign === "+" ? 18 : /[-U-Y]/.test(sign!) ? 19 : 20, born = `${century}${year}-${month}-${day}`;
  const date = new Date(`${born}T00:00:00Z`);
  const real = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(born);
  return real && born <= today && Number(number) >= 2 && checkCharacters[Number(`${day}${month}${year}${number}`) % 31] === check;
}

// holdsIdentityCode reports whether a free text contains a code. The services find more disguised
// ones and refuse them.
export const holdsIdentityCode = (text: string) =>
  (text.match(/(?<!\d)\d{6}[-+A-Fa-fU-Yu-y]\d{3}[0-9A-Ya-y](?![0-9A-Za-z])/g) ?? []).some((code) => isIdentityCode(code, "9999-12-31"));
