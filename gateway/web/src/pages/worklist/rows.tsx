import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";

import type { WorkItem } from "koppi-contract/koppi/casework/v1/casework_pb";
import { usePrinting } from "../../app/printing";
import type { Person } from "../../app/session";
import { Row } from "./row";
import type { ListName } from "./work";

const rowHeight = 84;

interface Props { items: WorkItem[]; list: ListName; person: Person; open?: string; label: string; move: { current: (by: number) => void } }

// Rows renders only the visible part of a list; in print, all of it.
export function Rows({ items, list, person, open, label, move }: Props) {
  const frame = useRef<HTMLDivElement>(null), printing = usePrinting();
  const rows = useVirtualizer({
    count: items.length, getScrollElement: () => frame.current, estimateSize: () => rowHeight, overscan: 8,
    getItemKey: (index) => items[index]!.subject,
  });
  // wanted is a row that a key has selected and that is not rendered yet.
  const wanted = useRef<string>(undefined);
  // j and k move from that row, the focused one, or the open one.
  move.current = (by) => {
    const from =
      items.findIndex(({ subject }) => subject === (wanted.current ?? document.activeElement?.getAttribute("data-subject") ?? open));
    const to = Math.min(Math.max(from + by, 0), items.length - 1);
    rows.scrollToIndex(to);
    wanted.current = items[to]?.subject;
    settle();
  };
  const settle = () => {
    const row = wanted.current && frame.current?.querySelector<HTMLElement>(`[data-subject="${wanted.current}"]`);
    if (!row) return;
    row.focus();
    wanted.current = undefined;
  };
  useEffect(settle);
  return (
    <div ref={frame} className="rows">
      <ul aria-label={label} style={{ height: rows.getTotalSize() }}>
        {printing ? items.map((item) => <li key={item.subject}><Row item={item} list={list} person={person} /></li>)
          : rows.getVirtualItems().map(({ index, key, start }) => (
            <li key={key} ref={rows.measureElement} data-index={index} aria-setsize={items.length} aria-posinset={index + 1}
              style={{ transform: `translateY(${start}px)` }}>
              <Row item={items[index]!} list={list} person={person} />
            </li>
          ))}
      </ul>
    </div>
  );
}
