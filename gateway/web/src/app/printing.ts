import { useEffect, useState } from "react";
import { flushSync } from "react-dom";

// usePrinting reports whether the page is being printed; printed pages do not scroll.
export function usePrinting(): boolean {
  const [printing, setPrinting] = useState(false);
  useEffect(() => {
    const media = matchMedia("print");
    // The browser lays out the print as soon as its listeners have returned.
    const begin = () => flushSync(() => setPrinting(true)), end = () => setPrinting(false);
    const changed = () => (media.matches ? begin() : end());
    media.addEventListener("change", changed);
    addEventListener("beforeprint", begin);
    addEventListener("afterprint", end);
    return () => {
      media.removeEventListener("change", changed);
      removeEventListener("beforeprint", begin);
      removeEventListener("afterprint", end);
    };
  }, []);
  return printing;
}
