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

// void cancels a shipment, or the packages of it that the query names. What is unknown and what was voided before
// as a whole get the same refusal, as UPS gives it.
func (u *UPS) void(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxBody))
	if version := r.PathValue("version"); !slices.Contains(shipVersions, version) {
		refuse(w, http.StatusBadRequest, noSuchVersion("Void", version))
		return
	}
	id := r.PathValue("number")
	named, ok := voidNumbers(r.URL.Query().Get("trackingnumber"))
	if !ok || !validNumber(id) {
		refuse(w, http.StatusBadRequest, wireError{codeVoidNumber, "Invalid tracking number"})
		return
	}
	b, known := u.o.Ledger.ByNumber(id)
	reference := ""
	if known && len(b.References) > 0 {
		reference = b.References[0]
	}
	polymorphic := u.o.Switches.Get().Polymorphic || r.PathValue("version") < firstArrays
	u.o.Runner.Run(w, r, call(fault.Void, r, reference, func(time.Duration) fault.Answer {
		return u.cancel(id, named, polymorphic)
	}))
}

// voidNumbers reads the query: one number, or a JSON array of up to twenty.
func voidNumbers(text string) ([]string, bool) {
	if text == "" {
		return nil, true
	}
	numbers := []string{text}
	if strings.HasPrefix(text, "[") {
		numbers = nil
		if json.Unmarshal([]byte(text), &numbers) != nil {
			return nil, false
		}
	}
	return numbers, len(numbers) > 0 && len(numbers) <= maxVoids && !slices.ContainsFunc(numbers, func(n string) bool { return !validNumber(n) })
}

func (u *UPS) cancel(id string, named []string, polymorphic bool) fault.Answer {
	b, ok := u.o.Ledger.ByNumber(id)
	if !ok || b.ID != id || !b.Live() {
		return refusal(wireError{codeNothingToVoid, "No shipment found within the allowed void period"})
	}
	if len(named) == 0 {
		named = b.Numbers()
	}
	if err := u.o.Ledger.Void(ofShipment(b, named), u.o.Now().UTC()); err != nil {
		return u.broken(err)
	}
	results := make([]any, len(named))
	for i, n := range named {
		status := object{"Code": "1", "Description": "Voided"}
		if !slices.Contains(b.Numbers(), n) {
			status = object{"Code": "0", "Description": "Not Voided"}
		}
		results[i] = object{"TrackingNumber": n, "Status": status}
	}
	body := object{
		"Response":            object{"ResponseStatus": object{"Code": "1", "Description": "Success"}, "TransactionReference": ""},
		"SummaryResult":       object{"Status": object{"Code": "1", "Description": "Voided"}},
		"PackageLevelResults": many(results, polymorphic),
	}
	return answer(object{"VoidShipmentResponse": body})
}

func ofShipment(b state.Booking, numbers []string) []string {
	return slices.DeleteFunc(slices.Clone(numbers), func(n string) bool { return !slices.Contains(b.Numbers(), n) })
}
