import { useId, type ReactNode } from "react";
import { Button, Expander, ExpanderContent, ExpanderTitleButton } from "suomifi-ui-components";

import { SheetTable, type Sheet } from "./table";
import "./chart.css";

interface Props {
  // The picture's name in tests, and the file name of its table.
  name: string;
  // The question that it answers.
  title: string;
  // The sample, the unit and the precision.
  notes: ReactNode;
  sheet: Sheet;
  words: { table: string; save: string };
  save: (sheet: Sheet) => void;
  children: (ids: { labelledBy: string; describedBy: string }) => ReactNode;
}

// Picture is a drawing that answers one question, with the table of its numbers below.
export function Picture({ name, title, notes, sheet, words, save, children }: Props) {
  const id = useId(), ids = { labelledBy: `${id}title`, describedBy: `${id}notes` };
  return (
    <section className="picture" data-picture={name}>
      <h2 id={ids.labelledBy}>{title}</h2>
      {children(ids)}
      <p id={ids.describedBy} className="quiet notes">{notes}</p>
      <Expander>
        <ExpanderTitleButton>{words.table}<span className="hidden">: {title}</span></ExpanderTitleButton>
        <ExpanderContent>
          <SheetTable sheet={sheet} label={title} />
          <Button type="button" variant="secondary" data-save={name} aria-describedby={ids.labelledBy} onClick={() => save(sheet)}>
            {words.save}
          </Button>
        </ExpanderContent>
      </Expander>
    </section>
  );
}
