package ddbsim

import "strings"

// token is a piece of an expression: a word, #name, :value, an operator or punctuation; "" is the end.
type token struct {
	text string
	word bool // a bare word: a keyword, a function or an attribute
}

// is tells whether the token is a keyword, in any case.
func (t token) is(keyword string) bool { return t.word && strings.EqualFold(t.text, keyword) }

// maxExpression is the longest expression, in bytes.
const maxExpression = 4096

// lex cuts an expression into tokens.
func lex(text string) ([]token, error) {
	if strings.TrimSpace(text) == "" {
		return nil, invalid("The expression can not be empty")
	}
	if len(text) > maxExpression {
		return nil, invalid("Expression size has exceeded the maximum allowed size")
	}
	var out []token
	for rest := text; ; {
		rest = strings.TrimLeft(rest, " \t\r\n")
		if rest == "" {
			return append(out, token{}), nil
		}
		n := 1
		switch c := rest[0]; {
		case letter(c):
			n = span(rest, 1)
		case c == '#' || c == ':':
			if n = span(rest, 1); n == 1 {
				return nil, syntax(text, string(c))
			}
		case strings.HasPrefix(rest, "<>"), strings.HasPrefix(rest, "<="), strings.HasPrefix(rest, ">="):
			n = 2
		case c == '.' || c == '[':
			return nil, unsupported("a document path in %q", text)
		case !strings.ContainsRune("()=<>,+-", rune(c)):
			return nil, syntax(text, rest[:1])
		}
		out = append(out, token{text: rest[:n], word: letter(rest[0])})
		rest = rest[n:]
	}
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// span is the end of the letters, digits and underscores from a position on.
func span(s string, from int) int {
	for from < len(s) && (letter(s[from]) || s[from] >= '0' && s[from] <= '9' || s[from] == '_') {
		from++
	}
	return from
}
