import { useTexts } from "../../app/language";
import type { Field } from "../../ui/form/fields";
import { useProvision } from "../../ui/provision";

interface Stated { label: string; provision: string }
interface Props { id: string; ground: Stated; wrong?: string }

function Shown({ id, ground, wrong }: Props) {
  const t = useTexts("new"), said = useProvision();
  if (!wrong) return null;
  return (
    <div id={id} tabIndex={-1} className="basis">
      <p><strong>{t(ground.label)}</strong> <span className="quiet">{said(ground.provision)}</span></p>
      <p className="wrong">{wrong}</p>
    </div>
  );
}

// provisionShown is the field of a provision that the ground determines. Nobody types it: the preview
// states it, and this field only a refusal of it.
export const provisionShown = (ground: Stated): Field => ({
  kind: "drawn", name: "provision", label: "provision", of: ["basis.provision"],
  draw: ({ id, wrong }) => <Shown id={id} ground={ground} wrong={wrong} />,
});
