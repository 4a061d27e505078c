import { Button, Modal, ModalContent, ModalFooter, ModalTitle } from "suomifi-ui-components";

import { useTexts } from "../../app/language";

const keys = ["key_move", "key_open", "key_new", "key_receive", "key_take", "key_next", "key_search", "key_help"];

// KeysHelp lists what the keyboard does.
export function KeysHelp({ close }: { close: () => void }) {
  const t = useTexts("worklist");
  return (
    <Modal visible appElementId="koppi" onEscKeyDown={close} scrollable={false}>
      <ModalContent>
        <ModalTitle>{t("keys")}</ModalTitle>
        <ul>{keys.map((key) => <li key={key}>{t(key)}</li>)}</ul>
      </ModalContent>
      <ModalFooter><Button onClick={close}>{t("close")}</Button></ModalFooter>
    </Modal>
  );
}
