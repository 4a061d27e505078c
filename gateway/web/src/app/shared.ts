import { watch, type News } from "./watch";

// A browser opens six connections to a server at once over HTTP/1.1, for all its tabs
// together: one stream serves those of a session. The tab that holds the session's lock reads
// it and tells the others; when that tab goes, the browser gives the lock to the next.
type Told = News | { kind: "hello" };

// The tab that reads is heard as often as the server, every 20 s. One that is not, and does
// not answer either, sleeps: it is taken over from.
const quiet = 30_000, answer = 5_000, apart = 2_500;

// share hears what changes until the signal, with all tabs of the session and with no other.
export async function share(session: string, signal: AbortSignal, tell: (news: News) => void) {
  // Browsers have locks on secure addresses alone.
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
  // What was told while this tab slept is not told again.
  const woke = () => tell({ kind: "missed" });
  document.addEventListener("resume", woke);
  // Whoever reads says how the line is; where nobody does, the lock is free.
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
      // Given up waiting; or another has taken over from this tab, which slept, and listens now.
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
