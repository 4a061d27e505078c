// Parts are identified by pattern, and additionally by colour: full, hatched, dotted, ruled.
const inks = ["var(--brand)", "var(--accent)", "var(--accent)", "var(--quiet)"] as const;

export const inkOf = (part: number) => inks[part % inks.length]!;
export const fillOf = (id: string, part: number) => (part % inks.length === 0 ? inks[0] : `url(#${id}-${part % inks.length})`);

// React's ids can contain characters that url(#…) does not allow.
export const plainId = (id: string) => `c${id.replace(/\W/g, "")}`;

// Patterns must be in the drawing that uses them.
export function Patterns({ id }: { id: string }) {
  const pattern = { patternUnits: "userSpaceOnUse", width: 6, height: 6 } as const;
  return (
    <defs>
      <pattern id={`${id}-1`} {...pattern} patternTransform="rotate(45)">
        <rect width="6" height="6" fill="#fff" />
        <rect width="3" height="6" fill={inks[1]} />
      </pattern>
      <pattern id={`${id}-2`} {...pattern}>
        <rect width="6" height="6" fill="#fff" />
        <circle cx="3" cy="3" r="1.5" fill={inks[2]} />
      </pattern>
      <pattern id={`${id}-3`} {...pattern}><rect width="6" height="6" fill="#fff" /><rect width="6" height="2" fill={inks[3]} /></pattern>
      <pattern id={`${id}-break`} {...pattern} patternTransform="rotate(-45)">
        <rect width="6" height="6" fill="#fff" />
        <rect width="2.5" height="6" fill="var(--alert)" />
      </pattern>
    </defs>
  );
}

interface LegendProps { id: string; parts: string[] }

// Legend names the patterns.
export function Legend({ id, parts }: LegendProps) {
  return (
    <ul className="legend">
      {parts.map((part, index) => (
        <li key={part}><svg width="22" height="14" aria-hidden="true"><Patterns id={`${id}-k${index}`} /><rect x="1" y="1" width="20"
          height="12" fill={fillOf(`${id}-k${index}`, index)} stroke={inkOf(index)} /></svg>{part}</li>
      ))}
    </ul>
  );
}
