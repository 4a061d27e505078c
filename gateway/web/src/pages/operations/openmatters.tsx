import { LoopPhaseSchema } from "koppi-contract/koppi/common/v1/party_pb";
import type { OpenLoops } from "koppi-contract/koppi/operator/v1/operator_pb";
import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { day } from "../../ui/dates";
import { nameOf } from "../../ui/names";
import { useDirectory } from "../../ui/party";
import { Section, Table, type Fold } from "./section";

// OpenMatters counts what is open, by service, phase and whose turn it is.
export function OpenMatters({ open, fold }: { open: OpenLoops[]; fold: Fold }) {
  const t = useTexts("operations"), word = useWords(), { agency } = useDirectory();
  return (
    <Section name="open" title={t("open")} fold={fold} note={t("openNote")} none={open.length ? undefined : t("noneOpen")}>
      <Table label={t("open")} numbers={[3, 4]} head={[t("service"), t("phase"), t("waitingOn"), t("matters"), t("overdue"), t("oldest")]}>
        {open.map((row) => {
          const oldest = dateOf(row.oldestAt);
          return (
            <tr key={`${row.service} ${row.phase} ${row.waitingOn}`}>
              <th scope="row">{word(`${row.service}s`)}</th>
              <td>{word(nameOf(LoopPhaseSchema, row.phase))}</td>
              <td>{agency(row.waitingOn)}</td>
              <td className="number">{String(row.loops)}</td>
              <td className={row.overdue ? "number late" : "number"}>{String(row.overdue)}</td>
              <td>{oldest && day(oldest)}</td>
            </tr>
          );
        })}
      </Table>
    </Section>
  );
}
