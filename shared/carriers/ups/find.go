package ups

import (
	"context"
	"errors"
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

// recoveryNotFound and recoveryVoided are the codes by which Label Recovery says that it knows no such label, and
// that it knows one that was voided. Shipping.yaml gives the error shape and no codes; these are from reports of
// others. An error with any other code is an error and no absence: that ends with a person, never with a second
// label.
var (
	recoveryNotFound = []string{"9801031"}
	recoveryVoided   = []string{"9801040"}
)

// trackWindow is how many days Track looks back by itself.
const trackWindow = 14 * 24 * time.Hour

// maxCandidates bounds how many packages one look-up asks about.
const maxCandidates = 20

// answer is one look-up's result before it is a Finding.
type answer struct {
	kind     carrier.FindKind
	bookings []ship.Booking
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
	return carrier.Finding{Kind: a.kind, Bookings: a.bookings, Message: carrier.Redact(a.message, sec...), Raw: carrier.Head(a.e, sec...)}
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
		ReferenceNumber: client.ReferenceNumber{Value: o.Reference}, ShipperNumber: account(o),
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

// says reports whether Label Recovery answered with these codes and nothing else.
func says(e carrier.Evidence, codes []string) bool {
	errs := client.Errors(e.Body)
	return e.Err == nil && (e.Status == http.StatusBadRequest || e.Status == http.StatusNotFound) && len(errs) > 0 &&
		!slices.ContainsFunc(errs, func(p client.Problem) bool { return !slices.Contains(codes, string(p.Code)) })
}

// recovery starts a request for labels in a format.
func recovery(f ship.LabelFormat) client.RecoveryRequest {
	return client.RecoveryRequest{LabelRecoveryRequest: client.LabelRecoveryRequest{
		Request:            client.RequestInfo{SubVersion: "1903"},
		LabelSpecification: labelSpecification(f),
	}}
}

// recovered reads Label Recovery's yes: labels of one shipment, or candidates.
func recovered(e carrier.Evidence) (client.LabelRecoveryResponse, error) {
	if e.Err != nil || e.Status != http.StatusOK {
		return client.LabelRecoveryResponse{}, errors.New("no answer")
	}
	a, err := client.Parse[client.RecoveryAnswer](e.Body)
	if err != nil {
		return client.LabelRecoveryResponse{}, err
	}
	resp := a.LabelRecoveryResponse.V
	if resp.Response.V.ResponseStatus.V.Code != "1" {
		return resp, fmt.Errorf("the body has response status %q", resp.Response.V.ResponseStatus.V.Code)
	}
	for _, c := range resp.TrackingCandidate {
		if !number.MatchString(string(c.TrackingNumber)) {
			return resp, errors.New("a candidate has no number")
		}
	}
	if len(resp.TrackingCandidate) > 0 {
		return resp, nil
	}
	if len(resp.LabelResults) == 0 || !number.MatchString(string(shipmentNumber(resp))) {
		return resp, errors.New("the body has no shipment")
	}
	return resp, nil
}

// shipmentNumber is the number of the first package; UPS may leave it to the labels to tell.
func shipmentNumber(r client.LabelRecoveryResponse) client.Text {
	if r.ShipmentIdentificationNumber == "" && len(r.LabelResults) > 0 {
		return r.LabelResults[0].TrackingNumber
	}
	return r.ShipmentIdentificationNumber
}

// named tells whether an answer says which shipment its packages belong to. Of one package that needs no saying; of
// several, a second box's number must never become the shipment's.
func named(o carrier.Order, r client.LabelRecoveryResponse) bool {
	return len(o.Shipment.Parcels) == 1 || r.ShipmentIdentificationNumber != ""
}

// recoveredBooking is the booking that Label Recovery's answer is about, with its label if that is all there.
func recoveredBooking(o carrier.Order, r client.LabelRecoveryResponse) ship.Booking {
	b := ship.Booking{TrackingNumber: string(shipmentNumber(r))}
	var images []client.Image
	for _, l := range r.LabelResults {
		if n := string(l.TrackingNumber); number.MatchString(n) && !slices.Contains(b.Numbers, n) {
			b.Numbers = append(b.Numbers, n)
		}
		images = append(images, l.LabelImage.V)
	}
	if len(b.Numbers) == 0 {
		b.Numbers = []string{b.TrackingNumber}
	}
	b.Label, _ = label(o.Shipment.Label.Format, len(o.Shipment.Parcels), images)
	return b
}

// track asks Track for packages with the reference. What is voided is not live and is left out.
func (u *UPS) track(ctx context.Context, s client.Session, o carrier.Order, c carrier.Call) answer {
	from := ""
	if !o.ShipDate.IsZero() && u.now().Sub(o.ShipDate) > trackWindow-24*time.Hour {
		from = o.ShipDate.UTC().AddDate(0, 0, -1).Format("20060102")
	}
	e := u.client.TrackReference(ctx, s, account(o), from, c.Deadline)
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
		return answer{kind: carrier.Found, e: e, bookings: each(live)}
	case len(live) > 0:
		return u.group(ctx, s, o, c, e, live)
	case len(voided) > 0:
		return answer{kind: carrier.FindFailed, e: e, message: "Track knows voided packages only: " + strings.Join(voided, ", ")}
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
		return answer{kind: carrier.FindFailed, e: e, message: "Label Recovery knows voided packages only: " + strings.Join(numbers, ", ")}
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

// Label fetches a booking's label in the format that was ordered. It returns *carrier.ErrUnauthorized when the token
// was refused; every other error may pass.
func (u *UPS) Label(ctx context.Context, o carrier.Order, trackingNumber string, c carrier.Call) (ship.Label, error) {
	s, err := u.session(o, c)
	if err != nil {
		return ship.Label{}, err
	}
	r := recovery(o.Shipment.Label.Format)
	r.LabelRecoveryRequest.TrackingNumber = trackingNumber
	e := u.client.Recover(ctx, s, r, c.Deadline)
	resp, err := recovered(e)
	if err != nil {
		a := failed("Label Recovery", e)
		msg := carrier.Redact(a.message, secrets(o.Account, c.Token.Value)...)
		if a.kind == carrier.FindUnauthorized {
			return ship.Label{}, &carrier.ErrUnauthorized{Message: msg}
		}
		if e.Err == nil && e.Status == http.StatusOK {
			return ship.Label{}, fmt.Errorf("Label Recovery of %s: %w", trackingNumber, err)
		}
		return ship.Label{}, errors.New(msg)
	}
	var images []client.Image
	for _, l := range resp.LabelResults {
		images = append(images, l.LabelImage.V)
	}
	l, err := label(o.Shipment.Label.Format, len(o.Shipment.Parcels), images)
	if err != nil {
		return ship.Label{}, fmt.Errorf("Label Recovery of %s: %w", trackingNumber, err)
	}
	return *l, nil
}
