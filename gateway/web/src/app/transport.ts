import { createConnectTransport } from "@connectrpc/connect-web";

// The page's own address alone: who is signed in is a cookie that no script reads.
export const transport = createConnectTransport({ baseUrl: location.origin });

// The same in binary form, for answers that hold events of any type: as JSON, who reads
// them would have to know every type before.
export const binaryTransport = createConnectTransport({ baseUrl: location.origin, useBinaryFormat: true });
