import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { useMutation, useQuery } from "@connectrpc/connect-query";

import { ConsultationService } from "#gen/koppi/consultation/v1/consultation_pb";
import { useNow } from "../app/clock";
import { useTexts } from "../app/language";
import type { Person } from "../app/session";

// Until the end of the office day, four in the afternoon.
function untilEvening(now: Date): Date {
  const until = new Date(now);
  until.setHours(16, 0, 0, 0);
  return until > now ? until : new Date(now.getTime() + 3_600_000);
}

// Reachability says whether I can be asked now, and changes it by one click.
export function Reachability({ person }: { person: Person }) {
  const t = useTexts("shell"), now = useNow();
  const party = { agency: person.agency, unit: person.unit, worker: person.worker };
  const { data, refetch } = useQuery(ConsultationService.method.getReachability, { parties: [party] });
  const set = useMutation(ConsultationService.method.setReachability, { onSuccess: () => void refetch() });
  const reachable = data?.reachabilities[0]?.reachable ?? false;
  return (
    <button type="button" className="plain reachability" aria-pressed={reachable} disabled={set.isPending}
      onClick={() => set.mutate({ reachability: { party, reachable: !reachable, until: reachable ? undefined : timestampFromDate(untilEvening(now)) } })}>
      <span aria-hidden="true" className="shape">{reachable ? "●" : "○"}</span>{t(reachable ? "reachable" : "away")}
    </button>
  );
}
