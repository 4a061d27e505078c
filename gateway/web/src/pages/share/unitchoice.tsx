import { Dropdown, DropdownItem } from "suomifi-ui-components";

import { useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import { useDirectory } from "../../ui/party";

interface Props { units: string[]; unit: string; choose: (unit: string) => void }

// UnitChoice chooses one of the units that the user may choose from.
export function UnitChoice({ units, unit, choose }: Props) {
  const t = useTexts("sharing"), directory = useDirectory(), { agency } = usePerson();
  // The unit of an address may be another one than the user shares out.
  const offered = units.includes(unit) ? units : [unit, ...units];
  if (offered.length < 2) return <p className="share-unit quiet">{directory.unit(agency, unit)}</p>;
  return (
    <Dropdown className="share-unit" labelText={t("unit")} labelMode="hidden" value={unit} onChange={choose}>
      {offered.map((one) => <DropdownItem key={one} value={one}>{directory.unit(agency, one)}</DropdownItem>)}
    </Dropdown>
  );
}
