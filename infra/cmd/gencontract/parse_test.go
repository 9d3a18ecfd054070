package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// element is an element of a page.
type element struct {
	name  string
	attrs map[string]string
	in    []string // the elements around it, outermost first
	text  string   // within it, and within what it holds
	raw   bytes.Buffer
}

// parse reads a page strictly: every element is closed, every attribute quoted, every character that means something
// escaped. The page is written so that it is XML as well as HTML, which browsers read the same.
func parse(t *testing.T, page []byte) []*element {
	t.Helper()
	var all, open []*element
	dec := xml.NewDecoder(bytes.NewReader(page))
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("at byte %d: %v", dec.InputOffset(), err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := &element{name: token.Name.Local, attrs: map[string]string{}}
			for _, o := range open {
				e.in = append(e.in, o.name)
			}
			for _, a := range token.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			all, open = append(all, e), append(open, e)
		case xml.EndElement:
			last := open[len(open)-1]
			last.text, open = last.raw.String(), open[:len(open)-1]
		case xml.CharData:
			for _, o := range open {
				o.raw.Write(token)
			}
		}
	}
	for _, m := range regexp.MustCompile(`<(\w+)[^>]*/>`).FindAllSubmatch(page, -1) {
		if name := string(m[1]); name != "br" && name != "meta" {
			t.Errorf("<%s/> is closed at once, which HTML knows of void elements only", name)
		}
	}
	return all
}

// words are the elements that stand within a line.
var words = []string{"a", "br", "code", "span", "strong"}

// holds are the elements that may stand in others; a browser would move any other one to another place.
var holds = map[string][]string{
	"p": words, "h1": words, "h2": words, "h3": words, "h4": words, "th": words, "td": words, "code": {"span"}, "span": words, "strong": words,
	"a": {"code", "span"}, "pre": {"code"}, "ul": {"li"}, "li": {"a", "ul"}, "table": {"thead", "tbody"}, "thead": {"tr"}, "tbody": {"tr"}, "tr": {"th", "td"},
}

// misplaced tells what stands where HTML does not have it, and headings that skip a level.
func misplaced(all []*element) []string {
	var out []string
	level := 0
	for _, e := range all {
		if len(e.in) > 0 {
			parent := e.in[len(e.in)-1]
			if may, ok := holds[parent]; ok && !slices.Contains(may, e.name) {
				out = append(out, fmt.Sprintf("<%s> in <%s>", e.name, parent))
			}
		}
		if e.name == "a" && slices.Contains(e.in, "a") {
			out = append(out, "a link in a link")
		}
		if e.name == "th" && e.attrs["scope"] == "" {
			out = append(out, "a header of a table that heads nothing: "+e.text)
		}
		if len(e.name) == 2 && e.name[0] == 'h' && e.name != "hr" {
			n := int(e.name[1] - '0')
			if n > level+1 {
				out = append(out, fmt.Sprintf("<%s> %s comes after <h%d>", e.name, e.text, level))
			}
			if strings.TrimSpace(e.text) == "" {
				out = append(out, fmt.Sprintf("an empty <%s>", e.name))
			}
			level = n
		}
	}
	return out
}
