import { lazy, Suspense, useState } from "react";
import { Button } from "suomifi-ui-components";

import type { WorkItem } from "koppi-contract/koppi/casework/v1/casework_pb";
import type { ContactPoint } from "koppi-contract/koppi/common/v1/contact_point_pb";
import { useTexts } from "../../app/language";
import { patiently } from "../../app/patiently";
import { usePerson } from "../../app/session";
import { Contact } from "../../ui/contact";
import type { ReceiverValue } from "../../ui/form/fields";
import { canPass } from "../share/order";
import type { Result } from "../worklist/bulk";
import { Row, useCalled } from "../worklist/row";

const PassForm = lazy(async () => ({ default: (await patiently(() => import("../worklist/passform"))).PassForm }));

// So many rows are shown at first.
const shownFirst = 12;

interface Props {
  name: string;
  title: string;
  // What is said where there is nothing.
  none: string;
  items: WorkItem[];
  // How to reach the senders, where one would ring them.
  contacts?: ContactPoint[];
  passed: (results: Result[]) => void;
}

// Section is a part of the page with its matters.
export function Section({ name, title, none, items, contacts, passed }: Props) {
  return (
    <section aria-labelledby={`weekend-${name}`} data-part={name}>
      <h2 id={`weekend-${name}`}>{title}{items.length > 0 && ` (${items.length})`}</h2>
      {items.length === 0 ? <p className="quiet"><span aria-hidden="true" className="shape">✓</span>{none}</p>
        : <Lines items={items} contacts={contacts} passed={passed} />}
    </section>
  );
}

// Lines are matters, each to be opened or passed on with one click.
export function Lines({ items, contacts, passed }: Pick<Props, "items" | "contacts" | "passed">) {
  const t = useTexts("sharing"), person = usePerson(), called = useCalled();
  const [passing, pass] = useState<string>(), [whole, showWhole] = useState(false);
  return (
    <div className="list weekend-list">
      <ul>{items.slice(0, whole ? undefined : shownFirst).map((item) => (
        <li key={item.subject}>
          <Row item={item} list="work" person={person} />
          {canPass(item) && passing !== item.subject && <Button type="button" variant="secondaryNoBorder" data-pass
            aria-label={`${t("pass")}: ${called(item)}`} onClick={() => pass(item.subject)}>{t("pass")}</Button>}
          {contacts && <Contact contacts={contacts} party={item.sender} />}
          {passing === item.subject && <Passing items={[item]} passed={passed} close={() => pass(undefined)} />}
        </li>
      ))}</ul>
      {!whole && items.length > shownFirst && <Button type="button" variant="secondaryNoBorder" onClick={() => showWhole(true)}>
        {t("showAll", { number: items.length })}
      </Button>}
    </div>
  );
}

interface PassingProps { items: WorkItem[]; to?: ReceiverValue; passed: (results: Result[]) => void; close: () => void }

// Passing asks to whom the matters are passed on.
export function Passing({ items, to, passed, close }: PassingProps) {
  const person = usePerson();
  return (
    <Suspense>
      <PassForm items={items} person={person} to={to} draft={`weekend-${items[0]!.subject}`} close={close} done={passed} />
    </Suspense>
  );
}
