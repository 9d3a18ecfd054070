package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"
)

// IsCode tells whether an error is an answer with this code, such as version_mismatch. The codes are listed in
// infra/docs/errors.md.
func IsCode(err error, code string) bool {
	p, ok := errors.AsType[*Problem](err)
	return ok && p.Code == code
}

// Error is the problem in one line: what is wrong, where, and by which id the operator finds it.
func (p *Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d", p.Status)
	if p.Code != "" {
		b.WriteString(" " + p.Code)
	}
	if p.Source == SourceCarrier {
		b.WriteString(", says the carrier")
	}
	b.WriteString(": " + p.Detail)
	for _, e := range p.Errors {
		fmt.Fprintf(&b, "; %s: %s", e.Field, e.Detail)
	}
	if p.RequestID != "" {
		fmt.Fprintf(&b, " (request %s)", p.RequestID)
	}
	return b.String()
}

// problemOf reads an answer that says no. Not every one is a problem document: a proxy may have answered.
func problemOf(a Answer) *Problem {
	p := &Problem{}
	if json.Unmarshal(a.Body, p) != nil || p.Code == "" {
		p = &Problem{Title: http.StatusText(a.Status), Source: SourceFairlead,
			Detail: strings.TrimSpace(fmt.Sprintf("the answer is none of the API's, is the API's URL right? %s%s", redirected(a), head(a.Body)))}
	}
	p.Status = a.Status
	if p.RequestID == "" {
		p.RequestID = a.RequestID()
	}
	return p
}

// redirected says where an answer leads. No operation of the API leads anywhere but to a document.
func redirected(a Answer) string {
	if to := a.Header.Get("Location"); a.Status/100 == 3 && to != "" {
		return fmt.Sprintf("It leads to %.200q. ", to)
	}
	return ""
}

// head is the beginning of a text as one line.
func head(body []byte) string {
	line := strings.Join(strings.FieldsFunc(string(body[:min(len(body), 300)]), func(c rune) bool { return unicode.IsSpace(c) || !unicode.IsPrint(c) }), " ")
	return strings.ToValidUTF8(line, "")
}
