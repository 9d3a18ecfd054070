package account

import (
	"strings"
	"testing"
)

// FuzzParseKey holds that a text is taken for a key only when it is one to the letter.
func FuzzParseKey(f *testing.F) {
	for _, seed := range []string{
		"", "fl_test_aaaaaaaaaaaaaaaa_" + strings.Repeat("a", 40), "fl_live_abcdefghijklmnop_" + strings.Repeat("7", 40), "fl_prod_a_b", "fl_test__", "____",
		"fl_test_aaaaaaaaaaaaaaaa_" + strings.Repeat("a", 40) + "_", "\xff\xfe", strings.Repeat("fl_", 50),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		mode, id, secret, ok := parseKey(text)
		if !ok {
			return
		}
		if text != "fl_"+string(mode)+"_"+id+"_"+secret || !isText(id, keyIDBytes) || !isText(secret, keySecretBytes) {
			t.Errorf("%q was taken apart as %q, %q, %q", text, mode, id, secret)
		}
		if strings.ContainsAny(id, "#\x00 ") {
			t.Errorf("%q gets into a key of the database", id)
		}
	})
}
