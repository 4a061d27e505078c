import type { MessageInitShape } from "@bufbuild/protobuf";
import { useQuery } from "@connectrpc/connect-query";
import { Link } from "@tanstack/react-router";
import { InlineAlert } from "suomifi-ui-components";

import { ConcernService, type CheckOpenConcernRequestSchema } from "koppi-contract/koppi/concern/v1/concern_pb";
import { useTexts } from "../../app/language";
import { DueMark, PhaseMark } from "../../ui/marks";
import { usePartyName } from "../../ui/party";
import { Problem } from "../../ui/problem";

// OpenCheck reports, before anything is written, that the client already has an open matter. It is
// asked once for each client, receiver and ground.
export function OpenCheck({ request }: { request?: MessageInitShape<typeof CheckOpenConcernRequestSchema> }) {
  const t = useTexts("new"), party = usePartyName();
  const { data, error } = useQuery(ConcernService.method.checkOpenConcern, request ?? {}, { enabled: request !== undefined });
  return (
    <div role="status" data-open-check={data ? (data.open ? "open" : "none") : undefined}>
      {request && <Problem error={error} focus={false} />}
      {request && data?.open && (
        <InlineAlert status="warning" labelText={t("inHand")}>
          <p className="marks"><PhaseMark status={data.status} /> {data.status?.responsible && (
            <span>{party(data.status.responsible)}</span>
          )} <DueMark status={data.status} /></p>
          <p>{t("inHandThen")} <Link to="/sent" target="_blank">{t("inHandOpen")}</Link></p>
        </InlineAlert>
      )}
      {request && data && !data.open && <p className="quiet">{t("notInHand")}</p>}
    </div>
  );
}
