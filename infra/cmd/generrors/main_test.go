package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/shared/api"
)

func TestPage(t *testing.T) {
	t.Run("is the one in infra/docs", func(t *testing.T) {
		have, err := os.ReadFile("../../docs/errors.md")
		if err != nil || !bytes.Equal(have, page(api.Codes)) {
			t.Errorf("infra/docs/errors.md is not up to date: run make generate (%v)", err)
		}
	})
	t.Run("explains every code once", func(t *testing.T) {
		text := string(page(api.Codes))
		for _, c := range api.Codes {
			if n := strings.Count(text, `<a id="error-`+c.Name+`"></a>`); n != 1 {
				t.Errorf("%s is there %d times", c.Name, n)
			}
		}
	})
	t.Run("keeps a bar within its cell", func(t *testing.T) {
		text := string(page([]api.Code{{Name: "x", In: api.InField, Cause: "a|b"}}))
		if !strings.Contains(text, `| a\|b |`) {
			t.Error(text)
		}
	})
}
