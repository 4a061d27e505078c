package docs

import (
	"bytes"
	"html/template"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// engine renders Markdown. Raw HTML in a text is not passed on.
func engine() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(extension.Table),
		goldmark.WithParserOptions(parser.WithAutoHeadingID()),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(ours{}, 100))),
	)
}

// markdown renders a text, and lists its headings of the second level.
func markdown(source []byte) (template.HTML, []heading, error) {
	engine := engine()
	document := engine.Parser().Parse(text.NewReader(source))
	var contents []heading
	for node := document.FirstChild(); node != nil; node = node.NextSibling() {
		if found, is := node.(*ast.Heading); is && found.Level == 2 {
			id, _ := found.AttributeString("id")
			name, _ := id.([]byte)
			contents = append(contents, heading{ID: string(name), Text: plain(found, source)})
		}
	}
	var out bytes.Buffer
	err := engine.Renderer().Render(&out, source, document)
	// What is wider than a phone is scrolled within its own box.
	wide := strings.NewReplacer("<table>", `<div class="wide" role="group" aria-label="Table" tabindex="0"><table>`, "</table>", "</table></div>").Replace(out.String())
	return template.HTML(wide), contents, err //nolint:gosec // rendered without raw HTML
}

// plain is the text of a node without its marks.
func plain(node ast.Node, source []byte) string {
	var words strings.Builder
	_ = ast.Walk(node, func(inner ast.Node, entering bool) (ast.WalkStatus, error) {
		if found, is := inner.(*ast.Text); is && entering {
			words.Write(found.Segment.Value(source))
		}
		return ast.WalkContinue, nil
	})
	return words.String()
}

// ours renders code blocks: commands, answers, and sequence diagrams, which it draws.
type ours struct{}

// RegisterFuncs replaces the rendering of fenced code.
func (ours) RegisterFuncs(register renderer.NodeRendererFuncRegisterer) {
	register.Register(ast.KindFencedCodeBlock, fenced)
}

func fenced(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	block, _ := node.(*ast.FencedCodeBlock)
	var code bytes.Buffer
	for i := range block.Lines().Len() {
		line := block.Lines().At(i)
		code.Write(line.Value(source))
	}
	language := string(block.Language(source))
	if language == "sequence" {
		drawn, err := drawSequence(code.String())
		if err == nil {
			_, err = w.WriteString(drawn)
		}
		return ast.WalkSkipChildren, err
	}
	label := map[string]string{"sh": "Command", "json": "JSON"}[language]
	if label == "" {
		label = "Code"
	}
	_, _ = w.WriteString(`<pre class="code ` + template.HTMLEscapeString(language) + `" role="group" aria-label="` + label + `" tabindex="0"><code>`)
	_, err := w.WriteString(template.HTMLEscapeString(code.String()) + "</code></pre>\n")
	return ast.WalkSkipChildren, err
}
