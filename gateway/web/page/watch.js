// Watch: the standing stream that tells which matters have changed. It is Connect's
// server stream in JSON: frames of a flag byte, a length and a message.

const method = "/koppi.exchange.v1.ExchangeService/Watch";
const lastFrame = 2;
// The server is heard every 20 s; a line silent for this long is dead.
const silence = 45_000;
const retries = [500, 1000, 2000, 5000, 15_000];

function frame(message) {
  const body = new TextEncoder().encode(JSON.stringify(message));
  const framed = new Uint8Array(5 + body.length);
  new DataView(framed.buffer).setUint32(1, body.length);
  framed.set(body, 5);
  return framed;
}

async function* frames(reader, alive) {
  let held = new Uint8Array();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    alive();
    const joined = new Uint8Array(held.length + value.length);
    joined.set(held);
    joined.set(value, held.length);
    held = joined;
    while (held.length >= 5) {
      const end = 5 + new DataView(held.buffer, held.byteOffset).getUint32(1);
      if (held.length < end) break;
      yield { flags: held[0], message: JSON.parse(new TextDecoder().decode(held.subarray(5, end))) };
      held = held.slice(end);
    }
  }
}

async function once(signal, told) {
  const dead = new AbortController();
  let timer;
  const alive = () => { clearTimeout(timer); timer = setTimeout(() => dead.abort(), silence); };
  alive();
  try {
    const response = await fetch(method, {
      method: "POST", body: frame({}), signal: AbortSignal.any([signal, dead.signal]),
      headers: { "Content-Type": "application/connect+json" },
    });
    if (!response.ok) return false;
    let live = false;
    for await (const { flags, message } of frames(response.body.getReader(), alive)) {
      // An end without an error says: open me again.
      if (flags & lastFrame) return !message.error;
      if (!live) told.live();
      live = true;
      if (message.changed) told.changed(message.changed);
    }
    return false;
  } finally {
    clearTimeout(timer);
  }
}

// watch keeps a stream open until the signal ends it. told.live() says that from
// now on nothing is missed, told.changed(…) that a matter has changed, and
// told.cut() that the line is down and is tried again.
export async function watch(signal, told) {
  for (let failures = 0; !signal.aborted;) {
    const wasLive = { ...told, live: () => { failures = 0; told.live(); } };
    const fine = await once(signal, wasLive).catch(() => false);
    if (signal.aborted) return;
    if (fine) continue;
    told.cut();
    const wait = retries[Math.min(failures, retries.length - 1)];
    failures += 1;
    await new Promise((resolve) => { setTimeout(resolve, wait * (0.5 + Math.random())); });
  }
}
