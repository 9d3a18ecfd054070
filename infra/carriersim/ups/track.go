package ups

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/infra/carriersim/state"
)

// trackWindow is how far back Track looks by reference when no day is given.
const trackWindow = 14

// trackReference finds packages by a reference. Nothing found is a 200 with a warning.
func (u *UPS) trackReference(w http.ResponseWriter, r *http.Request) {
	reference, query := r.PathValue("reference"), r.URL.Query()
	from, to, errs := u.window(r, query)
	if len(errs) > 0 {
		refuse(w, http.StatusBadRequest, errs...)
		return
	}
	u.o.Runner.Run(w, r, call(fault.Track, r, reference, func(time.Duration) fault.Answer {
		var found []state.Booking
		for _, b := range u.o.Ledger.ByReference(Carrier, query.Get("shipperNum"), reference) {
			day := b.BookedAt.UTC().Format("20060102")
			if u.visible(b) && day >= from && day <= to && fits(b, query) {
				found = append(found, b)
			}
		}
		return tracked(reference, found)
	}))
}

func fits(b state.Booking, query url.Values) bool {
	country, zip := query.Get("destCountry"), query.Get("destZip")
	return (country == "" || country == b.To.Country) && (zip == "" || strings.HasPrefix(b.To.Postcode, zip))
}

// window checks the headers and days of a query. Days are UTC; the last one has a day of grace, so that no time
// zone loses a booking of today.
func (u *UPS) window(r *http.Request, query url.Values) (from, to string, errs []wireError) {
	errs = trackHeaders(r)
	now := u.o.Now().UTC()
	from, to = now.AddDate(0, 0, -trackWindow).Format("20060102"), now.AddDate(0, 0, 1).Format("20060102")
	for name, day := range map[string]*string{"fromPickUpDate": &from, "toPickUpDate": &to} {
		text := query.Get(name)
		if text == "" {
			continue
		}
		t, err := time.Parse("20060102", text)
		if err != nil {
			errs = append(errs, wireError{codeInvalid, "Invalid " + name})
			continue
		}
		if name == "toPickUpDate" {
			t = t.AddDate(0, 0, 1)
		}
		*day = t.Format("20060102")
	}
	if kind := query.Get("refNumType"); kind != "" && kind != "SmallPackage" && kind != "fgv" {
		errs = append(errs, wireError{codeInvalid, "Invalid refNumType"})
	}
	if account := query.Get("shipperNum"); account != "" && !(len(account) == 6 && allUpperAlnum(account)) {
		errs = append(errs, wireError{codeInvalid, "Invalid shipperNum"})
	}
	return from, to, errs
}

// trackHeaders are required on Track, unlike elsewhere.
func trackHeaders(r *http.Request) []wireError {
	var errs []wireError
	if id := r.Header.Get("transId"); id == "" || len(id) > 32 {
		errs = append(errs, wireError{codeTrackNoID, "Missing or invalid transId"})
	}
	if src := r.Header.Get("transactionSrc"); src == "" || len(src) > 512 {
		errs = append(errs, wireError{codeTrackNoID, "Missing or invalid transactionSrc"})
	}
	return errs
}

// trackNumber finds one package by its number.
func (u *UPS) trackNumber(w http.ResponseWriter, r *http.Request) {
	number := r.PathValue("number")
	errs := trackHeaders(r)
	if !validNumber(number) {
		errs = append(errs, wireError{codeTrackBadNumber, "Invalid inquiry number"})
	}
	if len(errs) > 0 {
		refuse(w, http.StatusBadRequest, errs...)
		return
	}
	b, ok := u.o.Ledger.ByNumber(number)
	reference := ""
	if ok && len(b.References) > 0 {
		reference = b.References[0]
	}
	u.o.Runner.Run(w, r, call(fault.Track, r, reference, func(time.Duration) fault.Answer {
		if !ok || !u.visible(b) {
			return tracked(number, nil)
		}
		b.Parcels = slices.DeleteFunc(b.Parcels, func(p state.Parcel) bool { return p.Number != number })
		return tracked(number, []state.Booking{b})
	}))
}

// tracked is Track's answer: an entry for each shipment, or one with a warning.
func tracked(inquiry string, found []state.Booking) fault.Answer {
	shipments := make([]any, len(found))
	for i, b := range found {
		packages := make([]any, len(b.Parcels))
		for j, p := range b.Parcels {
			packages[j] = trackPackage(b, p)
		}
		shipments[i] = object{"inquiryNumber": inquiry, "package": packages}
	}
	if len(found) == 0 {
		shipments = []any{object{"inquiryNumber": inquiry, "warnings": []any{
			object{"code": warningTrackNothing, "message": "Tracking Information Not Found"},
		}}}
	}
	return answer(object{"trackResponse": object{"shipment": shipments}})
}

// trackPackage shows a label that was made and not yet picked up (type M), or one that was voided (MV).
func trackPackage(b state.Booking, p state.Parcel) object {
	status, at := object{"type": "M", "code": "MP", "statusCode": "003", "description": "Shipper created a label, UPS has not received the package yet."}, b.BookedAt
	if !p.VoidedAt.IsZero() {
		status, at = object{"type": "MV", "code": "VP", "statusCode": "007", "description": "Shipment Information Voided"}, p.VoidedAt
	}
	at = at.UTC()
	references := make([]any, len(b.References))
	for i, ref := range b.References {
		references[i] = object{"type": "SHIPMENT", "number": ref}
	}
	return object{
		"trackingNumber": p.Number,
		"currentStatus":  status,
		"activity": []any{object{
			"date": at.Format("20060102"), "time": at.Format("150405"), "gmtDate": at.Format("20060102"),
			"gmtTime": at.Format("15:04:05"), "gmtOffset": "+00:00", "status": status,
			"location": object{"address": object{"countryCode": b.From.Country}},
		}},
		"referenceNumber": references,
		"packageCount":    len(b.Parcels),
		"service":         object{"code": b.Service, "description": b.ServiceName},
		"weight":          object{"unitOfMeasurement": p.Unit, "weight": p.Weight},
	}
}
