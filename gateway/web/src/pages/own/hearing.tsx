import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "suomifi-ui-components";

import { ConcernService } from "koppi-contract/koppi/concern/v1/concern_pb";
import { useNow } from "../../app/clock";
import { useTexts } from "../../app/language";
import { transport } from "../../app/transport";
import { Ask } from "./ask";
import { Dots } from "./dots";
import type { Hearing } from "./ownmatter";

// HearingBack says whether the agency that reported hears how the matter goes on, and lets the client
// change it (1301/2014 § 40.2).
export function HearingBack({ hearing: { concernId, who, since, open } }: { hearing: Hearing }) {
  const t = useTexts("own"), now = useNow(), queries = useQueryClient(), [asked, ask] = useState(false);
  const step = since ? "stop" : "allow", done = () => { ask(false); void queries.invalidateQueries(); };
  return (
    <div className="hearing" data-hearing={since ? "yes" : "no"}>
      <p>{since ? t("hearing_yes", { who, date: since }) : t("hearing_no", { who })}</p>
      {open && !asked && (
        <Button variant="secondary" data-step="RecordFeedbackConsent" onClick={() => ask(true)}>{t(`hearing_${step}`)}</Button>
      )}
      {open && asked && (
        <Ask name={`hearing ${concernId}`} title={t(`hearing_${step}_title`)} label={t(`hearing_${step}`)} cancel={() => ask(false)}
          done={done} send={(requestId) => createClient(ConcernService, transport).recordFeedbackConsent({
            requestId, concernId, consented: !since, consentedAt: since ? undefined : timestampFromDate(now),
          })}>
          <Dots lines={[t(`hearing_${step}_means1`, { who }), t(`hearing_${step}_means2`)]} />
        </Ask>
      )}
    </div>
  );
}
