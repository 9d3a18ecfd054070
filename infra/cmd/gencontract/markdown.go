package main

import (
	"html"
	"html/template"
	"regexp"
	"strings"
)

// paragraphs are the parts of a text between blank lines, each with its lines joined.
func paragraphs(text string) []string {
	var out []string
	for _, p := range regexp.MustCompile(`\n\s*\n`).Split(text, -1) {
		if p = strings.Join(strings.Fields(p), " "); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// prose makes a <p> of each paragraph of a text.
func prose(text string) template.HTML {
	var b strings.Builder
	for _, p := range paragraphs(text) {
		b.WriteString("<p>" + string(inline(p)) + "</p>\n")
	}
	return template.HTML(b.String())
}

// inline makes HTML of what descriptions are written in, which is all of Markdown that they use: `code` and **bold**. A
// mark without its counterpart stands for itself. Everything else is escaped.
func inline(text string) template.HTML {
	text = strings.TrimSpace(text)
	var b strings.Builder
	for text != "" {
		at := strings.IndexAny(text, "`*")
		if at < 0 {
			break
		}
		b.WriteString(html.EscapeString(text[:at]))
		text = text[at:]
		if code, rest, ok := marked(text, "`"); ok {
			b.WriteString("<code>" + html.EscapeString(code) + "</code>")
			text = rest
		} else if bold, rest, ok := marked(text, "**"); ok {
			b.WriteString("<strong>" + string(inline(bold)) + "</strong>")
			text = rest
		} else {
			b.WriteString(text[:1])
			text = text[1:]
		}
	}
	return template.HTML(b.String() + html.EscapeString(text))
}

// marked takes a text apart that begins with a mark and what is marked by it.
func marked(text, mark string) (inner, rest string, ok bool) {
	text, begins := strings.CutPrefix(text, mark)
	inner, rest, ends := strings.Cut(text, mark)
	return inner, rest, begins && ends && inner != ""
}

// plain is a text without its marks, for names of places on the page.
func plain(text string) string { return strings.NewReplacer("`", "", "**", "").Replace(text) }
