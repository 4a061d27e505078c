import { watch, type News } from "./watch";

// A browser opens six connections to a server at once over HTTP/1.1, for all its tabs together: one
// stream serves the tabs of a session. The tab that holds the session's lock reads it and forwards
// it to the others; when that tab closes, the browser passes the lock on.
type Told = News | { kind: "hello" };

// The reading tab sends a sign of life as often as the server, every 20 s. If it is silent and does
// not answer, it is suspended, and another tab takes over.
const quiet = 30_000, answer = 5_000, apart = 2_500;

// share delivers changes until the signal, with all tabs of the session and with no other.
export async function share(session: string, signal: AbortSignal, tell: (news: News) => void) {
  // Browsers provide locks on secure origins only.
  if (!navigator.locks) return watch(signal, tell);
  const name = `koppi watch ${session}`, channel = new BroadcastChannel(name);
  let reads = false, down = false, heard = performance.now(), asked = 0;
  const post = (told: Told) => channel.postMessage(told);
  const ask = () => { asked = performance.now(); post({ kind: "hello" }); };
  channel.onmessage = ({ data }: MessageEvent<Told>) => {
    if (data.kind === "hello") {
      if (reads) post({ kind: "line", down });
      return;
    }
    heard = performance.now();
    asked = 0;
    if (!reads) tell(data);
  };
  const read = async (until: AbortSignal) => {
    reads = true;
    await watch(until, (news) => {
      if (news.kind === "line") down = news.down;
      tell(news);
      post(news);
    });
  };
  // Changes delivered while this tab was suspended are not repeated.
  const woke = () => tell({ kind: "missed" });
  document.addEventListener("resume", woke);
  // The reading tab answers with the state of the connection; if there is none, the lock is free.
  ask();
  for (let takeOver = false; !signal.aborted;) {
    const turn = new AbortController();
    const listening = takeOver ? undefined : setInterval(() => {
      if (reads) return;
      if (!asked && performance.now() - heard > quiet) ask();
      else if (asked && performance.now() - asked > answer) { takeOver = true; turn.abort(); }
    }, apart);
    const ended = AbortSignal.any([signal, turn.signal]);
    const held = new AbortController();
    try {
      await navigator.locks.request(name, takeOver ? { steal: true } : { signal: ended }, () => {
        takeOver = false;
        return read(AbortSignal.any([signal, held.signal]));
      });
    } catch {
      // Waiting was aborted, or another tab took over while this one was suspended; this one now
      // listens.
      heard = performance.now();
    } finally {
      clearInterval(listening);
      held.abort();
      reads = false;
      asked = 0;
    }
  }
  document.removeEventListener("resume", woke);
  channel.close();
}
