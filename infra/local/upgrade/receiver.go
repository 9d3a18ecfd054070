package upgrade

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/fairlead/fairlead/infra/local/endtoend"
	"github.com/fairlead/fairlead/shared/client"
)

// receiver takes callbacks, and counts them by shipment.
type receiver struct {
	server *http.Server

	mu      sync.Mutex
	secret  string
	seen    map[string]bool // by event
	booked  map[string]int  // different events of booking, by shipment
	again   int             // events that had come before
	refused []string        // what was not signed as it must be
}

// listen makes a callback endpoint of a shipper's on this machine.
func listen(ctx context.Context, p *endtoend.Shipper) (*receiver, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{seen: map[string]bool{}, booked: map[string]int{}}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = r.server.Serve(l) }()
	a, err := p.Call(ctx, http.MethodPost, "/v1/callback-endpoints", map[string]string{"url": "http://" + l.Addr().String() + "/"}, nil)
	if err == nil && a.Status != http.StatusCreated {
		err = fmt.Errorf("adding a callback endpoint: %d %s", a.Status, a.Body)
	}
	if err != nil {
		r.close()
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secret = a.Str("secret")
	return r, nil
}

// ServeHTTP implements http.Handler.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(io.LimitReader(req.Body, 1<<20))
	r.mu.Lock()
	defer r.mu.Unlock()
	var d client.Delivery
	if err == nil {
		d, err = client.VerifyWebhook([]string{r.secret}, req.Header, body, time.Now(), client.WebhookTolerance)
	}
	switch {
	case err != nil:
		r.refused = append(r.refused, err.Error())
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	case r.seen[d.ID]:
		r.again++
	case d.Type == client.EventTypeShipmentBooked:
		r.booked[d.Data.ShipmentID]++
	}
	r.seen[d.ID] = true
	w.WriteHeader(http.StatusNoContent)
}

// of tells how many events of its booking came for a shipment.
func (r *receiver) of(shipment string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.booked[shipment]
}

func (r *receiver) close() { _ = r.server.Close() }
