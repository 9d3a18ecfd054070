package ups

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carrier/carriertest"
	"github.com/fairlead/fairlead/shared/ship"
)

func TestConformance(t *testing.T) {
	carriertest.Run(t, carriertest.Harness{
		New: func(w carriertest.Wiring) carrier.Carrier {
			return New(Options{BaseURL: map[ship.Mode]string{ship.Test: w.BaseURL}, Dial: w.Dial, Now: w.Now})
		},
		Order:           func() carrier.Order { return order() },
		Booked:          carriertest.Answer{Status: 200, Body: file(t, "ship/success.json")},
		Number:          number1,
		Refused:         carriertest.Answer{Status: 400, Body: file(t, "ship/refused_address.json")},
		Unsure:          carriertest.Answer{Status: 400, Body: file(t, "ship/unavailable.json")},
		Unauthenticated: carriertest.Answer{Status: 401, Body: file(t, "ship/unauthorized_251004.json")},
		NotFound: func(r *http.Request) carriertest.Answer {
			if strings.Contains(r.URL.Path, "/track/") {
				return carriertest.Answer{Status: 200, Body: file(t, "track/not_found_200.json")}
			}
			return carriertest.Answer{Status: 400, Body: file(t, "recovery/not_found.json")}
		},
		Void: &carriertest.VoidHarness{
			Voided:       carriertest.Answer{Status: 200, Body: file(t, "void/voided.json")},
			VoidedBefore: carriertest.Answer{Status: 400, Body: file(t, "void/voided_before.json")},
			Refused:      carriertest.Answer{Status: 400, Body: file(t, "void/refused.json")},
			Unsure:       carriertest.Answer{Status: 400, Body: file(t, "void/unavailable.json")},
		},
		Rates: &carriertest.AskHarness{
			Answered: carriertest.Answer{Status: 200, Body: file(t, "rate/shop.json")},
			Refused:  carriertest.Answer{Status: 400, Body: file(t, "rate/refused.json")},
		},
		Address: &carriertest.AskHarness{
			Answered: carriertest.Answer{Status: 200, Body: file(t, "address/valid.json")},
			Refused:  carriertest.Answer{Status: 400, Body: file(t, "address/test_environment.json")},
		},
	})
}
