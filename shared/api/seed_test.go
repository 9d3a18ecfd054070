package api_test

import (
	"regexp"
	"testing"

	"github.com/fairlead/fairlead/shared/api"
)

func TestNewID(t *testing.T) {
	fresh := func() string { return "01ARZ3NDEKTSV4RRFFQ69G5FAV" }
	t.Run("without a seed is from chance, in lower case", func(t *testing.T) {
		if got := api.NewID("ca_", "", fresh); got != "ca_01arz3ndektsv4rrffq69g5fav" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("of a seed is the same for ever", func(t *testing.T) {
		const want = "ca_mxk6ya22txctke7bfgb653doml" // stored ids depend on it
		if got := api.NewID("ca_", "seed", fresh); got != want || !regexp.MustCompile(`^ca_[a-z2-7]{26}$`).MatchString(got) {
			t.Errorf("got %q", got)
		}
	})
	t.Run("of another seed, or for another thing, is another", func(t *testing.T) {
		a, b, c := api.NewID("ca_", "seed", fresh), api.NewID("ca_", "seed2", fresh), api.NewID("ce_", "seed", fresh)
		if a == b || a[3:] == c[3:] {
			t.Errorf("got %q, %q, %q", a, b, c)
		}
	})
}
