import type { Reader } from "koppi-contract/koppi/operator/v1/operator_pb";
import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { moment } from "../../ui/dates";
import { useDirectory } from "../../ui/party";
import { Section, Table } from "./section";

// A system without an acknowledgement for this long lags; the alert rule has the same limit.
const lagsAfter = 5 * 60_000;

// isLagging uses the wall clock, as message ids do.
export function isLagging({ waitingSince }: Reader): boolean {
  const since = dateOf(waitingSince);
  return since !== undefined && Date.now() - since.getTime() > lagsAfter;
}

// Readers lists the systems that read mailboxes, and how far behind they are.
export function Readers({ readers }: { readers: Reader[] }) {
  const t = useTexts("operations"), word = useWords(), { agency } = useDirectory();
  const sorted = readers.toSorted((a, b) => Number(b.behind - a.behind) || a.agency.localeCompare(b.agency));
  return (
    <Section name="readers" title={t("readers")} note={t("readersNote")} none={readers.length ? undefined : t("noReaders")}>
      <Table label={t("readers")} numbers={[3, 3]}
        head={[t("agency"), t("consumer"), t("service"), t("behind"), t("since"), t("acknowledged")]}>
        {sorted.map((reader) => {
          const since = dateOf(reader.waitingSince), last = dateOf(reader.acknowledgedAt);
          return (
            <tr key={`${reader.agency} ${reader.consumer} ${reader.service}`} className={isLagging(reader) ? "late" : undefined}>
              <th scope="row">{agency(reader.agency)}</th>
              <td>{reader.consumer}</td>
              <td>{word(`${reader.service}s`)}</td>
              <td className="number">{String(reader.behind)}</td>
              <td>{since ? moment(since) : "–"}</td>
              <td>{last ? moment(last) : "–"}</td>
            </tr>
          );
        })}
      </Table>
    </Section>
  );
}
