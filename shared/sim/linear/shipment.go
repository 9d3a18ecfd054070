package linear

import (
	"strconv"

	"github.com/anishathalye/porcupine"

	"github.com/fairlead/fairlead/shared/booking"
)

// shipment is the state of one shipment as far as its clients have learned it; version 0: there is none.
type shipment struct {
	body    string
	version int64
	status  booking.Status
	confirm string // key of the last confirm
}

// moves are what the platform does by itself and what a client's cancellation does, by the booking protocol's states; each
// raises the version by one. Only clients confirm and change, so nothing leads from draft or failed to pending, and a draft
// has no version by itself. A state that leads to itself can be written to
// without being left (a late number, a hold, a document fetched).
var moves = map[booking.Status][]booking.Status{
	booking.Draft:            {booking.Cancelled},
	booking.Pending:          {booking.Pending, booking.Booking, booking.Failed, booking.Unknown, booking.Cancelled},
	booking.Booking:          {booking.Booking, booking.Booked, booking.Failed, booking.Pending, booking.Unknown},
	booking.Unknown:          {booking.Unknown, booking.Booked, booking.Pending},
	booking.Failed:           {booking.Failed, booking.Unknown},
	booking.Booked:           {booking.Booked, booking.Cancelling, booking.CancelledLocally},
	booking.Cancelling:       {booking.Cancelling, booking.Cancelled, booking.CancelledLocally, booking.Booked},
	booking.Cancelled:        {booking.Cancelled},
	booking.CancelledLocally: {booking.CancelledLocally},
}

// apart is how many moves a state is from another, for each that can be reached.
var apart = distances(moves)

func distances(moves map[booking.Status][]booking.Status) map[[2]booking.Status]int64 {
	out := map[[2]booking.Status]int64{}
	for from := range moves {
		out[[2]booking.Status{from, from}] = 0
		for queue := []booking.Status{from}; len(queue) > 0; queue = queue[1:] {
			for _, to := range moves[queue[0]] {
				if _, seen := out[[2]booking.Status{from, to}]; !seen {
					out[[2]booking.Status{from, to}] = out[[2]booking.Status{from, queue[0]}] + 1
					queue = append(queue, to)
				}
			}
		}
	}
	return out
}

// moved is the shipment when the platform alone has brought it to a status and version. Every state that is led to
// leads to itself, so whatever can be reached in fewer moves can be reached in exactly so many.
func (s shipment) moved(to booking.Status, version int64) (shipment, bool) {
	n := version - s.version
	d, reached := apart[[2]booking.Status{s.status, to}]
	if !reached || n < d || to == booking.Draft && n > 0 {
		return s, false
	}
	s.status, s.version = to, version
	return s, true
}

// claims are what calls say of the shipment that they name, as the search takes them.
func (s Stale) claims(ops []Op) []porcupine.Operation { return placed(s.said(ops)) }

// said is what calls say. A replayed answer is as old as s allows.
func (s Stale) said(ops []Op) []porcupine.Operation {
	var out []porcupine.Operation
	for _, o := range ops {
		switch {
		case o.unanswered() && o.Kind != Get && o.Kind != Cancel:
			out = append(out, o.someday())
		case o.unanswered(), o.denied(), o.Status == 422 && o.Existing != o.ID:
		case o.Status == 404:
			out = append(out, o.says(sawNothing))
		case o.Status == 422:
			out = append(out, o.says(sawAnother))
		default:
			switch did, may := o.writes(); {
			case did:
				out = append(out, o.says(wrote))
			case may:
				out = append(out, o.someday())
			}
			out = append(out, s.aged(o))
		}
	}
	return out
}

// writes tells whether a call that showed a state has written too, or may have. An answer that is not replayed did. A
// replayed one may be that of a second attempt whose first was applied and never acknowledged, and so may a 412, if
// another confirm came in between. Once such an answer was true, the write can't come any more: its version has passed.
func (o Op) writes() (did, may bool) {
	switch o.Kind {
	case Create:
		return !o.Replayed, o.ConfirmNow
	case Confirm:
		return o.Status == 202, o.Version < o.Answered
	case Update:
		return o.Status == 200 && !o.Replayed && o.Answered > o.Version, o.Version < o.Answered
	}
	return false, false
}

// aged is what the call showed, true at some time between its call and its return, or before it by the age allowed.
func (s Stale) aged(o Op) porcupine.Operation {
	c := o.says(showed)
	if o.Replayed && (o.Kind == Create || o.Kind == Confirm) {
		c.Call = max(0, c.Call-int64(s[booking.Status(o.State)]))
	}
	return c
}

// after implements state.
func (s shipment) after(c claim) (state, bool) {
	switch c.what {
	case wrote:
		return s.written(c.op)
	case sawNothing:
		return s, s.version == 0
	case sawAnother:
		return s, s.version > 0 && s.body != c.op.Body
	}
	next, ok := s.moved(booking.Status(c.op.State), c.op.Answered)
	return next, ok && next.answers(c.op)
}

// written is the shipment after a create, a change or a confirm took effect, and whether it can.
func (s shipment) written(o Op) (shipment, bool) {
	version, at := o.Version, s
	switch {
	case o.Kind == Create && s.version == 0:
		at := shipment{body: o.Body, version: 1, status: booking.Draft}
		if o.ConfirmNow {
			at.status = booking.Pending
		}
		return at, !o.Replayed // what is replayed was created by another
	case o.Kind == Create && (!o.ConfirmNow || s.body != o.Body || s.status != booking.Draft || s.version > 1): // a draft that was changed says something else
		return s, false
	case o.Kind == Create:
		version = s.version
	case s.status != booking.Draft || s.version != version:
		var ok bool
		if at, ok = s.moved(booking.Failed, version); !ok {
			return s, false
		}
	}
	if o.Kind == Update {
		at.version = version + 1
		return at, true
	}
	key := confirmKey(o.Key, version)
	if key == s.confirm {
		return s, false
	}
	at.status, at.version, at.confirm = booking.Pending, version+1, key
	return at, true
}

// confirmKey tells confirms apart: by their key, or by the version that they name.
func confirmKey(key string, version int64) string {
	if key == "" {
		return "version " + strconv.FormatInt(version, 10)
	}
	return "key " + key
}

// answers tells whether a call is answered so by a shipment that stands as the answer shows.
func (s shipment) answers(o Op) bool {
	switch o.Kind {
	case Update:
		return s.changed(o)
	case Cancel:
		return s.cancelled(o)
	}
	mine := s.confirm == confirmKey(o.Key, o.Version)
	switch {
	case o.Kind == Create && o.Replayed:
		return o.Status == 200 && s.body == o.Body && !(o.ConfirmNow && s.status == booking.Draft && s.version == 1)
	case o.Kind == Create:
		return (o.Status == 201) == (s.status == booking.Draft)
	case o.Kind == Get:
		return !o.Replayed
	case o.Status == 202:
		return !o.Replayed && mine && s.status == booking.Pending && s.version == o.Version+1
	case o.Status == 200:
		return o.Replayed && mine
	case o.Status == 412:
		return !mine && s.version != o.Version
	}
	confirmable := s.status == booking.Draft || s.status == booking.Failed
	return !mine && s.version == o.Version && (!confirmable || o.Late)
}

// changed tells whether a change is answered so. One that was made says the next version, and one that said nothing new
// the same. A failed shipment is not changed while an audit is owed, which no answer shows.
func (s shipment) changed(o Op) bool {
	editable := s.status == booking.Draft || s.status == booking.Failed
	switch o.Status {
	case 200:
		return editable && (s.version == o.Version+1 || s.version == o.Version && !o.Replayed)
	case 412:
		return s.version != o.Version
	}
	return s.version == o.Version && (s.status != booking.Draft || o.Late)
}

// cancelled tells whether a cancellation is answered so. What is not cancelled yet is wanted so; nobody wants a draft.
func (s shipment) cancelled(o Op) bool {
	done := s.status == booking.Cancelled || s.status == booking.CancelledLocally
	switch o.Status {
	case 200:
		return done
	case 202:
		return !done && s.status != booking.Draft && s.status != booking.Failed && (o.Replayed || s.status != booking.Pending)
	case 412:
		return o.Version > 0 && s.version != o.Version
	}
	return s.status == booking.Failed && (o.Version == 0 || s.version == o.Version)
}
