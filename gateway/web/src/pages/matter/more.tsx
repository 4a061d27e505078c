import { ActionMenu, ActionMenuDivider, ActionMenuItem } from "suomifi-ui-components";

import { useTexts } from "../../app/language";

// Entry is a line of the menu; data are its attributes for tests: { "data-begin": "plan" }.
export interface Entry { key: string; text: string; data: Record<string, string>; choose: () => void }

// More is the menu of the steps that are neither primary nor beside it, in groups.
export function More({ groups }: { groups: Entry[][] }) {
  const t = useTexts("matter"), some = groups.filter((group) => group.length > 0);
  if (!some.length) return null;
  return (
    <ActionMenu buttonText={t("more")} menuClassName="more-menu" data-more>
      {some.flatMap((group, at) => [
        ...(at ? [<ActionMenuDivider key={`before ${group[0]!.key}`} />] : []),
        ...group.map(({ key, text, data, choose }) => <ActionMenuItem key={key} onClick={choose} {...data}>{text}</ActionMenuItem>),
      ])}
    </ActionMenu>
  );
}
