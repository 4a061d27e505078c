import { createClient } from "@connectrpc/connect";
import { useTranslation } from "react-i18next";

import { CaseworkService, type Access } from "koppi-contract/koppi/casework/v1/casework_pb";
import type { Party } from "koppi-contract/koppi/common/v1/party_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { transport } from "../../app/transport";
import { day, dayKey } from "../../ui/dates";
import { usePartyName } from "../../ui/party";
import { Reveal } from "../../ui/reveal";

const most = 1000;

// Accesses are one person's accesses on one day, each kind once with its count.
interface Accesses { key: string; at: string; by?: Party; byClient: boolean; system: string; did: Map<string, number> }

function grouped(accesses: Access[], named: (method: string) => string): Accesses[] {
  const groups = new Map<string, Accesses>();
  for (const { at, by, byClient, system, method } of accesses) {
    const time = dateOf(at), key = [time && dayKey(time), by?.agency, by?.unit, by?.worker, byClient, system].join(" ");
    const group = groups.get(key) ?? { key, at: time ? day(time) : "", by, byClient, system, did: new Map<string, number>() };
    group.did.set(named(method), (group.did.get(named(method)) ?? 0) + 1);
    groups.set(key, group);
  }
  return [...groups.values()];
}

// AccessLog is the agency's own access log of the client: who read or changed what, by day.
export function AccessLog({ clientId }: { clientId: string }) {
  const t = useTexts("matter"), { t: word, i18n } = useTranslation("words"), party = usePartyName();
  const read = async () => (await createClient(CaseworkService, transport).listAccesses({ clientId, pageSize: most })).accesses;
  // A step has the name of its button; any other call is a reading.
  const named = (method: string) => {
    const name = method.split("/").at(-1) ?? "";
    const own = { GetClient: "readWho", FindKnownClient: "searched", ChangePeople: "openedEmergency" }[name];
    return own ? t(own) : i18n.exists(`words:${name}`) ? word(name) : t("read");
  };
  return (
    <Reveal name="access-log" label={t("accessLog")} hint={t("accessLogHint")} read={read}>
      {(accesses) => (
        <ul className="access-log">
          {grouped(accesses, named).map(({ key, at, by, byClient, system, did }) => (
            <li key={key}>
              <span className="quiet">{at}</span>{" "}
              {byClient ? t("theClient") : party(by)}{system && system !== by?.worker && ` ${t("bySystem", { system })}`}{": "}
              {[...did].map(([what, times]) => (times > 1 ? t("times", { what, count: times }) : what)).join("; ")}
            </li>
          ))}
        </ul>
      )}
    </Reveal>
  );
}
