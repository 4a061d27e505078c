import { useEffect, useRef, useState } from "react";
import { Button, Modal, ModalContent, ModalFooter, ModalTitle } from "suomifi-ui-components";

import { clock } from "../ui/dates";
import { Problem } from "../ui/problem";
import { useTexts } from "./language";
import { extend, serverNow, useSession, type Person } from "./session";

// How long before the end of a session one is warned, and how often it is looked at from then
// on: another tab may have put it off.
const warning = 180_000, apart = 20_000;

// SessionEnd warns in time that the session ends (WCAG 2.2.1). Where it can be put off, one
// press does it; where it cannot, it says what to do then.
export function SessionEnd({ person }: { person: Person }) {
  const { refetch, dataUpdatedAt, errorUpdatedAt } = useSession(), [, tick] = useState(0), [read, setRead] = useState("");
  const until = Date.parse(person.until), left = until - serverNow(), near = left <= warning;
  useEffect(() => {
    const look = () => void refetch().finally(() => tick((before) => before + 1));
    // Once more just after the end, when the page shows where to sign in again.
    const timer = setTimeout(look, near ? Math.max(1_000, Math.min(apart, left + 1_000)) : left - warning);
    // A machine that slept has lost time.
    const seen = () => { if (document.visibilityState === "visible" && until - serverNow() <= warning) look(); };
    document.addEventListener("visibilitychange", seen);
    return () => { clearTimeout(timer); document.removeEventListener("visibilitychange", seen); };
  }, [until, dataUpdatedAt, errorUpdatedAt, refetch]);
  return near && read !== person.until ? <Warning person={person} close={() => setRead(person.until)} /> : null;
}

function Warning({ person, close }: { person: Person; close: () => void }) {
  const t = useTexts("shell"), [error, setError] = useState<unknown>(), [busy, setBusy] = useState(false);
  const last = person.until === person.expires;
  // Who was typing goes on there. What a page that is just being shown would focus waits too.
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
