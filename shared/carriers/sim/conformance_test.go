package sim

import (
	"net/http"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carrier/carriertest"
)

func TestConformance(t *testing.T) {
	carriertest.RunAlone(t, carriertest.Harness{
		New:      func(carriertest.Wiring) carrier.Carrier { return New(time.Now) },
		Order:    func() carrier.Order { return order("") },
		NotFound: func(*http.Request) carriertest.Answer { return carriertest.Answer{} },
	})
}
