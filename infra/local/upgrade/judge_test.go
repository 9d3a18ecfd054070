package upgrade

import (
	"strings"
	"testing"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/infra/carriersim/state"
	"github.com/fairlead/fairlead/shared/booking"
)

const id = "shp_c4z5qs6uh6doturdnsh4d3gyqt"

func TestTheLedgerDecides(t *testing.T) {
	entry := func(reference string, numbers ...string) carriersim.Entry {
		e := carriersim.Entry{Reference: reference, Account: "S1", Live: len(numbers), Numbers: numbers}
		for _, n := range numbers {
			e.Bookings = append(e.Bookings, state.Booking{ID: n})
		}
		return e
	}
	mine := booking.Reference(id)
	for name, c := range map[string]struct {
		number                   string
		begun                    int
		ledger                   []carriersim.Entry
		booked, duplicates, lost int
		says                     string
	}{
		"one label that the shipper knows is booked": {"1Z1", 1, []carriersim.Entry{entry(mine, "1Z1")}, 1, 0, 0, ""},
		"two labels are a duplicate":                 {"1Z1", 1, []carriersim.Entry{entry(mine, "1Z1", "1Z2")}, 0, 1, 0, "was booked 2 times"},
		"no label is a loss":                         {"", 1, nil, 0, 0, 1, `has number ""`},
		"a label that the shipper does not know":     {"", 1, []carriersim.Entry{entry(mine, "1Z1")}, 0, 0, 1, `carrier holds ["1Z1"]`},
		"a label that nobody asked for":              {"1Z1", 1, []carriersim.Entry{entry(mine, "1Z1"), entry("else", "1Z2")}, 1, 0, 1, "no order asked for"},
		"an order that was not accepted":             {"1Z1", 2, []carriersim.Entry{entry(mine, "1Z1")}, 1, 0, 1, ""},
		"another shipper's label is not ours":        {"1Z1", 1, []carriersim.Entry{entry(mine, "1Z1"), {Reference: "else", Account: "S2"}}, 1, 0, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := &Report{Orders: c.begun}
			r.hold(map[string]*order{"a": {id: id, number: c.number}}, c.ledger, "S1")
			if r.Booked != c.booked || r.Duplicates != c.duplicates || r.Lost != c.lost || !strings.Contains(strings.Join(r.Wrong, "\n"), c.says) {
				t.Errorf("got %+v", r)
			}
			if r.Reread = r.Orders; (r.Err() == nil) != (c.duplicates+c.lost == 0) {
				t.Errorf("error %v", r.Err())
			}
		})
	}
}

func TestAFailedRequestFailsTheRun(t *testing.T) {
	for name, r := range map[string]*Report{
		"a failed request": {Failed: []string{"GET /v1/x: 500"}},
		"a dead letter":    {Dead: 1},
		"not read back":    {Orders: 2, Reread: 1},
		"anything else":    {Wrong: []string{"x"}},
	} {
		t.Run(name, func(t *testing.T) {
			if r.Err() == nil {
				t.Error("it is no error")
			}
		})
	}
}
