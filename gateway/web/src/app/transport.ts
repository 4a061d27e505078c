import { createConnectTransport } from "@connectrpc/connect-web";

// The page's own address alone: who is signed in is a cookie that no script reads.
export const transport = createConnectTransport({ baseUrl: location.origin });
