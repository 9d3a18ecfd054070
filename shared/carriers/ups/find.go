package ups

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/ups/internal/client"
	"github.com/fairlead/fairlead/shared/ship"
)

// notTracked is Track's warning "Tracking Information Not Found", with HTTP 200.
const notTracked client.Text = "TW0001"

// trackWindow is how many days Track looks back by itself.
const trackWindow = 14 * 24 * time.Hour

// maxCandidates bounds how many packages one look-up asks about.
const maxCandidates = 20

// answer is one look-up's result before it is a Finding.
type answer struct {
	kind     carrier.FindKind
	bookings []ship.Booking
	voided   []string
	message  string
	e        carrier.Evidence
}

// Find asks Label Recovery, then Track, for the order's reference. What either finds is found; it is absent only
// when both say so in UPS's documented way. Charges are not known to either.
func (u *UPS) Find(ctx context.Context, o carrier.Order, c carrier.Call) carrier.Finding {
	s, err := u.session(o, c)
	if err != nil {
		return carrier.Finding{Kind: carrier.FindFailed, Message: err.Error()}
	}
	rec := u.recoverByReference(ctx, s, o, c)
	if rec.kind == carrier.Found || rec.kind == carrier.FindUnauthorized {
		return u.finding(o, c, rec)
	}
	trk := u.track(ctx, s, o, c)
	if trk.kind == carrier.Absent && rec.kind != carrier.Absent {
		return u.finding(o, c, rec)
	}
	return u.finding(o, c, trk)
}

func (u *UPS) finding(o carrier.Order, c carrier.Call, a answer) carrier.Finding {
	sec := secrets(o.Account, c.Token.Value)
	for i := range a.bookings {
		a.bookings[i].At = u.now()
	}
	return carrier.Finding{Kind: a.kind, Bookings: a.bookings, Voided: a.voided, Message: carrier.Redact(a.message, sec...), Raw: carrier.Head(a.e, sec...)}
}

// failed judges an answer that is not the 200 that was hoped for.
func failed(what string, e carrier.Evidence) answer {
	a := answer{kind: carrier.FindFailed, e: e, message: fmt.Sprintf("%s: HTTP %d", what, e.Status)}
	if e.Err != nil {
		a.message = what + ": " + e.Err.Error()
		return a
	}
	errs := client.Errors(e.Body)
	if len(errs) > 0 {
		a.message = fmt.Sprintf("%s: HTTP %d, %s %s", what, e.Status, errs[0].Code, errs[0].Message)
	}
	if tokenRefused(e, errs) {
		a.kind = carrier.FindUnauthorized
	}
	return a
}

// tokenRefused says whether a refresh of the token may help.
func tokenRefused(e carrier.Evidence, errs []client.Problem) bool {
	return e.Err == nil && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden &&
		slices.ContainsFunc(errs, func(p client.Problem) bool { return slices.Contains(tokenCodes, string(p.Code)) }))
}

// recoverByReference asks Label Recovery. It answers with one shipment, or with candidates when several packages
// carry the reference, be they of one shipment or of several.
func (u *UPS) recoverByReference(ctx context.Context, s client.Session, o carrier.Order, c carrier.Call) answer {
	r := recovery(o.Shipment.Label.Format)
	r.LabelRecoveryRequest.ReferenceValues = &client.ReferenceValues{
		ReferenceNumber: client.ReferenceNumber{Value: o.Reference}, ShipperNumber: shipperNumber(o.Account),
	}
	e := u.client.Recover(ctx, s, r, c.Deadline)
	if says(e, recoveryNotFound) {
		return answer{kind: carrier.Absent, e: e, message: "Label Recovery has no label with this reference"}
	}
	resp, err := recovered(e)
	if err != nil {
		a := failed("Label Recovery", e)
		if e.Err == nil && e.Status == http.StatusOK {
			a.message = "Label Recovery: " + err.Error()
		}
		return a
	}
	if len(resp.TrackingCandidate) == 0 && !named(o, resp) {
		return answer{kind: carrier.FindFailed, e: e, message: "Label Recovery: the body does not name the shipment its packages belong to"}
	}
	if len(resp.TrackingCandidate) == 0 {
		return answer{kind: carrier.Found, e: e, bookings: []ship.Booking{recoveredBooking(o, resp)}}
	}
	var numbers []string
	for _, cand := range resp.TrackingCandidate {
		numbers = append(numbers, string(cand.TrackingNumber))
	}
	return u.group(ctx, s, o, c, e, numbers)
}

// track asks Track for packages with the reference. What is voided is not live and is left out.
func (u *UPS) track(ctx context.Context, s client.Session, o carrier.Order, c carrier.Call) answer {
	from := ""
	if !o.ShipDate.IsZero() && u.now().Sub(o.ShipDate) > trackWindow-24*time.Hour {
		from = o.ShipDate.UTC().AddDate(0, 0, -1).Format("20060102")
	}
	e := u.client.TrackReference(ctx, s, shipperNumber(o.Account), from, c.Deadline)
	if e.Err != nil || e.Status != http.StatusOK {
		return failed("Track", e)
	}
	a, err := client.Parse[client.TrackAnswer](e.Body)
	if err != nil {
		return answer{kind: carrier.FindFailed, e: e, message: "Track: " + err.Error()}
	}
	live, voided, absent := tracked(a.TrackResponse.V.Shipment)
	switch {
	case len(live) > 0 && len(o.Shipment.Parcels) == 1:
		return answer{kind: carrier.Found, e: e, bookings: each(live), voided: voided}
	case len(live) > 0:
		a := u.group(ctx, s, o, c, e, live)
		a.voided = append(voided, a.voided...)
		return a
	case len(voided) > 0:
		return answer{kind: carrier.FindFailed, e: e, voided: voided, message: "Track knows voided packages only: " + strings.Join(voided, ", ")}
	case absent:
		return answer{kind: carrier.Absent, e: e, message: "neither Label Recovery nor Track knows the reference"}
	}
	return answer{kind: carrier.FindFailed, e: e, message: "Track: the body has neither a package nor " + string(notTracked)}
}

// tracked sorts what Track answered. absent: every entry says "not found".
func tracked(shipments []client.TrackShipment) (live, voided []string, absent bool) {
	absent = len(shipments) > 0
	for _, sh := range shipments {
		absent = absent && len(sh.Package) == 0 &&
			slices.ContainsFunc(sh.Warnings, func(p client.Problem) bool { return p.Code == notTracked })
		for _, p := range sh.Package {
			n := string(p.TrackingNumber)
			switch st := p.CurrentStatus.V; {
			case !number.MatchString(n) || slices.Contains(live, n):
			case st.Type == "MV":
				voided = append(voided, n)
			default:
				live = append(live, n)
			}
		}
	}
	return live, voided, absent
}

// each makes every number a booking of its own.
func each(numbers []string) []ship.Booking {
	var list []ship.Booking
	for _, n := range numbers {
		list = append(list, ship.Booking{TrackingNumber: n, Numbers: []string{n}})
	}
	return list
}

// group finds out which of several packages are live and which of them make one shipment, by asking Label Recovery
// for each: two boxes of one booking must not look like two bookings.
func (u *UPS) group(ctx context.Context, s client.Session, o carrier.Order, c carrier.Call, e carrier.Evidence, numbers []string) answer {
	if len(numbers) > maxCandidates {
		return answer{kind: carrier.FindFailed, e: e, message: fmt.Sprintf("UPS knows %d packages with this reference: too many to tell apart", len(numbers))}
	}
	a := answer{kind: carrier.Found, e: e}
	var alone []string // numbers that Label Recovery does not know
	for _, n := range numbers {
		if slices.ContainsFunc(a.bookings, func(b ship.Booking) bool { return slices.Contains(b.Numbers, n) }) {
			continue
		}
		r := recovery(o.Shipment.Label.Format)
		r.LabelRecoveryRequest.TrackingNumber = n
		ne := u.client.Recover(ctx, s, r, c.Deadline)
		if says(ne, recoveryVoided) {
			a.voided = append(a.voided, n)
			continue
		}
		if says(ne, recoveryNotFound) {
			alone = append(alone, n)
			continue
		}
		resp, err := recovered(ne)
		if err != nil || len(resp.TrackingCandidate) > 0 {
			return failed("Label Recovery of "+n, ne)
		}
		if !named(o, resp) {
			return answer{kind: carrier.FindFailed, e: ne, message: "Label Recovery of " + n + " does not name its shipment"}
		}
		a.add(recoveredBooking(o, resp), n)
	}
	switch parcels := len(o.Shipment.Parcels); {
	case len(alone) == 0:
	case parcels == 1:
		a.bookings = append(a.bookings, each(alone)...)
	default: // a second box's number must never become the shipment's
		return answer{kind: carrier.FindFailed, e: e, message: fmt.Sprintf("UPS knows packages %v and can't say which shipment they belong to", alone)}
	}
	if len(a.bookings) == 0 {
		return answer{kind: carrier.FindFailed, e: e, voided: a.voided, message: "Label Recovery knows voided packages only: " + strings.Join(numbers, ", ")}
	}
	return a
}

// add files a booking found by the number n of one of its packages.
func (a *answer) add(b ship.Booking, n string) {
	if !slices.Contains(b.Numbers, n) {
		b.Numbers = append(b.Numbers, n)
	}
	i := slices.IndexFunc(a.bookings, func(x ship.Booking) bool { return x.TrackingNumber == b.TrackingNumber })
	if i < 0 {
		a.bookings = append(a.bookings, b)
		return
	}
	a.bookings[i].Label = nil // each answer had its own package's only
	for _, m := range b.Numbers {
		if !slices.Contains(a.bookings[i].Numbers, m) {
			a.bookings[i].Numbers = append(a.bookings[i].Numbers, m)
		}
	}
}
