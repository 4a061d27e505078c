// Dots is what then happens, one thing each.
export function Dots({ lines }: { lines: string[] }) {
  return <ul className="dots">{lines.map((line) => <li key={line}>{line}</li>)}</ul>;
}
