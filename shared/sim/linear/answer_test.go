package linear_test

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/sim/linear"
)

// answered fills in what an operation of the API answered at a time. It is false for a call that was refused for what it
// holds: that is left out of a history.
func answered(o *linear.Op, at time.Duration, r api.Response, err error) bool {
	o.Return, o.Status = at, r.Status
	header, body := r.Header, r.Body
	if e, ok := errors.AsType[*api.Error](err); ok {
		o.Status, header, body = e.Status, e.Header, e.Extra["shipment"]
		o.Existing, _ = e.Extra["existing_id"].(string)
	} else if err != nil {
		o.Status = http.StatusInternalServerError
	}
	o.Replayed = header["Idempotent-Replayed"] == "true"
	if s, ok := body.(v1.Shipment); ok {
		o.State, o.Late = string(s.Status), s.LateTrackingNumbers != nil
		o.Answered, _ = strconv.ParseInt(strings.Trim(header["ETag"], `"`), 10, 64) // what the next If-Match is made of
		if o.ID == "" {
			o.ID = s.Id
		}
	}
	return o.Status != http.StatusBadRequest && o.Status != http.StatusPreconditionRequired && (o.Status != http.StatusUnprocessableEntity || o.Existing != "")
}
