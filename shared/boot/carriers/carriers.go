// Package carriers lists the carriers there are. Adding one is a line here and a folder under shared/carriers.
package carriers

import (
	"time"

	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/carrier"
	"github.com/fairlead/fairlead/shared/carriers/sim"
	"github.com/fairlead/fairlead/shared/carriers/ups"
	"github.com/fairlead/fairlead/shared/ship"
)

// Registry is every carrier by its name.
func Registry(a *boot.App) carrier.Registry {
	return carrier.Registry{
		sim.Name: sim.New(time.Now),
		ups.Name: ups.New(ups.Options{BaseURL: map[ship.Mode]string{ship.Test: a.Env.UPSTestURL, ship.Live: a.Env.UPSLiveURL}, Now: time.Now, BookingsPerMinute: a.Env.UPSPerMinute}),
	}
}
