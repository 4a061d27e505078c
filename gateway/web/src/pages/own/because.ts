import { useQuery } from "@connectrpc/connect-query";

import { CaseworkService } from "koppi-contract/koppi/casework/v1/casework_pb";
import { LegalGround, type LegalBasis } from "koppi-contract/koppi/common/v1/party_pb";
import { useLanguage, useTexts } from "../../app/language";
import { isolated } from "../../ui/direction";

// The names of the agencies that a text names.
interface Between { sender: string; receiver: string }

// useBecause returns a function that says why a message about the client was lawful: in the words of
// its row of the table of grounds. A message from before the table says by which kind of ground.
export function useBecause() {
  const t = useTexts("own"), [language] = useLanguage();
  const { data } = useQuery(CaseworkService.method.listGroundTexts, {}, { staleTime: Infinity });
  return (basis: LegalBasis | undefined, between: Between) => {
    const rows = data?.texts.filter(({ key }) => basis?.groundKey && key === basis.groundKey) ?? [];
    const row = rows.find(({ provision }) => provision === basis?.provision) ?? rows.at(-1);
    const said = row?.client[language] ?? row?.client.fi;
    if (said) return said.replace(/\{\{(sender|receiver)\}\}/g, (_, who: keyof Between) => isolated(between[who]));
    if (basis?.ground === LegalGround.CLIENT_CONSENT) return t("because_consent");
    return basis?.ground === LegalGround.STATUTORY_NOTIFICATION ? t("because_law") : "";
  };
}
export type Because = ReturnType<typeof useBecause>;
