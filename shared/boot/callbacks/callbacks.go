// Package callbacks wires the fan-out of events and their delivery.
package callbacks

import (
	"time"

	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/queues"
	"github.com/fairlead/fairlead/shared/boot/secrets"
	"github.com/fairlead/fairlead/shared/callback"
	"github.com/fairlead/fairlead/shared/queue"
)

// FanOut consumes the events.
func FanOut(a *boot.App) queue.Consumer {
	sender := queues.Sender(a)
	f := &callback.FanOut{Endpoints: a.Store(), Queue: sender, Times: times(a), Now: time.Now}
	return queue.Consumer{Handle: f.Handle, Dead: sender, NewID: boot.NewID, Log: a.Log}
}

// Deliverer consumes the callbacks and their retries.
func Deliverer(a *boot.App) queue.Consumer {
	sender := queues.Sender(a)
	d := &callback.Deliverer{Endpoints: a.Store(), Records: a.Store(), Box: secrets.Box(a), Queue: sender, Times: times(a),
		Client: Client(a), Jitter: callback.Spread, Now: time.Now}
	return queue.Consumer{Handle: d.Handle, Dead: sender, NewID: boot.NewID, Log: a.Log, Group: callback.Group, PerGroup: callback.PerEndpoint}
}

// Client sends to the receivers' endpoints.
func Client(a *boot.App) *callback.Client {
	return callback.NewClient(callback.ClientOptions{Times: times(a), Now: time.Now, AllowLoopback: a.Env.AllowLoopback})
}

func times(a *boot.App) callback.Times { return callback.Standard().Divide(a.Times.Divisor) }
