package booking

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
)

// Restored tells that the tables were restored: they have forgotten what was booked between their moment and At. The zero
// value tells that they were not.
//
// An order may be one that was booked in that time: one that was still pending at the tables' moment, or one that its shipper
// sends again. Its id, and so its reference at the carrier, is the same as then. The first attempt after the restore is
// therefore taken for a call that was not answered: recovery asks the carrier, adopts what is there, and lets it be booked
// by the rules for an absence if nothing is.
type Restored struct {
	At    time.Time // when the platform began to work on the restored tables
	Until time.Time // orders that are confirmed later are new ones
}

// UnmarshalText reads two moments as in 2026-11-22T10:00:00Z/2026-11-24T10:00:00Z; an empty text is the zero value.
func (d *Restored) UnmarshalText(text []byte) error {
	*d = Restored{}
	if len(text) == 0 {
		return nil
	}
	at, until, _ := strings.Cut(string(text), "/")
	from, err := time.Parse(time.RFC3339, at)
	to, err2 := time.Parse(time.RFC3339, until)
	if err != nil || err2 != nil || !from.Before(to) {
		return fmt.Errorf("%q is not two moments, the earlier first, as in 2026-11-22T10:00:00Z/2026-11-24T10:00:00Z", text)
	}
	*d = Restored{from, to}
	return nil
}

// doubts tells whether a shipment that was just claimed must be looked up before it is booked: nobody has since the restore.
func (d Restored) doubts(r Record) bool {
	return r.Confirmed.Before(d.Until) && !slices.ContainsFunc(r.History, func(e Entry) bool { return e.Status == Unknown && !e.At.Before(d.At) })
}

// forgotten is the outcome of an attempt that is not made, for the tables may have forgotten an earlier one.
func forgotten() carrier.Outcome {
	return carrier.Outcome{Kind: carrier.Unknown, Code: "restored", Message: "The tables were restored. What they have forgotten is asked of the carrier first."}
}
