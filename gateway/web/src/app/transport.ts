import type { Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";

import { sessionEnded } from "./refusal";

// Heard when an answer says that nobody is signed in any more, whatever asked.
export const ended = new EventTarget();

const hearing: Interceptor = (next) => async (request) => {
  try {
    return await next(request);
  } catch (error) {
    if (sessionEnded(error)) ended.dispatchEvent(new Event("ended"));
    throw error;
  }
};

// The page's own address alone: who is signed in is a cookie that no script reads.
export const transport = createConnectTransport({ baseUrl: location.origin, interceptors: [hearing] });

// The same in binary form, for answers that hold events of any type: as JSON, who reads
// them would have to know every type before.
export const binaryTransport = createConnectTransport({ baseUrl: location.origin, interceptors: [hearing], useBinaryFormat: true });
