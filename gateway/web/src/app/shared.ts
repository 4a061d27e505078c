import { watch, type News } from "./watch";

// A browser opens six connections to a server at once over HTTP/1.1, for all its tabs together: one
// stream serves the tabs of a session. The tab that holds the session's lock reads it and forwards
// it to the others; when that tab closes, the browser passes the lock on.
type TabMessage = News | { kind: "hello" };

// The reading tab sends a sign of life as often as the server, every 20 s. If it is silent and does
// not answer, it is suspended, and another tab steals the lock.
const quiet = 30_000, answer = 5_000, apart = 2_500;

// share delivers changes until the signal, with all tabs of the session and with no other.
export async function share(session: string, signal: AbortSignal, notify: (news: News) => void) {
  // Browsers provide locks on secure origins only.
  if (!navigator.locks) return watch(signal, notify);
  const name = `koppi watch ${session}`, channel = new BroadcastChannel(name);
  let reads = false, down = false, heard = performance.now(), asked = 0;
  const post = (message: TabMessage) => channel.postMessage(message);
  const ask = () => { asked = performance.now(); post({ kind: "hello" }); };
  channel.onmessage = ({ data }: MessageEvent<TabMessage>) => {
    if (data.kind === "hello") {
      if (reads) post({ kind: "line", down });
      return;
    }
    heard = performance.now();
    asked = 0;
    if (!reads) notify(data);
  };
  const read = async (until: AbortSignal) => {
    reads = true;
    await watch(until, (news) => {
      if (news.kind === "line") down = news.down;
      notify(news);
      post(news);
    });
  };
  // Changes delivered while this tab was suspended are not repeated.
  const resumed = () => notify({ kind: "missed" });
  document.addEventListener("resume", resumed);
  // The reading tab answers with the state of the connection; if there is none, the lock is free.
  ask();
  for (let steal = false; !signal.aborted;) {
    const turn = new AbortController();
    const listening = steal ? undefined : setInterval(() => {
      if (reads) return;
      if (!asked && performance.now() - heard > quiet) ask();
      else if (asked && performance.now() - asked > answer) { steal = true; turn.abort(); }
    }, apart);
    const ended = AbortSignal.any([signal, turn.signal]);
    const held = new AbortController();
    try {
      await navigator.locks.request(name, steal ? { steal: true } : { signal: ended }, () => {
        steal = false;
        return read(AbortSignal.any([signal, held.signal]));
      });
    } catch {
      // Waiting was aborted, or another tab stole the lock while this one was suspended; this one
      // now listens.
      heard = performance.now();
    } finally {
      clearInterval(listening);
      held.abort();
      reads = false;
      asked = 0;
    }
  }
  document.removeEventListener("resume", resumed);
  channel.close();
}
