package sim

import (
	"slices"
	"sync/atomic"

	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// This file is what the simulator knows of a booking call from both of its ends: what arrived at the carrier, and what the
// worker was answered.

// connected notes a connection made by a task after its claim, and whether anything arrives over it.
func (k *rules) connected(task string, arrived *atomic.Bool) {
	k.w.mu.Lock()
	defer k.w.mu.Unlock()
	if t := k.w.claims[task]; t != nil && t.claimer == task {
		t.arrived = append(t.arrived, arrived)
	}
}

// arrived notes a booking request at its carrier, over whatever connection.
func (k *rules) arrived(x *exchange, p Port) {
	k.w.mu.Lock()
	defer k.w.mu.Unlock()
	if t := k.ships[k.byRef[x.reference()]]; t != nil && p == CarrierBook {
		t.requests[x.in.name] = true
	}
}

// told notes a number that a worker was answered.
func (k *rules) told(task, ref, number string) {
	k.w.mu.Lock()
	defer k.w.mu.Unlock()
	if t := k.ships[k.byRef[ref]]; t != nil {
		t.told[task] = number
	}
}

// acknowledged holds what a worker was told against what its shipment shows, when it is done with its message.
func (k *rules) acknowledged(task string, m queue.Message) {
	k.w.mu.Lock()
	defer k.w.mu.Unlock()
	pk := dynamo.ShipmentKey(m.Tenant, m.Mode, m.Shipment)
	t := k.ships[pk]
	if t == nil || k.w.Rival != "" {
		return
	}
	if n := t.told[task]; n != "" && t.record.TrackingNumber != n && !slices.Contains(t.record.Late, n) {
		k.broken(RuleTold, pk, "its worker was answered %s and is done; the shipment shows %q %v", n, t.record.TrackingNumber, t.record.Late)
	}
}
