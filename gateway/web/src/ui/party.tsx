import { useQuery } from "@connectrpc/connect-query";

import { CaseworkService, type Agency } from "koppi-contract/koppi/casework/v1/casework_pb";
import type { Party } from "koppi-contract/koppi/common/v1/party_pb";
import { useLanguage, useTexts, type Language } from "../app/language";
import { isolated } from "./direction";

// useDirectory returns the agencies, units and municipalities of the directory, and functions for their names.
export function useDirectory() {
  const [language] = useLanguage(), t = useTexts("shell");
  const { data } = useQuery(CaseworkService.method.getAgencies, {});
  const agencies = data?.agencies ?? [], municipalities = data?.municipalities ?? [];
  return {
    agencies, municipalities,
    agency: (key: string) => called(agencies.find(({ agency }) => agency === key)?.names, language, key),
    // The name that people use, such as "Kela", if there is one.
    shortAgency: (key: string) => {
      const { names, shortNames } = agencies.find(({ agency }) => agency === key) ?? {};
      return called(shortNames?.[language] ? shortNames : names, language, key);
    },
    // Only operators receive dutyPhone.
    dutyPhone: (key: string) => agencies.find(({ agency }) => agency === key)?.dutyPhone ?? "",
    // One that the directory does not name is known by its number.
    municipality: (code: string) => {
      const names = municipalities.find((one) => one.code === code)?.names ?? {};
      return names[language] ?? names.fi ?? t("municipalityNumber", { code });
    },
    unit: (agency: string, key: string) => called(unitOf(agencies, agency, key)?.names, language, key),
  };
}

const unitOf = (agencies: Agency[], agency: string, key: string) =>
  agencies.find((one) => one.agency === agency)?.units.find(({ unit }) => unit === key);
const called = (names: Record<string, string> | undefined, language: Language, key: string) => names?.[language] ?? names?.fi ?? key;

// usePartyName returns a function that names a party: "ps-21, Työikäisten palvelut Kuopio".
export function usePartyName() {
  const { agency, unit } = useDirectory();
  return (party: Party | undefined, short = false) => {
    if (!party?.agency) return "";
    const place = party.unit ? unit(party.agency, party.unit) : agency(party.agency);
    const parts = [isolated(party.displayName || party.worker), short && party.worker ? "" : place];
    return parts.filter(Boolean).join(", ");
  };
}
