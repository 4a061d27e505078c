import { createClient } from "@connectrpc/connect";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { useQuery } from "@tanstack/react-query";

import { CaseworkService, Queue } from "koppi-contract/koppi/casework/v1/casework_pb";
import type { Consultation } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { usePerson } from "../../app/session";
import { transport } from "../../app/transport";
import { moment } from "../../ui/dates";
import { kindOf, shortId } from "../../ui/names";
import type { Followed } from "./steps";

// Longest list that is still useful.
const most = 6;

// useFollowed lists the matters that the user began after the question was asked, the latest first:
// the consultation may have led to them. Without a named client they can be about anyone.
export function useFollowed(consultation: Consultation | undefined, enabled: boolean): Followed[] {
  const word = useWords(), t = useTexts("consultation"), person = usePerson();
  const { data } = useQuery({
    queryKey: ["work", person.agency, person.worker, "begun"], enabled: enabled && consultation !== undefined, staleTime: 0,
    queryFn: async () =>
      (await createClient(CaseworkService, transport).listWork({ queue: Queue.ME, sent: true, includeEnded: true, pageSize: 1000 })).items,
  });
  if (!consultation) return [];
  const opened = consultation.openedAt ? timestampMs(consultation.openedAt) : 0;
  return (data ?? [])
    .filter(({ subject, startedAt, clientId }) => kindOf(subject) !== "consultations" && startedAt && timestampMs(startedAt) >= opened
      && (!consultation.clientId || clientId === consultation.clientId))
    .sort((a, b) => timestampMs(b.startedAt!) - timestampMs(a.startedAt!))
    .slice(0, most)
    .map(({ subject, about, clientId, startedAt }) => ({
      subject, words: [
        [word(kindOf(subject)), about.map(word).join(", ")].filter(Boolean).join(": "), clientId && t("client", { id: shortId(clientId) }),
        moment(dateOf(startedAt)!),
      ].filter(Boolean).join(" · "),
    }));
}
