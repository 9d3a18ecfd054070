package boot

import "testing"

func TestMemoryLimit(t *testing.T) {
	for megabytes, want := range map[string]int64{"128": 107374176, "512": 429496728, "10240": 8589934592, "": 0, "-1": 0, "much": 0} {
		if got := memoryLimit(megabytes); got != want {
			t.Errorf("%q: %d, want %d", megabytes, got, want)
		}
	}
}
