import { createClient } from "@connectrpc/connect";
import { useRef, useState } from "react";
import { Button } from "suomifi-ui-components";

import { AppointmentResult } from "koppi-contract/koppi/common/v1/appointment_pb";
import { ConcernService } from "koppi-contract/koppi/concern/v1/concern_pb";
import type { Concern } from "koppi-contract/koppi/concern/v1/state_pb";
import { dateOf, useNow } from "../../app/clock";
import { useTexts } from "../../app/language";
import { refusalOf } from "../../app/refusal";
import { transport } from "../../app/transport";
import { limit } from "../../ui/dates";
import { mayHaveArrived } from "../../ui/form/check";
import { Problem } from "../../ui/problem";
import { awaited } from "./appointments";

interface Props { concern: Concern; changed: () => void; saved: (step: string) => void }

// AppointmentCards ask of each appointment, once its time has come, whether the client came.
export function AppointmentCards({ concern, changed, saved }: Props) {
  const t = useTexts("intake"), now = useNow(), [error, setError] = useState<unknown>(), [busy, setBusy] = useState(false);
  // A click that is repeated after a lost answer records one result.
  const ids = useRef(new Map<string, string>());
  const record = async (appointmentId: string, result: AppointmentResult) => {
    if (busy) return;
    setBusy(true);
    setError(undefined);
    const key = `${appointmentId} ${result}`, requestId = ids.current.get(key) ?? crypto.randomUUID();
    ids.current.set(key, requestId);
    await createClient(ConcernService, transport)
      .recordAppointmentResult({ requestId, concernId: concern.concernId, etag: concern.etag, appointmentId, result })
      .then(() => { changed(); saved("RecordAppointmentResult"); }, (refused) => {
        // A request that may have arrived keeps its id.
        if (!mayHaveArrived(refusalOf(refused))) ids.current.delete(key);
        setError(refused);
      });
    setBusy(false);
  };
  return (
    <>
      <Problem error={error} />
      {awaited(concern).map(({ appointmentId, at, place }) => {
        const time = dateOf(at)!, when = [limit(time), place].filter(Boolean).join(", ");
        return (
          <div key={appointmentId} className="appointment" role="group" aria-label={t("appointmentOf", { when })} data-appointment>
            <p><strong>{t("appointmentOf", { when })}</strong></p>
            {time > now ? <p className="quiet">{t("appointmentLater")}</p> : <div className="buttons">
              <Button type="button" variant="secondary" aria-disabled={busy} data-came
                onClick={() => void record(appointmentId, AppointmentResult.ATTENDED)}>{t("came")}</Button>
              <Button type="button" variant="secondary" aria-disabled={busy} data-came-not
                onClick={() => void record(appointmentId, AppointmentResult.NO_SHOW)}>{t("cameNot")}</Button>
            </div>}
          </div>
        );
      })}
    </>
  );
}
