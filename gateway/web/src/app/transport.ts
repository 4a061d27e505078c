import type { Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";

import { sessionEnded } from "./refusal";

// Dispatched when an answer to any call says that nobody is signed in any more.
export const ended = new EventTarget();

const hearing: Interceptor = (next) => async (request) => {
  try {
    return await next(request);
  } catch (error) {
    if (sessionEnded(error)) ended.dispatchEvent(new Event("ended"));
    throw error;
  }
};

// Requests go to the page's own origin: the session is a cookie that no script can read.
export const transport = createConnectTransport({ baseUrl: location.origin, interceptors: [hearing] });

// Binary format, for answers that contain events of any type: to decode them from JSON the client
// would need every type in advance.
export const binaryTransport = createConnectTransport({ baseUrl: location.origin, interceptors: [hearing], useBinaryFormat: true });
