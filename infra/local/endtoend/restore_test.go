package endtoend_test

import (
	"os"
	"testing"
	"time"
)

// TestRestore takes the tables back to an earlier moment while the carrier goes on, as infra/docs/restore.md does: an order
// that they have forgotten, and that its shipper sends again, is found at the carrier and not booked again.
func TestRestore(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t)
	data, earlier := t.TempDir(), t.TempDir()
	s := startIn(t, data, sim)
	p := s.shipper("Restored")
	s.Stop()
	if err := os.CopyFS(earlier, os.DirFS(data)); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := p.ordered("forgotten", "zpl", 1)
	s.Stop()

	now := time.Now().UTC()
	restored := startIn(t, earlier, sim, "-params", "Restored="+now.Format(time.RFC3339)+"/"+now.Add(time.Hour).Format(time.RFC3339))
	q := &shipper{restored, p.At(restored.Stack)}
	id := first.Str("id")
	if a := q.call("GET", "/v1/shipments/"+id, nil, nil); a.Status != 404 {
		t.Fatalf("the tables have not forgotten it: %d %s", a.Status, a.Body)
	}
	again := q.call("POST", "/v1/shipments", q.Confirmed("forgotten"), nil)
	q.fresh(again, 202)
	if again.Str("id") != id {
		t.Fatalf("%s is not %s", again.Str("id"), id)
	}
	shown := func() answer { return q.call("GET", "/v1/shipments/"+id, nil, nil) }
	await(t, time.Minute, "the look-up", func() bool { return shown().Str("status") == "booked" }, func() string { return string(shown().Body) })
	if number := shown().Str("tracking_number"); number != first.Str("tracking_number") {
		t.Errorf("%s, was %s", number, first.Str("tracking_number"))
	}
	if held := p.bookings(sim); len(held) != 1 || len(held[0].Bookings) != 1 {
		t.Errorf("the carrier has booked %+v", held)
	}
}
