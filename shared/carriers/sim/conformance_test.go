package sim

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carrier/carriertest"
	"github.com/fairlead/fairlead/shared/ship"
)

func TestConformance(t *testing.T) {
	carriertest.RunAlone(t, carriertest.Harness{
		New:      func(carriertest.Wiring) carrier.Carrier { return New(time.Now) },
		Order:    func() carrier.Order { return order("") },
		NotFound: func(*http.Request) carriertest.Answer { return carriertest.Answer{} },
	})
}

func TestEveryCountryThatFairleadKnowsIsThere(t *testing.T) {
	countries, known := New(time.Now).Describe().Countries, 0
	for first := 'A'; first <= 'Z'; first++ {
		for second := 'A'; second <= 'Z'; second++ {
			code := string(first) + string(second)
			unknown := slices.ContainsFunc(ship.Address{Country: code}.Check("ship_from"), func(p ship.Problem) bool { return p.Code == "unsupported_country" })
			if unknown {
				continue
			}
			if known++; !slices.Contains(countries, code) {
				t.Errorf("%s is not in carrier.json", code)
			}
		}
	}
	if known == 0 {
		t.Error("no country is known")
	}
}
