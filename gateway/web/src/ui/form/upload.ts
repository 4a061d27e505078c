import { createClient } from "@connectrpc/connect";

import { AttachmentService } from "koppi-contract/koppi/attachment/v1/attachment_pb";
import { refusalOf, sessionEnded, unreachable } from "../../app/refusal";
import { binaryTransport } from "../../app/transport";
import type { AttachmentValue } from "./fields";

// Target duration of a chunk: on a slow connection chunks are small, so that progress shows soon
// and little is lost when the connection breaks.
const chunkTime = 2_000;
const smallest = 16 << 10, firstChunk = 128 << 10;
// Timeout of a chunk; it is then sent again, in a smaller size.
const chunkTimeout = 60_000;
const retries = [500, 1000, 2000, 5000, 10_000];

// Progress is how much of a file has arrived; cut means that the connection is down.
export interface Progress { sent: number; cut: boolean }

// The connection is down or the server is busy: the request can be retried.
const passing = new Set([unreachable, "UNAVAILABLE", "BUSY", "INTERNAL", "DEADLINEEXCEEDED", "CANCELED"]);
// The upload no longer exists on the server: it starts again, once.
const lost = new Set(["NOT_FOUND", "ATTACHMENT_UNAVAILABLE", "REQUEST_ID_REUSED"]);

const hex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// began returns the storage key of an upload of this file, as this kind of document, in this tab. After a lost connection, a
// reload or an expired session the same file resumes. The key is removed with the drafts.
const began = async (file: File, sha256: Uint8Array, paperKind: string) => {
  const identity = new TextEncoder().encode(JSON.stringify([file.name, file.type, file.size, hex(sha256), paperKind]));
  return `draft upload ${hex(new Uint8Array(await crypto.subtle.digest("SHA-256", identity))).slice(0, 32)}`;
};

const pause = (failures: number, signal: AbortSignal) => new Promise<void>((resolve) => {
  const go = () => { removeEventListener("online", go); resolve(); };
  setTimeout(go, retries[Math.min(failures, retries.length - 1)]! * (0.5 + Math.random()));
  addEventListener("online", go);
  signal.addEventListener("abort", go, { once: true });
});

// upload sends a file in chunks, with the kind of document that it is, if that is known. After a lost
// connection it waits and resumes; only the signal or a refusal ends it.
export async function upload(
  file: File, signal: AbortSignal, notify: (progress: Progress) => void, paperKind = "",
): Promise<AttachmentValue> {
  const service = createClient(AttachmentService, binaryTransport), content = new Uint8Array(await file.arrayBuffer());
  const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", content)), name = await began(file, sha256, paperKind);
  let sent = 0;
  const once = <T>(act: (signal: AbortSignal) => Promise<T>) => act(AbortSignal.any([signal, AbortSignal.timeout(chunkTimeout)]));
  // passed waits until a failed request can be retried; it rethrows a refusal.
  const passed = async (error: unknown, failures: number) => {
    signal.throwIfAborted();
    if (sessionEnded(error) || !passing.has(refusalOf(error).reason)) throw error;
    notify({ sent, cut: true });
    await pause(failures, signal);
    signal.throwIfAborted();
  };
  // surely repeats a call until it succeeds or is refused.
  const surely = async <T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    for (let failures = 0; ; failures += 1) {
      try {
        const done = await once(act);
        notify({ sent, cut: false });
        return done;
      } catch (error) {
        await passed(error, failures);
      }
    }
  };
  const start = async () => {
    const requestId = sessionStorage.getItem(name) ?? crypto.randomUUID();
    sessionStorage.setItem(name, requestId);
    return surely((until) => service.startUpload(
      { requestId, filename: file.name, mediaType: file.type, sizeBytes: BigInt(file.size), paperKind }, { signal: until },
    ));
  };
  const run = async () => {
    const { attachmentId, chunkBytes } = await start();
    const where = () =>
      surely(async (until) => { sent = Number((await service.getUpload({ attachmentId }, { signal: until })).nextOffset); });
    await where();
    for (let size = firstChunk; sent < content.length;) {
      const chunk = content.slice(sent, sent + Math.min(size, chunkBytes)), at = performance.now();
      try {
        sent = Number(
          (await once((until) => service.uploadChunk({ attachmentId, offset: BigInt(sent), data: chunk }, { signal: until }))).nextOffset,
        );
        notify({ sent, cut: false });
        const took = Math.max(1, performance.now() - at);
        size = Math.round(Math.max(smallest, Math.min(2 * size, chunkBytes, chunk.length * chunkTime / took)));
      } catch (error) {
        // Ask the server how much arrived, and continue with a smaller chunk.
        if (refusalOf(error).reason !== "WRONG_OFFSET") await passed(error, 0);
        size = Math.max(smallest, size >> 1);
        await where();
      }
    }
    // The upload may be complete already, if the answer was lost.
    await surely((until) => service.finishUpload({ attachmentId, sha256 }, { signal: until }));
    return attachmentId;
  };
  const id = await run().catch((error: unknown) => {
    signal.throwIfAborted();
    if (!lost.has(refusalOf(error).reason)) throw error;
    sessionStorage.removeItem(name);
    sent = 0;
    return run();
  });
  sessionStorage.removeItem(name);
  return { id, name: file.name, bytes: file.size };
}
