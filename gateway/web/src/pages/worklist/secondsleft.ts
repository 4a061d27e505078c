import { useEffect, useState } from "react";

// useSecondsLeft counts seconds down to 0, and stands still while it is held; without seconds nothing ends.
export function useSecondsLeft(seconds: number | undefined, held: boolean): number | undefined {
  const [left, setLeft] = useState(seconds), running = left !== undefined && left > 0 && !held;
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setLeft((before) => before && before - 1), 1_000);
    return () => clearInterval(timer);
  }, [running]);
  return left;
}
