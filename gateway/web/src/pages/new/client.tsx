import type { MessageInitShape } from "@bufbuild/protobuf";
import { Dropdown, DropdownItem } from "suomifi-ui-components";

import type { ClientSchema } from "koppi-contract/koppi/common/v1/party_pb";
import { useLanguage, useTexts, type Language } from "../../app/language";
import { text, type Drawn, type Field, type Values } from "../../ui/form/fields";
import { hasCodeForm, isIdentityCode } from "../../ui/form/identitycode";
import { dayKey } from "../../ui/dates";
import { municipalityOf } from "./municipality";
import type { Origin } from "./origin";

// The most frequent service languages, and the most common others.
const served = ["fi", "sv", "en"] as const;
const others = ["se", "ru", "et", "ar", "so", "uk", "fa", "ku", "sq", "vi", "zh", "th", "es", "tr", "fr", "de"];

// noClient returns the initial values. The language of service is that of the page until the user
// chooses another; the preview shows it.
export const noClient = (language: Language): Values => ({
  nameOnly: false, code: "", language: language === "sv" ? "sv" : "fi", municipality: "",
});

const isKnown = (origin: Origin | undefined) => Boolean(origin?.clientId);
const byName = ({ nameOnly }: Values) => nameOnly === true;

// interpreterFields ask whether the client needs an interpreter, and into which language.
const interpreterFields: Field[] = [
  { kind: "check", name: "interpreterNeeded", label: "interpreterNeeded", of: ["client.interpreter"] },
  {
    kind: "drawn", name: "interpreter", label: "interpreter", required: true, of: ["client.interpreter"], missing: "missingInterpreter",
    when: ({ interpreterNeeded }) => interpreterNeeded === true,
    draw: (drawn) => <OtherLanguage {...drawn} label="interpreter" of={[...others, ...served]} />,
  },
];

// clientFields ask for the client: by identity code, or by known details. A matter that follows
// from another has the client already.
export function clientFields(origin: Origin | undefined, now: Date, values: Values, interpreter = false): Field[] {
  if (isKnown(origin)) return [];
  const today = dayKey(now), nameOnly: Field = { kind: "check", name: "nameOnly", label: "nameOnly" };
  const language: Field[] = [
    {
      kind: "options", name: "language", label: "clientLanguage", required: true, of: ["client.language"],
      options: [...served.map((one) => ({ value: one, label: `language_${one}` })), { value: "other", label: "languageOther" }],
    },
    {
      kind: "drawn", name: "languageTag", label: "whichLanguage", required: true, of: ["client.language"], missing: "missingLanguage",
      when: (given) => given.language === "other", draw: (drawn) => <OtherLanguage {...drawn} label="whichLanguage" of={others} />,
    },
  ];
  const interpreted = interpreter ? interpreterFields : [];
  const contact: Field[] = [
    { kind: "line", name: "phone", label: "phone", of: ["client.details.phones"], malformed: "malformedPhone" },
    {
      kind: "check", name: "nonDisclosure", label: "nonDisclosure", hint: "nonDisclosureHint", of: ["client.details.non_disclosure"],
      when: (given) => text(given, "phone") !== "",
    },
  ];
  if (byName(values)) return [
    nameOnly, ...language, ...interpreted, { kind: "note", name: "unlinked", label: "nameOnly", text: "nameOnlyHint" },
    {
      kind: "line", name: "familyName", label: "familyName", required: true, of: ["client.details.family_name", "client"],
      missing: "missingFamilyName",
    },
    { kind: "line", name: "givenNames", label: "givenNames", of: ["client.details.given_names"] },
    { kind: "day", name: "birthDate", label: "birthDate", of: ["client.details.birth_date"], from: "1900-01-01", until: today },
    ...contact,
  ];
  return [
    {
      kind: "line", name: "code", label: "code", required: true, of: ["client.personal_identity_code", "client"], missing: "missingCode",
      verify: (value) => (isIdentityCode(value, today) ? undefined : hasCodeForm(value) ? "codeWrong" : "codeForm"),
    },
    ...language, nameOnly, ...interpreted, ...contact,
  ];
}

// Languages are named in the reader's language; the browser knows all names.
function OtherLanguage({ id, value, change, wrong, label, of }: Drawn & { label: "whichLanguage" | "interpreter"; of: string[] }) {
  const t = useTexts("new"), form = useTexts("form"), [language] = useLanguage();
  const names = new Intl.DisplayNames([language], { type: "language" });
  return (
    <Dropdown id={id} labelText={t(label)} visualPlaceholder={form("choose")} value={value ? String(value) : null}
      onChange={change} status={wrong ? "error" : "default"} statusText={wrong} fullWidth>
      {of.map((one) => <DropdownItem key={one} value={one}>{names.of(one) ?? one}</DropdownItem>)}
    </Dropdown>
  );
}

export const clientLanguage = (values: Values, origin?: Origin) =>
  origin?.language || (values.language === "other" ? text(values, "languageTag") : text(values, "language"));

// interpreterOf returns the language into which is interpreted for the client; empty if no interpreter is needed.
export const interpreterOf = (values: Values, origin?: Origin) =>
  origin?.interpreter || (values.interpreterNeeded === true ? text(values, "interpreter") : "");

export function makeClient(values: Values, origin?: Origin): MessageInitShape<typeof ClientSchema> {
  const language = clientLanguage(values, origin), interpreter = interpreterOf(values, origin);
  if (isKnown(origin)) return { identity: { case: "clientId", value: origin!.clientId }, language, interpreter };
  const phone = text(values, "phone"), municipality = municipalityOf(values);
  const contact = { phones: phone ? [phone] : [], municipality, nonDisclosure: phone !== "" && values.nonDisclosure === true };
  if (byName(values)) return { language, interpreter, details: {
    ...contact, familyName: text(values, "familyName"), givenNames: text(values, "givenNames"), birthDate: text(values, "birthDate"),
  } };
  const code = text(values, "code").toUpperCase();
  return {
    language, interpreter, identity: code ? { case: "personalIdentityCode", value: code } : { case: undefined },
    details: phone || municipality ? contact : undefined,
  };
}

// An identity code has 11 characters; a shorter input is not checked.
export const clientGiven = (values: Values, origin?: Origin) => isKnown(origin) || (!byName(values) && text(values, "code").length === 11);

// useClientName returns the client as typed, with the telephone number that is sent.
export function useClientName() {
  const t = useTexts("new");
  return (values: Values, origin?: Origin) => {
    if (isKnown(origin)) return t("sameClient");
    const phone = text(values, "phone"), names = [text(values, "givenNames"), text(values, "familyName")].filter(Boolean).join(" ");
    return [byName(values) ? names : text(values, "code").toUpperCase(), phone].filter(Boolean).join(", ");
  };
}
