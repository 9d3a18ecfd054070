package main

import (
	"io"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no orders":           {[]string{"-rate", "0"}, "want 0.1 to 1000"},
		"no pause":            {[]string{"-every", "0s"}, "want 1ms to 1m"},
		"no number":           {[]string{"-rate", "many"}, "invalid value"},
		"an argument":         {[]string{"now"}, `unexpected argument "now"`},
		"another folder":      {[]string{"-root", t.TempDir()}, "is not the repository"},
		"a folder of nothing": {[]string{"-root", "/nowhere"}, "is not the repository"},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			if err := run(t.Context(), c.args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}
