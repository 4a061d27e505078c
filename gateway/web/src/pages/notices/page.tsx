import { addTexts, useTexts } from "../../app/language";
import { useTitle } from "../../app/title";
import texts from "../../texts/notices.json";
import "./notices.css";

addTexts("notices", texts);

// The sections of each notice; each has a heading and paragraphs: keys of the texts.
const sections = {
  // The statement that 306/2019 § 10 asks for.
  accessibility: [
    ["accessibility_state", ["accessibility_state1", "accessibility_state2"]],
    ["accessibility_lacks", ["accessibility_lacks1", "accessibility_lacks2"]],
    ["accessibility_feedback", ["accessibility_feedback1"]],
    ["accessibility_authority", ["accessibility_authority1", "accessibility_authority2"]],
    ["accessibility_made", ["accessibility_made1"]],
  ],
  // What 679/2016 arts. 13 and 14 ask to be told.
  privacy: [
    ["privacy_who", ["privacy_who1"]],
    ["privacy_why", ["privacy_why1", "privacy_why2"]],
    ["privacy_what", ["privacy_what1", "privacy_what2"]],
    ["privacy_from", ["privacy_from1"]],
    ["privacy_to", ["privacy_to1", "privacy_to2"]],
    ["privacy_long", ["privacy_long1"]],
    ["privacy_rights", ["privacy_rights1", "privacy_rights2", "privacy_rights3"]],
    ["privacy_safe", ["privacy_safe1"]],
    ["privacy_complain", ["privacy_complain1"]],
  ],
} as const;

interface Props { name: keyof typeof sections }

// Notice is a page that everybody may read, signed in or not.
function Notice({ name }: Props) {
  const t = useTexts("notices"), title = t(name);
  useTitle(title);
  return (
    <article className="notice">
      <h1>{title}</h1>
      <p>{t(`${name}_about`)}</p>
      {sections[name].map(([heading, paragraphs]) => (
        <section key={heading}>
          <h2>{t(heading)}</h2>
          {paragraphs.map((one) => <p key={one}>{t(one)}</p>)}
        </section>
      ))}
    </article>
  );
}

export const Accessibility = () => <Notice name="accessibility" />;
export const Privacy = () => <Notice name="privacy" />;
