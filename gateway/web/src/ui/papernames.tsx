import { usePapers } from "./papers";

// PaperNames names kinds of documents: "vuokrasopimus, palkkalaskelma".
export function PaperNames({ of }: { of: string[] }) {
  return <span dir="auto">{usePapers().names(of)}</span>;
}
