package operations

import (
	"time"

	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/labels"
	"github.com/fairlead/fairlead/shared/operating"
)

// quiet is longer than the gateway and any process trust what they know of a tenant.
const quiet = 150 * time.Second

// Erase is erase-tenant-data.
func Erase(a *boot.App) Handler[operating.EraseAnswer] {
	return audited(a, "erase-tenant-data", true, func() operating.Operation[operating.EraseRequest, operating.EraseAnswer] {
		store := a.Store()
		x := &operating.Eraser{Tenants: store, Holdings: store, Shredder: store, Evictor: store, Objects: labels.Bucket(a), Now: time.Now, Quiet: quiet / time.Duration(max(a.Times.Divisor, 1))}
		return x.Erase
	})
}
