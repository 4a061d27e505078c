import type { ContactPoint } from "koppi-contract/koppi/common/v1/contact_point_pb";
import type { Party } from "koppi-contract/koppi/common/v1/party_pb";
import { addTexts, useLanguage, useTexts } from "../app/language";
import texts from "../texts/contact.json";
import { hoursOf } from "./hours";
import { telephone } from "./phone";
import "./contact.css";

addTexts("contact", texts);

const same = (a: Party | undefined, b: Party, worker: string) => a?.agency === b.agency && a.unit === b.unit && a.worker === worker;

// contactOf returns how to reach a party: the worker, or else the unit. An agency named alone is reached
// through its intake unit, and its contact names that unit.
export function contactOf(contacts: ContactPoint[], party: Party | undefined): ContactPoint | undefined {
  if (!party?.agency) return undefined;
  return contacts.find((one) => same(one.party, party, party.worker)) ?? contacts.find((one) => same(one.party, party, ""))
    ?? (party.unit ? undefined : contacts.find((one) => one.party?.agency === party.agency && !one.party.worker));
}

// useTitleOf returns a function that gives a worker's title in the user's language.
export function useTitleOf() {
  const [language] = useLanguage();
  return (contact: ContactPoint | undefined) => contact?.titles[language] ?? contact?.titles.fi ?? "";
}

interface Props { contacts: ContactPoint[]; party: Party | undefined }

// Contact is the title of a worker, and the telephone number of a worker or unit with its hours.
export function Contact({ contacts, party }: Props) {
  const t = useTexts("contact"), [language] = useLanguage(), titleOf = useTitleOf(), contact = contactOf(contacts, party);
  const title = titleOf(contact), hours = contact && hoursOf(contact.phoneHours, language);
  if (!title && !contact?.phone) return null;
  return (
    <p className="contact">
      {title && <span dir="auto">{title}</span>}
      {contact?.phone && <span>
        <a href={telephone(contact.phone)} data-call={contact.party?.worker ? "worker" : "unit"}>{t("call", { phone: contact.phone })}</a>
        {hours && <span className="quiet"> {hours}</span>}
      </span>}
    </p>
  );
}
