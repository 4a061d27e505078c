package docs

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"slices"
	"strings"

	"koppi.internal/pkg/version"
)

//go:embed templates pages
var sources embed.FS

// missingPage is the page of addresses that do not exist.
const missingPage = Path + "/not-found"

// section is a part of the contents.
type section struct {
	Title string
	Pages []*page
}

// page is one page of the documentation.
type page struct {
	// Name is its address below Path; empty for the first page.
	Name, Title string
	// Lang is its language; English if it is empty.
	Lang string
	// Draft marks a page that lawyers have not approved.
	Draft bool
	// Contents are the headings of its second level.
	Contents []heading
	// make makes the content of a page that is not in Markdown.
	make func(*site) (template.HTML, error)
}

type heading struct{ ID, Text string }

// Address is where the page is.
func (p *page) Address() string { return strings.TrimSuffix(Path+"/"+p.Name, "/") }

// sections are all pages, in the order of the contents.
func sections() []section {
	return []section{
		{"Start", []*page{
			{Name: "", Title: "Koppi for partners"},
			{Name: "twelve-calls", Title: "Your system in 12 calls"},
			{Name: "kits", Title: "Kits", make: (*site).kits},
			{Name: "test-persons", Title: "Test persons"},
			{Name: "sandbox", Title: "A sandbox of your own"},
			{Name: "loops", Title: "The loops, drawn"},
		}},
		{"Guides", []*page{
			{Name: "callbacks", Title: "Callbacks"},
			{Name: "streams", Title: "Streams and polling"},
			{Name: "on-behalf-of", Title: "Acting for a worker"},
			{Name: "attachments", Title: "Attachments"},
			{Name: "export", Title: "Export"},
			{Name: "errors", Title: "Errors"},
			{Name: "limits", Title: "Limits"},
			{Name: "versions", Title: "Versions"},
		}},
		{"Reference", []*page{
			{Name: "reference", Title: "Calls and messages", make: (*site).referenceIndex},
			{Name: "events", Title: "Events", make: (*site).eventIndex},
			{Name: "reasons", Title: "Reasons of refusals", make: (*site).reasons},
			{Name: "openapi", Title: "OpenAPI"},
			{Name: "glossary", Title: "Glossary", make: (*site).glossary},
			{Name: "changes", Title: "Changes", make: (*site).changes},
		}},
		{"Before signing", []*page{
			{Name: "suomeksi", Title: "Suomeksi", Lang: "fi"},
			{Name: "pa-svenska", Title: "På svenska", Lang: "sv"},
			{Name: "controllers", Title: "Controllers and processors", Draft: true},
			{Name: "disclosure", Title: "Disclosure policy", Draft: true, make: (*site).disclosure},
			{Name: "retention", Title: "Retention", Draft: true},
			{Name: "keys", Title: "Keys", Draft: true},
			{Name: "logs", Title: "Logs", Draft: true},
			{Name: "incidents", Title: "Incidents and contact", Draft: true},
			{Name: "boundaries", Title: "What Koppi does not do", Draft: true},
		}},
	}
}

// site is the documentation while it is made.
type site struct {
	Sections []section
	contract *contract
	examples examples
	tables   []disclosureTable
	layout   *template.Template
	files    map[string]file
}

// build makes all pages.
func build() (*site, error) {
	s := &site{Sections: sections(), files: map[string]file{}}
	steps := []func() error{s.read, s.readAssets, s.referencePages, s.eventPages, s.kitPages, s.prosePages, s.openAPI}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, fmt.Errorf("docs: %w", err)
		}
	}
	return s, nil
}

func (s *site) read() (err error) {
	if s.contract, err = newContract(); err != nil {
		return err
	}
	if s.examples, err = readExamples(); err != nil {
		return err
	}
	if s.tables, err = readDisclosure(); err != nil {
		return err
	}
	s.layout, err = template.New("").ParseFS(sources, "templates/*.html")
	return err
}

func (s *site) readAssets() error {
	return fs.WalkDir(assets, "assets", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := assets.ReadFile(name)
		s.files[Path+"/"+name] = newFile(name, content)
		return err
	})
}

// prosePages makes the pages of the contents, and the page of addresses that do not exist.
func (s *site) prosePages() error {
	all := []*page{{Name: path.Base(missingPage), Title: "No such page"}}
	for _, section := range s.Sections {
		all = append(all, section.Pages...)
	}
	for _, page := range all {
		content, err := s.content(page)
		if err == nil {
			err = s.add(page, content)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", page.Name, err)
		}
	}
	return nil
}

func (s *site) content(page *page) (template.HTML, error) {
	if page.make != nil {
		return page.make(s)
	}
	name := page.Name
	if name == "" {
		name = "index"
	}
	text, err := sources.ReadFile("pages/" + name + ".md")
	if err != nil {
		return "", err
	}
	content, contents, err := markdown(text)
	page.Contents = contents
	return content, err
}

// shown is what the layout shows.
type shown struct {
	*page
	Sections []section
	Content  template.HTML
	Version  string
}

// IsCurrent reports whether a page of the contents is the one that is shown, or stands for it: the pages
// below it have none of their own in the contents.
func (s shown) IsCurrent(other *page) bool {
	return s.Name == other.Name || other.Name != "" && strings.HasPrefix(s.Name, other.Name+"/")
}

// add renders a page and gives it its address.
func (s *site) add(page *page, content template.HTML) error {
	var out bytes.Buffer
	if page.Lang == "" {
		page.Lang = "en"
	}
	err := s.layout.ExecuteTemplate(&out, "layout.html", shown{page: page, Sections: s.Sections, Content: content, Version: version.Number})
	s.files[page.Address()] = newFile("", out.Bytes())
	return err
}

// rendered executes a template for a part of a page.
func (s *site) rendered(name string, data any) (template.HTML, error) {
	var out strings.Builder
	err := s.layout.ExecuteTemplate(&out, name, data)
	return template.HTML(out.String()), err //nolint:gosec // our own template escapes it
}

// addresses are all addresses, in order.
func (s *site) addresses() []string {
	var all []string
	for address := range s.files {
		all = append(all, address)
	}
	slices.Sort(all)
	return all
}
