package web_test

import (
	"regexp"
	"strings"
	"testing"
)

// written are the ways in which a text for people stands in the code of a page: between
// tags, as a string between them, and in an attribute that is shown or read out.
var written = []*regexp.Regexp{
	regexp.MustCompile(`<[A-Za-z][\w.]*(?:\s[^<>]*)?>([^<>{}=;|]*\pL[^<>{}=;|]*)<[A-Za-z/]`),
	regexp.MustCompile(`[>}]([^<>{}]*\pL[^<>{}]*)</`),
	regexp.MustCompile(`>\{"([^"]*\pL[^"]*)"\}`),
	regexp.MustCompile(`\s(?:aria-label|aria-description|aria-roledescription|title|alt|placeholder|labelText|hintText|optionalText|statusText|visualPlaceholder|headingText|searchButtonLabel|clearButtonLabel|groupHintText|groupStatusText)="([^"]*\pL[^"]*)"`),
}

// alike are in all languages the same: a name, and units.
var alike = regexp.MustCompile(`^(Koppi|kB|MB|CSV|PDF|n =)$`)

func texting(code string) (found []string) {
	for _, way := range written {
		for _, one := range way.FindAllStringSubmatch(code, -1) {
			// A condition between two elements begins as no text does.
			if text := strings.TrimSpace(one[1]); !alike.MatchString(text) && !strings.ContainsAny(text[:1], ":?)&,") {
				found = append(found, text)
			}
		}
	}
	return found
}

// No text that a person reads stands in the code.
func TestNoTextInCode(t *testing.T) {
	for _, one := range sources(t) {
		if !strings.HasSuffix(one.path, ".tsx") {
			continue
		}
		for _, text := range texting(one.text) {
			t.Errorf("%s: %q belongs into src/texts", one.path, text)
		}
	}
	for code, want := range map[string]bool{
		`<p>Hei</p>`: true, `<p>{name} sanoo</p>`: true, `<b>Hei <i>{name}</i></b>`: true, `<p>{"Hei"}</p>`: true, `<input aria-label="Haku" />`: true, `<a href="/x">Koppi</a>`: false,
		`<p>{t("hei")}</p>`: false, `const a = useRef<Props>(null), b = c as Record<string, A>;`: false, `<span aria-hidden="true">▲</span>`: false, `(a) => <Row key={a} />`: false,
	} {
		if got := len(texting(code)) > 0; got != want {
			t.Errorf("%s: found %v", code, got)
		}
	}
}
