import { useQuery } from "@connectrpc/connect-query";
import { useState } from "react";
import { Dropdown, DropdownItem, TextInput } from "suomifi-ui-components";

import { CaseworkService } from "koppi-contract/koppi/casework/v1/casework_pb";
import type { Colleague } from "koppi-contract/koppi/casework/v1/people_pb";
import { useLanguage, useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import { onDate } from "../dates";

interface Props { agency: string; unit: string; value: string; change: (worker: string | undefined) => void }

const another = "/";

// WorkerInput chooses a worker: a colleague of the unit by name, title and absence. Of another agency, and of
// somebody whom Koppi does not know yet, the user writes the key.
export function WorkerInput({ agency, unit, value, change }: Props) {
  const t = useTexts("form"), own = usePerson().agency === agency, called = useCalled(), [typing, type] = useState(false);
  const { data, isLoading } = useQuery(CaseworkService.method.listColleagues, { unit }, { enabled: own && unit !== "", retry: false });
  const known = data?.colleagues.filter(({ party }) => party?.worker) ?? [], chosen = known.some(({ party }) => party?.worker === value);
  const types = !known.length || typing || (value !== "" && !chosen);
  if (isLoading) return null;
  return (
    <>
      {known.length > 0 && <Dropdown labelText={t("worker")} optionalText={t("optional")} value={types ? another : value} fullWidth
        onChange={(picked) => { type(picked === another); change(picked === another ? undefined : picked || undefined); }}>
        {[
          <DropdownItem key="" value="">{t("anyWorker")}</DropdownItem>,
          ...known.map((one) => <DropdownItem key={one.party!.worker} value={one.party!.worker}>{called(one)}</DropdownItem>),
          <DropdownItem key={another} value={another}>{t("anotherWorker")}</DropdownItem>,
        ]}
      </Dropdown>}
      {types && <TextInput dir="auto" labelText={t(known.length ? "workerKey" : "worker")} optionalText={t("optional")} value={value}
        onChange={(typed) => change(String(typed ?? "") || undefined)} fullWidth />}
    </>
  );
}

// useCalled returns a function that names a colleague: "Saara Sosiaali, sosiaalityöntekijä (poissa 4.12.2026 asti)".
function useCalled() {
  const t = useTexts("form"), [language] = useLanguage();
  return ({ party, name, titles, absence }: Colleague) => {
    const title = (titles.find((one) => one.language === language) ?? titles[0])?.text;
    const away = absence && t("absent", { from: onDate(absence.from), to: onDate(absence.to) });
    return [[party!.displayName || name || party!.worker, title].filter(Boolean).join(", "), away].filter(Boolean).join(" ");
  };
}
