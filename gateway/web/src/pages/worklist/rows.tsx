import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useId, useRef, type RefObject } from "react";

import type { WorkItem } from "koppi-contract/koppi/casework/v1/casework_pb";
import { useTexts } from "../../app/language";
import { usePrinting } from "../../app/printing";
import type { Person } from "../../app/session";
import type { Group } from "./groups";
import { Row } from "./row";
import type { Ticks } from "./ticks";
import type { ListName } from "./work";

const rowHeight = 44, headHeight = 24;

interface Props {
  groups: { group: Group; items: WorkItem[] }[];
  list: ListName;
  person: Person;
  open?: string;
  ticks?: Ticks;
  // The rows show the clients' names.
  names?: boolean;
  // The element that scrolls.
  pane: RefObject<HTMLElement | null>;
  move: { current: (by: number) => void };
}

// A line of the list: the heading of a group, or a matter with its place in the group.
type Line = { group: Group; count: number; item?: undefined; at?: undefined } | { group: Group; count: number; item: WorkItem; at: number };

const linesOf = (groups: Props["groups"]): Line[] => groups.flatMap(({ group, items }): Line[] => [
  { group, count: items.length }, ...items.map((item, at): Line => ({ group, count: items.length, item, at })),
]);

// Rows shows the matters by group. It renders only the visible part of the list; in print, all of it.
export function Rows({ groups, list, person, open, ticks, names, pane, move }: Props) {
  const t = useTexts("worklist"), id = useId(), frame = useRef<HTMLDivElement>(null), printing = usePrinting();
  const lines = linesOf(groups);
  const rows = useVirtualizer({
    count: lines.length, getScrollElement: () => pane.current, estimateSize: (index) => (lines[index]!.item ? rowHeight : headHeight),
    overscan: 8, getItemKey: (index) => lines[index]!.item?.subject ?? lines[index]!.group, scrollMargin: frame.current?.offsetTop ?? 0,
  });
  const indexOf = (subject?: string | null) => lines.findIndex(({ item }) => item && item.subject === subject);
  // wanted is a row that a key has selected and that is not rendered yet.
  const wanted = useRef<string>(undefined);
  // j and k move from that row, the focused one, or the open one.
  move.current = (by) => {
    const matters = lines.filter(({ item }) => item).map(({ item }) => item!.subject);
    const focused = document.activeElement?.closest("li")?.querySelector("[data-subject]")?.getAttribute("data-subject");
    const from = matters.indexOf(wanted.current ?? focused ?? open ?? "");
    const to = matters[Math.min(Math.max(from + by, 0), matters.length - 1)];
    rows.scrollToIndex(indexOf(to));
    wanted.current = to;
    settle();
  };
  const settle = () => {
    const row = wanted.current && frame.current?.querySelector<HTMLElement>(`[data-subject="${wanted.current}"]`);
    if (!row) return;
    row.focus();
    wanted.current = undefined;
  };
  useEffect(settle);
  // The row of the open matter is in view.
  const shown = useRef<string>(undefined);
  useEffect(() => {
    if (open === shown.current) return;
    const at = indexOf(open);
    if (at < 0) return;
    shown.current = open;
    rows.scrollToIndex(at, { align: "auto" });
  });
  const visible = printing ? lines.map((_, index) => ({ index, start: 0 })) : rows.getVirtualItems();
  const place = (start: number) => (printing ? undefined : { transform: `translateY(${start - rows.options.scrollMargin}px)` });
  return (
    <div ref={frame} className="rows" style={printing ? undefined : { height: rows.getTotalSize() }}>
      {groups.map(({ group, items }) => {
        const here = visible.filter(({ index }) => lines[index]?.group === group);
        if (!here.length) return null;
        const head = here.find(({ index }) => !lines[index]!.item);
        return (
          <section key={group} data-group={group} aria-labelledby={head ? `${id}${group}` : undefined}>
            {head && <h2 id={`${id}${group}`} ref={rows.measureElement} data-index={head.index} style={place(head.start)}>
              {t(`group_${group}`)}
            </h2>}
            <ul aria-label={t("list", { name: t(`group_${group}`), count: items.length })}>
              {here.filter(({ index }) => lines[index]!.item).map(({ index, start }) => {
                const { item, at } = lines[index] as Line & { item: WorkItem };
                return <li key={item.subject} ref={rows.measureElement} data-index={index} aria-setsize={items.length}
                  aria-posinset={at! + 1} style={place(start)} data-ticked={ticks?.has(item.subject) || undefined}>
                  <Row item={item} list={list} person={person} ticks={ticks} names={names} />
                </li>;
              })}
            </ul>
          </section>
        );
      })}
    </div>
  );
}
