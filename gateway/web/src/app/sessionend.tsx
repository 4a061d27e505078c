import { useEffect, useRef, useState } from "react";
import { Button, Modal, ModalContent, ModalFooter, ModalTitle } from "suomifi-ui-components";

import { clock } from "../ui/dates";
import { Problem } from "../ui/problem";
import { useTexts } from "./language";
import { extend, serverNow, useSession, type Person } from "./session";

// How long before its end the user is warned, and how often it is then checked: another tab may
// have extended the session.
const warning = 180_000, apart = 20_000;

// SessionEnd warns before the session ends (WCAG 2.2.1). One click extends it; if that is not
// possible, it says what to do.
export function SessionEnd({ person }: { person: Person }) {
  const { refetch, dataUpdatedAt, errorUpdatedAt } = useSession(), [, tick] = useState(0), [read, setRead] = useState("");
  const until = Date.parse(person.until), left = until - serverNow(), near = left <= warning;
  useEffect(() => {
    const check = () => void refetch().finally(() => tick((before) => before + 1));
    // Check again just after the end, when the page shows where to sign in.
    const timer = setTimeout(check, near ? Math.max(1_000, Math.min(apart, left + 1_000)) : left - warning);
    // A suspended machine has lost time.
    const seen = () => { if (document.visibilityState === "visible" && until - serverNow() <= warning) check(); };
    document.addEventListener("visibilitychange", seen);
    return () => { clearTimeout(timer); document.removeEventListener("visibilitychange", seen); };
  }, [until, dataUpdatedAt, errorUpdatedAt, refetch]);
  return near && read !== person.until ? <Warning person={person} close={() => setRead(person.until)} /> : null;
}

function Warning({ person, close }: { person: Person; close: () => void }) {
  const t = useTexts("shell"), [error, setError] = useState<unknown>(), [busy, setBusy] = useState(false);
  const last = person.until === person.expires;
  // The focus returns to the input. It is also kept from a page that is being opened.
  const before = useRef(document.activeElement as HTMLElement | null);
  useEffect(() => {
    const stray = ({ target }: FocusEvent) => {
      if (!(target instanceof HTMLElement) || target.closest("[role=dialog]")) return;
      before.current = target;
      document.getElementById("session-end")?.focus();
    };
    document.addEventListener("focusin", stray);
    return () => document.removeEventListener("focusin", stray);
  }, []);
  const goOn = async () => {
    setBusy(true);
    setError(undefined);
    await extend().catch(setError);
    setBusy(false);
  };
  return (
    <Modal visible appElementId="koppi" onEscKeyDown={() => (last ? close() : void goOn())} focusOnCloseRef={before} scrollable={false}
      ariaLabelledBy="session-end">
      <ModalContent>
        <ModalTitle id="session-end" tabIndex={-1}>{t("ends", { time: clock(new Date(person.until)) })}</ModalTitle>
        <p>{t(last ? "endsThen" : "endsUnless")}</p>
        <Problem error={error} />
      </ModalContent>
      <ModalFooter>
        {last ? <Button onClick={close} data-close>{t("understood")}</Button>
          : <Button aria-disabled={busy} onClick={() => { if (!busy) void goOn(); }} data-extend>{t("goOn")}</Button>}
      </ModalFooter>
    </Modal>
  );
}
