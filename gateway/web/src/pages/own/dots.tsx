// Dots lists consequences as bullet points.
export function Dots({ lines }: { lines: string[] }) {
  return <ul className="dots">{lines.map((line) => <li key={line}>{line}</li>)}</ul>;
}
