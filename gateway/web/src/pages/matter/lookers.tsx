import { createClient } from "@connectrpc/connect";
import { useTranslation } from "react-i18next";

import { CaseworkService } from "#gen/koppi/casework/v1/casework_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { transport } from "../../app/transport";
import { moment } from "../../ui/dates";
import { MatterLink } from "../../ui/matterlink";
import { kinds, kindOf } from "../../ui/names";
import { usePartyName } from "../../ui/party";
import { Reveal } from "./reveal";

const most = 100;

// Lookers are who of one's own agency has read or changed what of the client.
export function Lookers({ clientId }: { clientId: string }) {
  const t = useTexts("matter"), { t: word, i18n } = useTranslation("words"), party = usePartyName();
  const read = async () => (await createClient(CaseworkService, transport).listAccesses({ clientId, pageSize: most })).accesses;
  // A step is named as its button is; whatever else was called is a reading.
  const did = (method: string) => {
    const name = method.split("/").at(-1) ?? "";
    return name === "GetClient" ? t("readWho") : i18n.exists(`words:${name}`) ? word(name) : t("read");
  };
  return (
    <Reveal name="lookers" label={t("lookers")} hint={t("lookersHint")} read={read}>
      {(accesses) => (
        <ol className="lookers">
          {accesses.map(({ at, by, byClient, subject, method }, index) => (
            <li key={index}><time className="quiet">{at && moment(dateOf(at)!)}</time> {byClient ? t("theClient") : party(by)}: {did(method)} {kinds.includes(kindOf(subject)) && <MatterLink subject={subject} />}</li>
          ))}
        </ol>
      )}
    </Reveal>
  );
}
