package endtoend

import (
	"strings"
	"testing"
	"time"
)

func TestShipment(t *testing.T) {
	sim := newSimulator(t)
	p := start(t, sim).shipper("Acme")

	t.Run("an order becomes a label", func(t *testing.T) {
		a := p.call("POST", "/v1/shipments", p.confirmed("order-1"), nil)
		if a.Status != 202 || a.str("status") != "pending" || a.Header.Get("ETag") != `"1"` {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		id := a.str("id")
		await(t, 30*time.Second, "the booking", func() bool { a = p.call("GET", "/v1/shipments/"+id, nil, nil); return a.str("status") == "booked" }, nil)
		number := a.str("tracking_number")
		label := p.call("GET", "/v1/shipments/"+id+"/label", nil, map[string]string{"Accept": "application/zpl"})
		if label.Status != 200 || label.Header.Get("Content-Type") != "application/zpl" || !strings.Contains(string(label.Body), number) {
			t.Errorf("%d %s %s", label.Status, label.Header, label.Body)
		}
	})
}
