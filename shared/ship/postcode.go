package ship

import "strings"

// A form shows what a postcode looks like, character by character: "#" is a digit, "@" a letter, "*" either, "b" to
// "e" are the classes of fits, a blank or a hyphen stands where the country's post writes one, and anything else
// stands for itself.

// ownPostcode writes a code as the country's post does: blanks and hyphens carry no meaning in what is given, and the
// country's letters in front of it, as in FI-00100, may be there or not. ok tells whether the code fits the country;
// without forms, anything does.
func (c country) ownPostcode(iso, code string) (own string, ok bool) {
	forms, _ := strings.CutPrefix(c.postcode, "?")
	if forms == "" {
		return code, true
	}
	bare := strings.NewReplacer(" ", "", "-", "").Replace(code)
	for form := range strings.SplitSeq(forms, "|") {
		spellings := []string{bare, strings.TrimPrefix(bare, iso)}
		if strings.HasPrefix(form, iso+"-") {
			spellings[1] = iso + bare
		}
		for _, s := range spellings {
			if own, ok := fill(form, s); ok {
				return own, true
			}
		}
	}
	return code, false
}

// fill writes a code without separators in a form; ok tells whether it fits.
func fill(form, bare string) (filled string, ok bool) {
	var b strings.Builder
	next := 0
	for _, f := range []byte(form) {
		switch {
		case f == ' ' || f == '-':
			b.WriteByte(f)
		case next < len(bare) && fits(f, bare[next]):
			b.WriteByte(bare[next])
			next++
		default:
			return "", false
		}
	}
	return b.String(), next == len(bare)
}

// fits tells whether a character may stand where a form has f.
func fits(f, c byte) bool {
	digit, letter := c >= '0' && c <= '9', c >= 'A' && c <= 'Z'
	switch f {
	case '#':
		return digit
	case '@':
		return letter
	case '*':
		return digit || letter
	case 'b': // the end of a British postcode (Royal Mail)
		return letter && !strings.ContainsRune("CIKMOV", rune(c))
	case 'c': // in a Canadian postcode (Canada Post)
		return letter && !strings.ContainsRune("DFIOQU", rune(c))
	case 'd': // the first of a Canadian postcode
		return letter && !strings.ContainsRune("DFIOQUWZ", rune(c))
	case 'e': // the end of an Eircode
		return digit || strings.ContainsRune("ACDEFHKNPRTVWXY", rune(c))
	}
	return f == c
}
