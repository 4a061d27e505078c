import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { useState } from "react";
import { Button, InlineAlert } from "suomifi-ui-components";

import { LoopPhase, type LoopStatus } from "koppi-contract/koppi/common/v1/party_pb";
import { ConsentWithdrawnSchema, WithdrawalAcknowledgedSchema } from "koppi-contract/koppi/common/v1/withdrawal_pb";
import { ConsentService } from "koppi-contract/koppi/consent/v1/consent_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import { transport } from "../../app/transport";
import { day, limit } from "../../ui/dates";
import { useDirectory } from "../../ui/party";
import { Problem } from "../../ui/problem";
import { useTimeline } from "../../ui/timeline/usetimeline";

// isWithdrawn reports whether a matter ended because its consent was withdrawn; a concern does not
// end by that.
export const isWithdrawn = (status: LoopStatus | undefined) => status?.phase === LoopPhase.WITHDRAWN;

// Withdrawn asks a receiver who was informed on a withdrawn consent to see to its copy. The matter
// may no longer name a client by whom the consent could be looked up.
export function Withdrawn({ subject, caseId }: { subject: string; caseId: string }) {
  return caseId ? <Asked subject={subject} caseId={caseId} /> : null;
}

function Asked({ subject, caseId }: { subject: string; caseId: string }) {
  const t = useTexts("matter"), person = usePerson(), { agency } = useDirectory(), { data, refetch } = useTimeline({ caseId }, subject);
  const [error, setError] = useState<unknown>();
  const own = (data ?? []).filter((message) => message.subject === subject && message.event);
  const withdrawn = own.map(({ event, occurredAt }) => ({ withdrawal: anyUnpack(event!, ConsentWithdrawnSchema), at: dateOf(occurredAt) }))
    .find(({ withdrawal }) => withdrawal);
  const acknowledged =
    dateOf(own.find(({ event, from }) => from?.agency === person.agency && anyUnpack(event!, WithdrawalAcknowledgedSchema))?.occurredAt);
  if (!withdrawn?.withdrawal?.holders.includes(person.agency)) return null;
  const due = dateOf(withdrawn.withdrawal.dueAt), { at } = withdrawn;
  const acknowledge = async () => {
    setError(undefined);
    try {
      await createClient(ConsentService, transport).acknowledgeWithdrawal({ requestId: crypto.randomUUID(), subject });
      await refetch();
      document.getElementById("matter-title")?.focus();
    } catch (refused) {
      setError(refused);
    }
  };
  return (
    <InlineAlert status="warning" labelText={t("consentWithdrawn", { day: at && day(at) })} data-withdrawn>
      <Problem error={error} />
      {acknowledged ? <p>{t("holderDone", { who: agency(person.agency), day: day(acknowledged) })}</p> : (
        <>
          <p>{t("consentRemove", { due: due && limit(due) })}</p>
          <Button type="button" variant="secondary" onClick={() => void acknowledge()} data-step="AcknowledgeWithdrawal">
            {t("consentAcknowledge")}
          </Button>
        </>
      )}
    </InlineAlert>
  );
}
