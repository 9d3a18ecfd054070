package ups

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/infra/carriersim/state"
)

// maxVoids is how many packages one call may name.
const maxVoids = 20

const nothingToVoid = "No shipment found within the allowed void period"

// void cancels a shipment, or the packages of it that the query names. What is unknown, too old or not to be voided at
// all gets the same refusal, as UPS gives it; what was voided before is voided.
func (u *UPS) void(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxBody))
	if version := r.PathValue("version"); !slices.Contains(shipVersions, version) {
		refuse(w, http.StatusBadRequest, noSuchVersion("Void", version))
		return
	}
	id, named := r.PathValue("number"), voidNumbers(r.URL.Query().Get("trackingnumber"))
	if !validNumber(id) || len(named) > maxVoids {
		refuse(w, http.StatusBadRequest, wireError{codeVoidNumber, "Invalid tracking number"})
		return
	}
	b, found := u.o.Ledger.ByNumber(id)
	reference := ""
	if found && len(b.References) > 0 {
		reference = b.References[0]
	}
	polymorphic := u.o.Switches.Get().Polymorphic || r.PathValue("version") < firstArrays
	u.o.Runner.Run(w, r, call(fault.Void, r, reference, func(time.Duration) fault.Answer {
		return u.cancel(id, named, polymorphic)
	}))
}

// voidNumbers reads the query: nothing, one number, or a JSON array of them. What is no number at all is found in no
// shipment (recorded: ?trackingnumber=string is answered like an unknown shipment).
func voidNumbers(text string) []string {
	if text == "" {
		return nil
	}
	var numbers []string
	if strings.HasPrefix(text, "[") && json.Unmarshal([]byte(text), &numbers) == nil {
		return numbers
	}
	return []string{text}
}

func (u *UPS) cancel(id string, named []string, polymorphic bool) fault.Answer {
	b, ok := u.o.Ledger.ByNumber(id)
	set, now := u.o.Switches.Get(), u.o.Now().UTC()
	whole := len(named) == 0
	if whole {
		named = b.Numbers()
	}
	mine := ofShipment(b, named)
	live := !voided(b, mine)
	if !ok || b.ID != id || len(mine) == 0 || set.NoVoid || live && now.Sub(b.BookedAt) > set.VoidPeriod() {
		return refusal(wireError{codeNothingToVoid, nothingToVoid})
	}
	results := packageVoids(b, named)
	if err := u.o.Ledger.Void(mine, now); err != nil {
		return u.broken(err)
	}
	summary := object{"Code": "1", "Description": "Voided"}
	if len(mine) < len(named) {
		summary = object{"Code": "0", "Description": "Not Voided"} // [assumed] of a part
	}
	body := object{
		"Response":      object{"ResponseStatus": object{"Code": "1", "Description": "Success"}, "TransactionReference": ""},
		"SummaryResult": object{"Status": summary},
	}
	spoilt := object{"Response": spoil(body["Response"]), "SummaryResult": spoil(body["SummaryResult"])}
	if !whole { // UPS's own example of a whole shipment has none
		body["PackageLevelResults"] = many(results, polymorphic)
	}
	spoilt["PackageLevelResult"] = spoil(many(results, true))
	a := answer(object{"VoidShipmentResponse": body})
	a.Garbled = answer(object{"VoidShipmentResponse": spoilt}).Write
	a.Voided = live
	return a
}

// packageVoids are the results of the packages that a call names, before it voids them.
func packageVoids(b state.Booking, named []string) []any {
	results := make([]any, len(named))
	for i, n := range named {
		status := object{"Code": "1", "Description": "Voided"}
		switch {
		case !slices.Contains(b.Numbers(), n):
			status = object{"Code": "0", "Description": "Not Voided"}
		case voided(b, []string{n}):
			status["Description"] = "Already Voided"
		}
		results[i] = object{"TrackingNumber": n, "Status": status}
	}
	return results
}

func ofShipment(b state.Booking, numbers []string) []string {
	return slices.DeleteFunc(slices.Clone(numbers), func(n string) bool { return !slices.Contains(b.Numbers(), n) })
}

// voided tells whether none of these packages is live.
func voided(b state.Booking, numbers []string) bool {
	return !slices.ContainsFunc(b.Parcels, func(p state.Parcel) bool {
		return p.VoidedAt.IsZero() && slices.Contains(numbers, p.Number)
	})
}

// spoil puts in front of every text what UPS's test environment puts there.
func spoil(v any) any {
	switch v := v.(type) {
	case object:
		c := object{}
		for k, member := range v {
			c[k] = spoil(member)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, element := range v {
			c[i] = spoil(element)
		}
		return c
	case string:
		if v != "" {
			return "&#xD;&#xD;" + v
		}
	}
	return v
}
