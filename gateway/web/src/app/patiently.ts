// The time between two attempts to load a part of the pages.
const again = 2_000;

// patiently loads a part of the pages that an open form needs, again and again while the line is cut: what
// is open stays.
export async function patiently<T>(load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load();
    } catch {
      await new Promise((resolve) => { setTimeout(resolve, again); });
    }
  }
}
