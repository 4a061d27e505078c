// Drafts are in the storage of this tab only, each under a key with this prefix.
export const prefix = "draft ";

// forgetDrafts removes all drafts of this tab.
export function forgetDrafts() {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(prefix)) sessionStorage.removeItem(key);
}
