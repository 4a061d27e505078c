import { Code } from "@connectrpc/connect";
import { useMutation } from "@connectrpc/connect-query";
import { Button } from "suomifi-ui-components";

import { ParkingService, type Parked as One } from "koppi-contract/koppi/exchange/v1/exchange_pb";
import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { moment } from "../../ui/dates";
import { kindOf, shortId } from "../../ui/names";
import { useDirectory } from "../../ui/party";
import { Problem } from "../../ui/problem";
import { Section, Table } from "./section";

// Parked lists the subjects whose messages an agency's endpoint refused permanently.
export function Parked({ parked, changed }: { parked: One[]; changed: () => void }) {
  const t = useTexts("operations"), word = useWords(), { agency } = useDirectory();
  const retry = useMutation(ParkingService.method.retryParked, { onSettled: changed });
  return (
    <Section name="parked" title={t("parked")} note={t("parkedNote")} none={parked.length ? undefined : t("noneParked")}>
      <Problem error={retry.error} />
      <Table label={t("parked")} head={[t("subject"), t("agency"), t("code"), t("refusedAt"), t("retry")]}>
        {parked.map((one) => {
          const at = dateOf(one.refusedAt);
          return (
            <tr key={`${one.agency} ${one.subject}`} data-subject={one.subject}>
              <th scope="row">{word(kindOf(one.subject))} <span className="quiet">{shortId(one.subject)}</span></th>
              <td>{agency(one.agency)}</td>
              <td><code>{Code[one.code] ?? one.code}</code></td>
              <td>{at && moment(at)}</td>
              <td>{one.retry ? t("retrying") : <Button variant="secondary" onClick={() => retry.mutate({
                agency: one.agency, consumer: one.consumer, service: one.service, subject: one.subject,
              })}>{t("retry")}</Button>}</td>
            </tr>
          );
        })}
      </Table>
    </Section>
  );
}
