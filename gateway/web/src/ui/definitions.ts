import { UrgencySchema } from "koppi-contract/koppi/common/v1/party_pb";
import { SupportNeedSchema } from "koppi-contract/koppi/concern/v1/state_pb";
import { useLanguage, useWords } from "../app/language";
import { usePerson } from "../app/session";
import { nameOf } from "./names";
import { useDirectory } from "./party";

// sentence ends a text of the directory as a sentence, whether or not the directory does.
const sentence = (text: string) => (text && !/[.!?]$/.test(text) ? `${text}.` : text);

// useDefinitions returns the words by which agencies judge: what a receiver means by an urgency, and what the
// user's own agency calls its support needs and the axes of its four-field.
export function useDefinitions() {
  const [language] = useLanguage(), { agencies } = useDirectory(), { agency: own } = usePerson(), word = useWords();
  const said = (texts: Record<string, string> | undefined) => texts?.[language] ?? texts?.fi ?? "";
  const of = (agency: string) => agencies.find((one) => one.agency === agency), mine = of(own);
  const need = (name: string) => mine?.supportNeeds.find(({ supportNeed }) => nameOf(SupportNeedSchema, supportNeed) === name);
  return {
    urgency: (agency: string, name: string) =>
      sentence(said(of(agency)?.urgencyDefinitions.find(({ urgency }) => nameOf(UrgencySchema, urgency) === name)?.texts)),
    // Where the agency's words are not known yet, those of the contract are said.
    need: (name: string) => said(need(name)?.names) || word(name),
    needMeaning: (name: string) => sentence(said(need(name)?.definitions)),
    axes: { support: said(mine?.fourField?.support), difficulty: said(mine?.fourField?.difficulty) },
  };
}

export type Definitions = ReturnType<typeof useDefinitions>;
