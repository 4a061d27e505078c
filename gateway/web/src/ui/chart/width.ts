import { useEffect, useState, type RefCallback } from "react";

// useWidth measures the width available to a drawing, so that its text keeps its size on a phone
// and when enlarged.
export function useWidth(): [RefCallback<Element>, number] {
  const [place, setPlace] = useState<Element | null>(null), [width, setWidth] = useState(0);
  useEffect(() => {
    if (!place) return;
    const observer = new ResizeObserver(() => setWidth(Math.floor(place.clientWidth)));
    observer.observe(place);
    return () => observer.disconnect();
  }, [place]);
  return [setPlace, width];
}
