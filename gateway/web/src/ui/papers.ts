import { useQuery } from "@connectrpc/connect-query";

import { CaseworkService } from "koppi-contract/koppi/casework/v1/casework_pb";
import { useLanguage } from "../app/language";

// usePapers returns the kinds of documents that can be asked for, and a function for the name of a kind.
// A kind that is no longer in the list is shown as it is. The list is read only where it is needed.
export function usePapers(needed = true) {
  const [language] = useLanguage();
  const { data, isPending } = useQuery(CaseworkService.method.getCodes, { list: "papers" }, { enabled: needed });
  const kinds = data?.codes ?? [];
  const name = (key: string) => {
    const names = kinds.find((one) => one.key === key)?.names;
    return names?.[language] ?? names?.fi ?? (isPending ? "" : key);
  };
  return { kinds: kinds.map(({ key }) => key), name, names: (keys: string[]) => keys.map(name).join(", ") };
}

// begun begins a line with a name.
export const begun = (name: string) => name.slice(0, 1).toUpperCase() + name.slice(1);
