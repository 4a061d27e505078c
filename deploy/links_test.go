package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// inlineLink is a link or picture of Markdown, or an HTML picture, with its address.
var inlineLink = regexp.MustCompile(`\]\(([^)\s]+)\)|src="([^"]+)"`)

// Every link of a committed Markdown file to a file of the repository leads to one, and to a heading that it
// has. Addresses elsewhere are not asked.
func TestLinksOfDocuments(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "git", "-C", "..", "ls-files", "*.md").Output()
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for page := range strings.Lines(string(out)) {
		page = filepath.Join("..", strings.TrimSpace(page))
		if strings.HasPrefix(page, "../gateway/docs/") {
			// Their links are addresses of the gateway: TestLinks of gateway/docs follows them.
			continue
		}
		for _, link := range linksOf(t, page) {
			count++
			if wrong := dead(t, page, link); wrong != "" {
				t.Errorf("%s: %s: %s", page, link, wrong)
			}
		}
	}
	if count < 100 {
		t.Errorf("only %d links were found", count)
	}
}

var fencedCode = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")

func linksOf(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var links []string
	for _, found := range inlineLink.FindAllStringSubmatch(fencedCode.ReplaceAllString(string(text), ""), -1) {
		link := found[1] + found[2]
		if !strings.Contains(link, "://") && !strings.HasPrefix(link, "mailto:") {
			links = append(links, link)
		}
	}
	return links
}

// dead says what is wrong with a link of a page; empty for nothing.
func dead(t *testing.T, page, link string) string {
	t.Helper()
	path, fragment, _ := strings.Cut(link, "#")
	target := filepath.Join(filepath.Dir(page), path)
	if path == "" {
		target = page
	}
	if _, err := os.Stat(target); err != nil {
		return "there is no such file"
	}
	if fragment == "" || !strings.HasSuffix(target, ".md") {
		return ""
	}
	text, err := os.ReadFile(target)
	if err != nil {
		t.Fatal(err)
	}
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(string(text), -1) {
		if anchor(heading[1]) == fragment {
			return ""
		}
	}
	return "there is no such heading"
}

// anchor is how a forge names a heading.
func anchor(heading string) string {
	heading = regexp.MustCompile(`[^\p{L}\p{N}\s_-]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(strings.TrimSpace(heading), " ", "-")
}

func TestDeadLinksAreFound(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(page, []byte("# A heading, with words\n[a](page.md#a-heading-with-words) [b](none.md) [c](#none) `[d](code.md)`\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, link := range linksOf(t, page) {
		if dead(t, page, link) != "" {
			found = append(found, link)
		}
	}
	if strings.Join(found, " ") != "none.md #none" {
		t.Errorf("dead are %q", found)
	}
}
