import type { Origin } from "./origin";
import type { Sent } from "./receipt";

// The input of each form: the matter that the new one follows from, if any, and what follows once
// it was sent.
export interface Beginning {
  origin?: Origin;
  // A child welfare notification.
  about?: "child";
  arrived: (sent: Sent) => void;
}

// A new matter and one that follows from another have separate drafts.
export const draftOf = (what: string, origin?: Origin) => ["new", what, origin?.subject.replace("/", "-")].filter(Boolean).join("-");
