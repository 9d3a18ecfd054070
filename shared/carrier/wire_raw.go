package carrier

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// documentData matches the base64 of a document: nothing else in a carrier's answer is that long without a break.
var documentData = regexp.MustCompile(`[A-Za-z0-9+/=_\\-]{200,}`)

// secretHeaders never become part of the evidence.
var secretHeaders = []string{"Authorization", "Cookie", "Proxy-Authorization", "Set-Cookie", "Www-Authenticate", "X-Api-Key"}

// Head is the part of an answer that is kept for a person: at most MaxRawBody bytes of the body, with documents and
// secrets cut out.
func Head(e Evidence, secrets ...string) Answer {
	a := Answer{Status: e.Status, Sent: e.Sent, Duration: e.Duration, Header: headHeader(e.Header, secrets)}
	if e.Err != nil {
		a.Error = Redact(e.Err.Error(), secrets...)
	}
	// Secrets first: a cut through one would leave a piece that no longer matches.
	b := Redact(strings.ToValidUTF8(string(e.Body), "\uFFFD"), secrets...)
	b = documentData.ReplaceAllStringFunc(b, func(s string) string { return fmt.Sprintf("[%d characters cut]", len(s)) })
	a.Body = cutTo(b, MaxRawBody)
	return a
}

func headHeader(h http.Header, secrets []string) map[string]string {
	if len(h) == 0 {
		return nil
	}
	m := make(map[string]string, len(h))
	for k, v := range h {
		if !slices.Contains(secretHeaders, k) {
			m[k] = cutTo(Redact(strings.Join(v, ", "), secrets...), 256)
		}
	}
	return m
}

// cutTo shortens valid UTF-8 to at most n bytes without breaking a character.
func cutTo(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// Redact replaces every secret in s. A secret of fewer than four characters would blank half a text and is left.
func Redact(s string, secrets ...string) string {
	for _, x := range secrets {
		if len(x) >= 4 {
			s = strings.ReplaceAll(s, x, "[secret]")
		}
	}
	return s
}
