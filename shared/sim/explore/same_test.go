package explore_test

import (
	"io"
	"testing"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/sim/explore"
)

func TestItIsTheSameTwice(t *testing.T) {
	c := explore.Config{Absence: carrier.Conclusive, Workers: 1, Recoveries: 1, Requests: 2, Crashes: -1, Late: 1, Lag: 1}
	a, b := explore.Explore(c, nil), explore.Explore(c, io.Discard)
	if a.States != b.States || a.Transitions != b.Transitions || a.Depth != b.Depth {
		t.Errorf("%v, then %v", a, b)
	}
}
