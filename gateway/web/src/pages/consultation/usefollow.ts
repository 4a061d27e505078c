import { timestampMs } from "@bufbuild/protobuf/wkt";
import { useCallback, useEffect, useRef, useState } from "react";

import type { Party } from "koppi-contract/koppi/common/v1/party_pb";
import type { ConsultationMessage } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { usePerson } from "../../app/session";
import { follow } from "./follow";
import { inSlot, onWanted } from "./slots";

// Without a signal for this long a participant is no longer typing; the page sends the signal more
// often.
const typingLasts = 6000;
// Hidden for this long, the user no longer counts as present.
const awayAfter = 60_000;

const keyOf = ({ agency, unit, worker }: Party) => `${agency} ${unit} ${worker}`;
const at = ({ at: time }: ConsultationMessage) => (time ? timestampMs(time) : 0);

export interface Conversation {
  messages: ConsultationMessage[];
  // Other participants who are present, and those of them who are typing.
  present: Party[];
  typing: Party[];
  // The connection is down: what is shown may be outdated.
  down: boolean;
  // Shows a message that was posted here at once.
  add: (message: ConsultationMessage | undefined) => void;
}

// useFollow returns a live conversation: the messages read, and those received since.
export function useFollow(id: string, read: ConsultationMessage[], over: boolean): Conversation {
  const person = usePerson(), inSight = useInSight();
  const [heard, setHeard] = useState<ConsultationMessage[]>([]), [present, setPresent] = useState<Party[]>([]);
  const [down, setDown] = useState(false);
  const [typing, stillTyping, stopped] = useFading();
  const add = useCallback((message: ConsultationMessage | undefined) => {
    if (message) setHeard((before) => (before.some(({ messageId }) => messageId === message.messageId) ? before : [...before, message]));
  }, []);
  // The last message before which none is missing.
  const last = useRef("");
  const reaches = read.findIndex(({ messageId }) => messageId === last.current);
  if (!last.current || reaches >= 0) last.current = read.at(-1)?.messageId ?? "";

  const isMe =
    useCallback((party: Party) => party.agency === person.agency && party.worker === person.worker, [person.agency, person.worker]);
  useEffect(() => {
    if (over || !inSight) return;
    const ended = new AbortController();
    void inSlot(ended.signal, () => follow(id, {
      after: () => last.current,
      opened: () => setPresent([]),
      // Presence is unknown while the connection is down.
      down: (now) => { setDown(now); if (now) setPresent([]); },
      received: (received) => {
        if (received.case === "message") {
          last.current = received.value.messageId;
          add(received.value);
          if (received.value.from) stopped(received.value.from);
        }
        if (received.case === "typing" && !isMe(received.value)) stillTyping(received.value);
        if (received.case === "presence" && received.value.party && !isMe(received.value.party)) {
          const { party, present: there } = received.value;
          setPresent((before) => [...before.filter((one) => keyOf(one) !== keyOf(party)), ...(there ? [party] : [])]);
          if (!there) stopped(party);
        }
      },
    }, ended.signal));
    return () => { ended.abort(); setPresent([]); setDown(false); };
  }, [id, over, inSight, isMe, add, stillTyping, stopped]);

  const known = new Set(read.map(({ messageId }) => messageId));
  const more = heard.filter(({ messageId }) => !known.has(messageId)).sort((a, b) => at(a) - at(b));
  return { messages: over ? read : [...read, ...more], present, typing, down, add };
}

// useFading returns parties that expire without a new signal.
function useFading(): [Party[], (party: Party) => void, (party: Party) => void] {
  const [parties, set] = useState<Party[]>([]), timers = useRef(new Map<string, ReturnType<typeof setTimeout>>());
  const remove = useCallback((party: Party) => {
    clearTimeout(timers.current.get(keyOf(party)));
    set((before) => before.filter((one) => keyOf(one) !== keyOf(party)));
  }, []);
  const heard = useCallback((party: Party) => {
    remove(party);
    set((before) => [...before, party]);
    timers.current.set(keyOf(party), setTimeout(() => remove(party), typingLasts));
  }, [remove]);
  useEffect(() => () => timers.current.forEach(clearTimeout), []);
  return [parties, heard, remove];
}

// useInSight reports whether the page is visible.
function useInSight(): boolean {
  const [inSight, set] = useState(true);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const update = () => {
      clearTimeout(timer);
      if (document.visibilityState === "visible") set(true);
      else timer = setTimeout(() => set(false), awayAfter);
    };
    document.addEventListener("visibilitychange", update);
    const unheard = onWanted(() => { if (document.visibilityState !== "visible") set(false); });
    return () => { clearTimeout(timer); unheard(); document.removeEventListener("visibilitychange", update); };
  }, []);
  return inSight;
}
