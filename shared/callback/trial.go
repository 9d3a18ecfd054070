package callback

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
)

// testType is the type of the event that is sent to try an endpoint out. No endpoint asks for it.
const testType = "endpoint.test"

// Test answers POST /v1/callback-endpoints/{id}/test: it sends one signed event right now, as deliveries are sent, and
// tells how it went. There is no retry and no record, and whatever the receiver says, the endpoint stays as it is; a
// disabled one can be tried out before it is enabled. It is an api.Handler.
func (s Service) Test(ctx context.Context, r api.Request) (api.Response, error) {
	e, err := s.read(ctx, r.Tenant, r.Mode, r.Params["id"])
	if err != nil {
		return api.Response{}, missing(err, r)
	}
	began := s.now()
	keys, err := openKeys(ctx, s.Box, r.Tenant, e, began)
	if err != nil {
		return api.Response{}, fmt.Errorf("testing callback endpoint %s: %w", e.ID, err)
	}
	data, err := json.Marshal(map[string]string{"endpoint_id": e.ID})
	if err != nil {
		return api.Response{}, err
	}
	body, err := json.Marshal(payload{Type: testType, Timestamp: began, Correlation: r.Correlation, Mode: r.Mode, Data: data})
	if err != nil {
		return api.Response{}, err
	}
	got := s.Client.post(ctx, e.URL, api.NewID("evt_", r.Seed, s.NewID), body, live(keys, began))
	took := s.Now().Sub(began).Milliseconds()
	out := v1.CallbackTest{Object: v1.CallbackTestObjectCallbackTest, Delivered: got.Reason == "", DurationMs: &took, Detail: got.detail()}
	if got.Status != 0 {
		out.HttpStatus = &got.Status
	}
	return api.Response{Status: http.StatusOK, Body: out}, nil
}

// advice says what a Reason means for whoever runs the receiver.
var advice = map[string]string{
	ReasonGone:       "The endpoint answered 410. An event would have disabled it.",
	ReasonTimeout:    "The endpoint did not answer in time. Answer first, and do the work afterwards.",
	ReasonDNS:        "The name in the URL does not resolve.",
	ReasonTLS:        "No secure connection could be made. Check the certificate, with the intermediate ones, and that it is for this name.",
	ReasonProhibited: "The URL does not lead to the public internet. Nothing was sent.",
	ReasonConnection: "The connection was refused or broken off, or the answer was not HTTP.",
}

// detail tells a person what an attempt came to. The receiver's own words are its tenant's.
func (a answer) detail() string {
	switch {
	case a.Reason == "":
		return fmt.Sprintf("The endpoint took the event: it answered %d.", a.Status)
	case a.Reason != ReasonStatus:
		return advice[a.Reason]
	case a.Status/100 == 3:
		return fmt.Sprintf("The endpoint answered %d. Redirects are not followed: give the URL it leads to.", a.Status)
	}
	said := ""
	if head := []rune(strings.TrimSpace(a.Head)); len(head) > 0 {
		said = " It said: " + string(head[:min(len(head), 200)])
	}
	return fmt.Sprintf("The endpoint answered %d; an event is taken when the answer is 2xx.%s", a.Status, said)
}
