package callback

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

var quiet = log.New(io.Discard, "", 0)

func TestPause(t *testing.T) {
	const s = time.Second
	twice := func(d time.Duration) time.Duration { return 2 * d }
	tests := []struct {
		name    string
		attempt int
		asked   time.Duration
		jitter  func(time.Duration) time.Duration
		want    time.Duration
	}{
		{name: "follows the schedule", attempt: 1, want: 30 * s},
		{name: "follows the schedule to its end", attempt: 5, want: 300 * s},
		{name: "uses the jitter", attempt: 2, jitter: twice, want: 120 * s},
		{name: "waits as long as the receiver asks", attempt: 1, asked: 45 * s, want: 45 * s},
		{name: "does not come back sooner than planned", attempt: 3, asked: 2 * s, want: 120 * s},
		{name: "waits 15 minutes at most", attempt: 1, asked: 24 * time.Hour, want: 900 * s},
		{name: "is whole seconds, rounded up", attempt: 1, asked: 30*s + 1, want: 31 * s},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Standard().pause(tt.attempt, tt.asked, tt.jitter); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	t.Run("twenty times shorter is still whole seconds", func(t *testing.T) {
		short := Standard().Divide(20)
		want := Times{
			Connect: 150 * time.Millisecond, Total: 500 * time.Millisecond, Retry: []time.Duration{2 * s, 3 * s, 6 * s, 15 * s, 15 * s},
			RetryAfterMax: 45 * s, Keep: 3 * s, KeepNone: 250 * time.Millisecond,
		}
		if diff := cmp.Diff(want, short); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("five times the time of an attempt fits a worker's", func(t *testing.T) {
		// A batch of ten for one endpoint, two at a time, and the last one still has its time to be recorded.
		if limit := 60 * time.Second; 5*Standard().Total+Standard().Total/4 > limit {
			t.Errorf("an unlucky batch takes longer than %v", limit)
		}
	})
}

func TestSpreadStaysWithinAFifth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "d"))
		if got := Spread(d); got < d-d/5 || got > d+d/5 {
			t.Fatalf("%v became %v", d, got)
		}
	})
}

func TestCache(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	var c cache[int]
	loads := 0
	read := func(key string) int {
		v, err := c.get(t.Context(), clock, key, func(context.Context) (int, time.Duration, error) { loads++; return loads, time.Minute, nil })
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	t.Run("answers from memory until the time is up", func(t *testing.T) {
		read("a")
		now = now.Add(time.Minute - 1)
		if v := read("a"); v != 1 {
			t.Errorf("read again within its time")
		}
		now = now.Add(1)
		if v := read("a"); v != 2 {
			t.Errorf("got answer %d after its time", v)
		}
	})
	t.Run("keeps no error", func(t *testing.T) {
		bad := errors.New("down")
		_, err := c.get(t.Context(), clock, "b", func(context.Context) (int, time.Duration, error) { return 0, time.Minute, bad })
		if !errors.Is(err, bad) || read("b") != 3 {
			t.Errorf("the error was kept, or lost: %v", err)
		}
	})
	t.Run("is bounded", func(t *testing.T) {
		for i := range 3 * cacheSize {
			read(fmt.Sprint(i))
			if len(c.entries) > cacheSize {
				t.Fatalf("%d entries", len(c.entries))
			}
		}
	})
	t.Run("shares one load among those who wait", func(t *testing.T) {
		var c cache[int]
		var wg sync.WaitGroup
		var mu sync.Mutex
		n := 0
		for range 50 {
			wg.Go(func() {
				c.get(context.Background(), clock, "x", func(context.Context) (int, time.Duration, error) {
					mu.Lock()
					defer mu.Unlock()
					n++
					return n, time.Minute, nil
				})
			})
		}
		wg.Wait()
		if n != 1 {
			t.Errorf("loaded %d times", n)
		}
	})
}

func TestPayload(t *testing.T) {
	event := queue.Envelope{
		ID: "evt_1", Correlation: "cor_1", Tenant: "ten_1", Mode: ship.Live, Shipment: "shp_1", Version: 7,
		OccurredAt: time.Date(2026, 3, 1, 14, 0, 0, 5e8, time.FixedZone("CET", 3600)), Type: "shipment.booked",
		Data: json.RawMessage("{ \"shipment_id\" : \"shp_1\",\n \"note\": \"<a> & 'b' \u2028 é \\u00e9\", \"n\": 12345678901234567890.10 }"),
	}
	body, err := render(event)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("says what happened, when and in which order", func(t *testing.T) {
		want := `{"type":"shipment.booked","timestamp":"2026-03-01T13:00:00.5Z","sequence":7,"correlation_id":"cor_1","mode":"live",` +
			`"data":{"shipment_id":"shp_1","note":"\u003ca\u003e \u0026 'b' \u2028 é \u00e9","n":12345678901234567890.10}}`
		if diff := cmp.Diff(want, string(body)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("keeps its bytes through every message", func(t *testing.T) {
		message, err := enclose(event, order{Endpoint: "ce_1", Attempt: 1, Event: body})
		for n := 1; n <= 6; n++ {
			if err != nil {
				t.Fatal(err)
			}
			wire, _ := json.Marshal(message)
			received, err := queue.Decode(string(wire))
			if err != nil {
				t.Fatal(err)
			}
			o, _, err := open(received)
			if err != nil {
				t.Fatal(err)
			}
			if string(o.Event) != string(body) || received.ID != "evt_1" || o.Attempt != n {
				t.Fatalf("attempt %d became %d of %s: %s", n, o.Attempt, received.ID, o.Event)
			}
			o.Attempt++
			if message, err = enclose(received, o); err != nil {
				t.Fatal(err)
			}
		}
	})
}
