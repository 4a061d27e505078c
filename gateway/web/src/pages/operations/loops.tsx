import { LoopPhaseSchema } from "koppi-contract/koppi/common/v1/party_pb";
import type { OpenLoops } from "koppi-contract/koppi/operator/v1/operator_pb";
import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { day } from "../../ui/dates";
import { nameOf } from "../../ui/names";
import { useDirectory } from "../../ui/party";
import { Section, Table } from "./section";

// Loops counts what is open, by service, phase and whose turn it is.
export function Loops({ open }: { open: OpenLoops[] }) {
  const t = useTexts("operations"), word = useWords(), { agency } = useDirectory();
  return (
    <Section name="open" title={t("open")} note={t("openNote")} none={open.length ? undefined : t("noneOpen")}>
      <Table label={t("open")} numbers={[3, 4]} head={[t("service"), t("phase"), t("waitingOn"), t("loops"), t("overdue"), t("oldest")]}>
        {open.map((loops) => {
          const oldest = dateOf(loops.oldestAt);
          return (
            <tr key={`${loops.service} ${loops.phase} ${loops.waitingOn}`}>
              <th scope="row">{word(`${loops.service}s`)}</th>
              <td>{word(nameOf(LoopPhaseSchema, loops.phase))}</td>
              <td>{agency(loops.waitingOn)}</td>
              <td className="number">{String(loops.loops)}</td>
              <td className={loops.overdue ? "number late" : "number"}>{String(loops.overdue)}</td>
              <td>{oldest && day(oldest)}</td>
            </tr>
          );
        })}
      </Table>
    </Section>
  );
}
