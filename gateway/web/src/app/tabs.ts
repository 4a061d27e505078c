// sessionKey is the key of the query that reads who is signed in.
export const sessionKey = ["session"];

// The tabs of a browser share one session: a tab that signs in or out notifies the others.
export type TabNotice = "changed" | "out";
export const tabs = new BroadcastChannel("koppi session");
export const notifyTabs = (notice: TabNotice) => tabs.postMessage(notice);
