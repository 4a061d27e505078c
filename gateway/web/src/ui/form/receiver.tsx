import { useQuery } from "@connectrpc/connect-query";
import { lazy, Suspense, useEffect, useState } from "react";
import { Button, Dropdown, DropdownItem } from "suomifi-ui-components";

import { CaseworkService, type Route } from "koppi-contract/koppi/casework/v1/casework_pb";
import { useLanguage, useTexts } from "../../app/language";
import { patiently } from "../../app/patiently";
import { useDirectory } from "../party";
import type { Field, ReceiverValue } from "./fields";

const WorkerInput = lazy(async () => ({ default: (await patiently(() => import("./worker"))).WorkerInput }));

interface Props {
  id: string;
  field: Extract<Field, { kind: "receiver" }>;
  label: string;
  hint?: string;
  wrong?: string;
  value?: ReceiverValue;
  change: (value: ReceiverValue | undefined) => void;
}

// proposed returns the receiver that fits, if only one agency does: its best unit for a known
// municipality or service, and otherwise the agency, which chooses the unit itself.
function proposed(routes: Route[], known: boolean, without: string[] = []): ReceiverValue | undefined {
  const fitting = routes.flatMap(({ party }) => (party && !without.includes(party.agency) ? [party] : []));
  const [best] = fitting;
  if (!best || fitting.some(({ agency }) => agency !== best.agency)) return undefined;
  return { agency: best.agency, unit: known ? best.unit : undefined, proposed: true };
}

// ReceiverField chooses the receiver: the agency, and one of its units. The best unit for the
// service is suggested, with its languages.
export function ReceiverField({ id, field, label, hint, wrong, value, change }: Props) {
  const t = useTexts("form"), directory = useDirectory(), [changing, setChanging] = useState(false);
  const agencies = directory.agencies.filter(({ agency }) => (field.within ? agency === field.within : !field.without?.includes(agency)));
  const agency = field.within ?? value?.agency ?? "";
  const sought = {
    serviceKey: field.service ?? "", municipality: field.municipality ?? value?.municipality ?? "", language: field.language ?? "",
  };
  const { data } = useQuery(CaseworkService.method.findUnits, { ...sought, agency }, { enabled: agency !== "" });
  // Agencies that offer the service come first.
  const { data: offering } = useQuery(CaseworkService.method.findUnits, sought, { enabled: sought.serviceKey !== "" });
  const [language] = useLanguage(), names = new Intl.DisplayNames([language], { type: "language" });
  const spoken = (tags: string[]) => tags.map((tag) => names.of(tag) ?? tag).join(", ");
  const { data: fitting } = useQuery(
    CaseworkService.method.findUnits, { ...sought, kind: field.propose?.kind },
    { enabled: field.propose !== undefined && Boolean(field.propose.kind || sought.serviceKey) },
  );
  const proposal = field.propose && proposed(fitting?.routes ?? [], Boolean(sought.municipality || sought.serviceKey), field.without);
  // A proposal follows what is known of the client until the user chooses.
  const free = field.propose !== undefined && fitting !== undefined && !changing && (!value?.agency || value.proposed === true);
  useEffect(() => {
    if (free && (value?.agency !== proposal?.agency || value?.unit !== proposal?.unit)) change(proposal);
  }, [free, proposal?.agency, proposal?.unit]);
  const offers = (one: string) => offering?.routes.some(({ party }) => party?.agency === one) ?? false;
  agencies.sort((a, b) => Number(offers(b.agency)) - Number(offers(a.agency)));
  const routes = data?.routes ?? [], all = directory.agencies.find((one) => one.agency === agency)?.units ?? [];
  const suggested = routes[0]?.unit?.unit;
  const units = [...all].sort((a, b) => Number(b.unit === suggested) - Number(a.unit === suggested));
  // Within the agency a unit is required; elsewhere the agency's intake is allowed.
  const named = field.within !== undefined && field.required === true;
  const chosen = units.find(({ unit }) => unit === value?.unit);
  if (value?.proposed && !changing) {
    return (
      <div className="receiver proposed" id={id} tabIndex={-1}>
        <strong className="receiver-label">{label}</strong>
        <p className="proposal" data-proposed={value.unit ?? value.agency}>
          {[value.unit && directory.unit(value.agency, value.unit), directory.agency(value.agency)].filter(Boolean).join(", ")}
        </p>
        <Button type="button" variant="secondaryNoBorder" aria-label={t("changeReceiver")} data-change-receiver
          onClick={() => { setChanging(true); change({ ...value, proposed: undefined }); }}>{t("change")}</Button>
        {wrong && <p className="wrong">{wrong}</p>}
      </div>
    );
  }
  // A list without items, as before the directory is read, cannot be rendered.
  return (
    <fieldset className="receiver" id={id} tabIndex={-1}>
      {label && <legend>{label}</legend>}
      {hint && <p className="quiet">{hint}</p>}
      {!field.within && agencies.length > 0 && (
        <Dropdown labelText={t("agency")} visualPlaceholder={t("choose")} value={value?.agency ?? null} status={wrong ? "error" : "default"}
          statusText={wrong} onChange={(picked) => change({ agency: picked })} fullWidth>
          {agencies.map((one) => <DropdownItem key={one.agency} value={one.agency}>
            {directory.agency(one.agency)}
            {offers(one.agency) ? ` (${t("suggested")})` : ""}
          </DropdownItem>)}
        </Dropdown>
      )}
      {agency && all.length > 0 && (
        <Dropdown labelText={t("unit")} optionalText={named ? undefined : t("optional")} visualPlaceholder={t(named ? "choose" : "anyUnit")}
          value={value?.unit ?? null} status={wrong && field.within ? "error" : "default"} statusText={field.within && wrong}
          onChange={(picked) => change({ ...value, agency, unit: picked || undefined, worker: undefined })} fullWidth>
          {[
            ...(named ? [] : [<DropdownItem key="" value="">{t("anyUnit")}</DropdownItem>]),
            ...units.map((one) => <DropdownItem key={one.unit} value={one.unit}>
              {directory.unit(agency, one.unit)}
              {one.unit === suggested && units.length > 1 ? ` (${t("suggested")})` : ""}
            </DropdownItem>),
          ]}
        </Dropdown>
      )}
      {chosen && chosen.languages.length > 0 && <p className="quiet">{t("serves", { languages: spoken(chosen.languages) })}</p>}
      {field.worker && agency && <Suspense>
        <WorkerInput id={id} agency={agency} unit={value?.unit ?? ""} value={value?.worker ?? ""}
          change={(worker, unit) => change({ ...value, agency, unit: unit || undefined, worker })} />
      </Suspense>}
    </fieldset>
  );
}
