import { Link } from "@tanstack/react-router";

import { useTexts } from "../../app/language";

// Tile is a number of the page that leads to the list of what it counts.
export interface Tile { name: string; count: number; section: string; alarming?: boolean }

// Tiles say the situation at a glance.
export function Tiles({ tiles, show }: { tiles: Tile[]; show: (section: string) => void }) {
  const t = useTexts("operations");
  return (
    <ul className="figures" aria-label={t("tiles")}>
      {tiles.map(({ name, count, section, alarming }) => (
        <li key={name} data-figure={name} className={alarming && count > 0 ? "alarming" : undefined}>
          <Link to="/operations" search={(before) => before} hash={`operations-${section}`} onClick={() => show(section)}>
            {alarming && count > 0 && <span aria-hidden="true" className="shape">▲</span>}<strong>{count}</strong> {t(name, { count })}
          </Link>
        </li>
      ))}
    </ul>
  );
}
