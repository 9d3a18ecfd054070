package endtoend_test

import (
	"os"
	"testing"
)

// TestDataPlane is the main scenario on a data plane that AWS_ENDPOINT_URL names, as `make localstack` runs it: what a
// shipper does with tables, stream, queues, bucket and key, and the same tests that TestPlatform has. Left out are those
// that hold times which suit only an emulator on the same machine, that kill, and that touch no data. Where nothing is
// named there is nothing that TestPlatform does not show.
func TestDataPlane(t *testing.T) {
	if os.Getenv("AWS_ENDPOINT_URL") == "" {
		return
	}
	sim := newSimulator(t)
	// wake asks the table sixteen times: each second that would be most of what LocalStack can answer.
	s := start(t, sim, "-schedule-every", "5s")
	unsettled := beginUnsettled(t, s, sim)
	for _, group := range []struct {
		name string
		run  func(*testing.T, *stack, *simulator)
	}{
		{"confirming", confirming}, {"identity", identity}, {"documents", documents}, {"a batch", aBatch}, {"repeating", repeating}, {"other tenants", otherTenants},
		{"cancelling", cancelling}, {"callbacks", callbacks}, {"poison", poison},
	} {
		t.Run(group.name, func(t *testing.T) { group.run(t, s.in(t), sim) })
	}
	t.Run("an outcome that stays unknown is told once its absence is settled", func(t *testing.T) { unsettled.check(t) })
}

// aBatch is the smallest of the batches' tests, with rows of every kind.
func aBatch(t *testing.T, s *stack, sim *simulator) {
	mixedBatch(t, s.shipper("A batch"), sim, "application/json")
}
