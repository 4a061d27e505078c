import type { UnreviewedGround } from "koppi-contract/koppi/operator/v1/operator_pb";
import { useTexts } from "../../app/language";
import { useProvision } from "../../ui/provision";
import { Section, Table, type Fold } from "./section";

// Unreviewed lists the grounds that messages went on within 30 days and no lawyer has accepted, with
// what is open.
export function Unreviewed({ grounds, fold }: { grounds: UnreviewedGround[]; fold: Fold }) {
  const t = useTexts("operations"), said = useProvision();
  return (
    <Section name="unreviewed" title={t("unreviewed")} count={grounds.length} fold={fold} note={t("unreviewedNote")}
      none={grounds.length ? undefined : t("noneUnreviewed")}>
      <Table label={t("unreviewed")} head={[t("provision"), t("doubts")]}>
        {grounds.map(({ key, provision, doubts }) => (
          <tr key={key} data-ground={key}>
            <th scope="row">{said(provision)}</th><td lang="en">{doubts}</td>
          </tr>
        ))}
      </Table>
    </Section>
  );
}
