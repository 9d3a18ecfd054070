package ups

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/infra/carriersim/label"
	"github.com/fairlead/fairlead/infra/carriersim/state"
)

// kept is how long Label Recovery finds a shipment.
const kept = 30 * 24 * time.Hour

var recoveryNames = strings.Fields(`Request LabelSpecification Translate LabelDelivery TrackingNumber TrackingNumbers
	MailInnovationsTrackingNumber ReferenceValues Locale UPSPremiumCareForm`)

// question is what Label Recovery is asked: one shipment by a tracking number, or by a reference of a shipper.
type question struct {
	number, reference, account string
	format                     string
	context                    string
}

// recovery hands labels out again.
func (u *UPS) recovery(w http.ResponseWriter, r *http.Request) {
	v, ok := body(w, r)
	if !ok {
		return
	}
	if version := r.PathValue("version"); !slices.Contains([]string{"v1", "v1701", "v1903", "v2603"}, version) {
		refuse(w, http.StatusBadRequest, noSuchVersion("LBRecovery", version))
		return
	}
	q, errs, ok := readQuestion(v)
	switch {
	case !ok:
		malformed(w)
		return
	case len(errs) > 0:
		refuse(w, http.StatusBadRequest, errs...)
		return
	}
	reference := q.reference
	if b, ok := u.o.Ledger.ByNumber(q.number); ok && len(b.References) > 0 {
		reference = b.References[0]
	}
	u.o.Runner.Run(w, r, call(fault.Recovery, r, reference, func(time.Duration) fault.Answer { return u.recover(q) }))
}

func readQuestion(v any) (q question, errs []wireError, ok bool) {
	c := &checker{}
	whole, isObject := v.(object)
	if !isObject || whole["LabelRecoveryRequest"] == nil {
		return question{}, nil, false
	}
	n := c.object(v, "", []string{"LabelRecoveryRequest"}).object("LabelRecoveryRequest", true, recoveryNames...)
	head := n.object("Request", true, requestNames...)
	head.may("SubVersion", 4, 4, "")
	q.context = head.object("TransactionReference", false).may("CustomerContext", 0, 512, "")
	q.format = "GIF"
	if spec := n.object("LabelSpecification", false, "HTTPUserAgent", "LabelImageFormat", "LabelStockSize"); spec.there && spec.has("LabelImageFormat") {
		q.format = readRecoveryFormat(spec)
	}
	q.number = n.may("TrackingNumber", 1, 18, "")
	if ref := n.object("ReferenceValues", false, "ReferenceNumber", "ShipperNumber"); ref.there {
		q.reference = ref.object("ReferenceNumber", true, "Value").need("Value", 1, 35, "")
		q.account = ref.need("ShipperNumber", 6, 6, codeShipperNumber)
	}
	switch {
	case len(c.errs) > 0:
	case q.number == "" && q.reference == "":
		c.add(codeMissing, "Missing Required field, TrackingNumber or ReferenceValues.")
	case q.number != "" && !validNumber(q.number):
		c.add(codeInvalid, "The field, TrackingNumber, contains invalid data, %q.", q.number)
	}
	return q, c.errs, true
}

func readRecoveryFormat(spec node) string {
	format := spec.object("LabelImageFormat", true, "Code", "Description").need("Code", 1, 4, "")
	if format != "" && !slices.Contains([]string{"GIF", "PDF", "ZPL", "EPL", "SPL"}, format) {
		spec.c.add(codeInvalid, "The field, %s, contains invalid data, %q.", spec.at("LabelImageFormat/Code"), format)
	}
	return format
}

// recover answers by tracking number or by reference. One shipment that fits: its labels. Several: candidates.
// What is voided, hidden by a lag or too old isn't found.
func (u *UPS) recover(q question) fault.Answer {
	found, voided := u.lookUp(q)
	switch {
	case len(found) == 0 && voided:
		return refusal(wireError{codeLabelVoided, "The shipment has been voided."})
	case len(found) == 0:
		return refusal(wireError{codeLabelNotFound, "No shipment found for the given criteria."})
	}
	head := object{
		"ResponseStatus":       object{"Code": "1", "Description": "Success"},
		"TransactionReference": transaction(q.context),
	}
	polymorphic := u.o.Switches.Get().Polymorphic
	if len(found) > 1 {
		candidates := make([]any, len(found))
		for i, b := range found {
			candidates[i] = candidate(b)
		}
		return answer(object{"LabelRecoveryResponse": object{"Response": head, "LabelResults": []any{}, "TrackingCandidate": candidates}})
	}
	results, err := labelResults(found[0], q)
	if err != nil {
		return u.broken(err)
	}
	return answer(object{"LabelRecoveryResponse": object{
		"Response": head, "ShipmentIdentificationNumber": found[0].ID, "LabelResults": many(results, polymorphic),
	}})
}

// lookUp finds the live shipments that fit, and tells whether there were voided ones.
func (u *UPS) lookUp(q question) (found []state.Booking, voided bool) {
	var all []state.Booking
	if q.number != "" {
		if b, ok := u.o.Ledger.ByNumber(q.number); ok {
			all = append(all, b)
		}
	} else {
		all = u.o.Ledger.ByReference(Carrier, q.account, q.reference)
	}
	for _, b := range all {
		if !u.visible(b) || u.o.Now().Sub(b.BookedAt) > kept {
			continue
		}
		if len(live(b, q.number)) == 0 {
			voided = true
			continue
		}
		found = append(found, b)
	}
	return found, voided
}

// visible tells whether look-ups see a booking yet.
func (u *UPS) visible(b state.Booking) bool {
	lag := max(u.o.Switches.Get().Lag(), b.Lag)
	return !u.o.Now().Before(b.BookedAt.Add(lag))
}

// live are the indexes of the packages that a question by this number means and that are not voided. The
// shipment's own number, or none, means them all; that a later package's number means it alone is assumed.
func live(b state.Booking, number string) []int {
	var all []int
	for i, p := range b.Parcels {
		if p.VoidedAt.IsZero() && (number == "" || number == b.ID || number == p.Number) {
			all = append(all, i)
		}
	}
	return all
}

// labelResults are the labels of a shipment. As PDF, the first result holds the pages of all.
func labelResults(b state.Booking, q question) ([]any, error) {
	indexes := live(b, q.number)
	results := make([]any, len(indexes))
	var pages []label.Label
	for n, i := range indexes {
		result := object{"TrackingNumber": b.Parcels[i].Number}
		results[n] = result
		if q.format == "PDF" {
			pages = append(pages, picture(b, i))
			continue
		}
		data, err := render(b, i, q.format)
		if err != nil {
			return nil, err
		}
		img := labelImage(q.format, data)
		if q.format == "GIF" {
			img["HTMLImage"] = base64.StdEncoding.EncodeToString([]byte(page(b.Parcels[i].Number, q.format)))
		}
		result["LabelImage"] = img
	}
	if q.format == "PDF" {
		data, err := label.PDF(pages...)
		if err != nil {
			return nil, err
		}
		results[0].(object)["LabelImage"] = labelImage(q.format, data)
	}
	return results, nil
}

func labelImage(format string, data []byte) object {
	return object{"LabelImageFormat": object{"Code": format}, "GraphicImage": base64.StdEncoding.EncodeToString(data)}
}

func candidate(b state.Booking) object {
	day := b.BookedAt.Format("20060102")
	c := object{
		"TrackingNumber":         b.Parcels[live(b, "")[0]].Number,
		"DestinationCountryCode": b.To.Country,
		"PickupDateRange":        object{"BeginDate": day, "EndDate": day},
	}
	if b.To.Postcode != "" {
		c["DestinationPostalCode"] = b.To.Postcode
	}
	return c
}
