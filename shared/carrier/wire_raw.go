package carrier

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// documentRun is how many characters of base64 without a break are a document: nothing else in a carrier's answer is that
// long.
const documentRun = 200

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
	a.Body = cutTo(withoutDocuments(b), MaxRawBody)
	return a
}

// withoutDocuments cuts every document out of a text. Each booking's whole answer passes through it: a regular expression
// here would be a quarter of a booking's processor time.
func withoutDocuments(s string) string {
	var out strings.Builder
	kept, run := 0, 0 // s is written up to kept, and of base64 since run
	for i := range len(s) + 1 {
		if i < len(s) && inBase64(s[i]) {
			continue
		}
		if i-run >= documentRun {
			_, _ = fmt.Fprintf(&out, "%s[%d characters cut]", s[kept:run], i-run)
			kept = i
		}
		run = i + 1
	}
	return out.String() + s[kept:]
}

// inBase64 knows both alphabets, and the backslash with which JSON may escape a slash.
func inBase64(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '+' || c == '/' || c == '=' || c == '_' || c == '-' || c == '\\'
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
