import { Button, Modal, ModalContent, ModalFooter, ModalTitle, ToggleInput } from "suomifi-ui-components";

import { useKeysOn } from "../../app/keys";
import { useTexts } from "../../app/language";

const keys = ["key_move", "key_open", "key_tick", "key_receive", "key_take", "key_pass", "key_new", "key_next", "key_search", "key_help"];

// KeysHelp lists the single-key shortcuts, and switches them off and on.
export function KeysHelp({ close }: { close: () => void }) {
  const t = useTexts("worklist"), [on, switchTo] = useKeysOn();
  return (
    <Modal visible appElementId="koppi" onEscKeyDown={close} scrollable={false} ariaLabelledBy="keys-title">
      <ModalContent>
        <ModalTitle id="keys-title">{t("keys")}</ModalTitle>
        <p><ToggleInput checked={on} onChange={switchTo}>{t("keysOn")}</ToggleInput></p>
        <ul className={on ? "" : "quiet"}>{keys.map((key) => <li key={key}>{t(key)}</li>)}</ul>
      </ModalContent>
      <ModalFooter><Button onClick={close}>{t("close")}</Button></ModalFooter>
    </Modal>
  );
}
