package endtoend_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/infra/alarms"
	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/obs"
	"github.com/fairlead/fairlead/shared/ship"
)

// logged is one line that a function wrote.
type logged struct {
	function, text string
	fields         map[string]any // nil for what is no JSON: the platform's own
}

func (l logged) str(key string) string { v, _ := l.fields[key].(string); return v }

// logged are all lines that the functions of the stack have written, as they stand in its logs.
func (s *stack) logged() []logged {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(s.Where().Logs, "*.log"))
	if err != nil || len(files) == 0 {
		s.t.Fatal("no logs", err)
	}
	var out []logged
	for _, f := range files {
		function := strings.TrimSuffix(filepath.Base(f), ".log")
		raw, err := os.ReadFile(f)
		if err != nil {
			s.t.Fatal(err)
		}
		raw = raw[:bytes.LastIndexByte(raw, '\n')+1] // a line that is being written is none yet
		for text := range strings.Lines(string(raw)) {
			if function == "emulators" {
				continue
			}
			l := logged{function: function, text: text}
			_ = json.Unmarshal([]byte(text), &l.fields)
			out = append(out, l)
		}
	}
	return out
}

// metrics are those that CloudWatch would take from the lines. Each obeys the table.
func metrics(t *testing.T, lines []logged) []alarms.Sample {
	t.Helper()
	var out []alarms.Sample
	for _, l := range lines {
		found, err := alarms.Read([]byte(l.text))
		if err != nil {
			t.Fatalf("%s wrote %s: %v", l.function, l.text, err)
		}
		for _, m := range found {
			if why := strange(m); why != "" {
				t.Fatalf("%s wrote %s: %s", l.function, l.text, why)
			}
		}
		out = append(out, found...)
	}
	return out
}

// strange tells what the table does not say of a metric that was written.
func strange(m alarms.Sample) string {
	known, ok := obs.Lookup(obs.Name(m.Name))
	if !ok || m.Namespace != obs.Namespace || m.Unit != string(known.Unit) || m.Dimensions[obs.Stack] != "fairlead" {
		return m.Name + " is not in the table so"
	}
	for d, v := range m.Dimensions {
		i := slices.IndexFunc(obs.Dimensions, func(x obs.Dimension) bool { return x.Name == d })
		switch {
		case d == obs.Stack:
		case d != known.Dimension || i < 0:
			return m.Name + " is by " + d
		case obs.Dimensions[i].Values != nil && !slices.Contains(obs.Dimensions[i].Values, v), strings.Contains(v, "tn_"):
			return m.Name + " has a value " + v + " of " + d
		}
	}
	return ""
}

// person is what an order of this test says of a person, and nothing else does.
var person = map[string]any{"name": "Zebedia Quillfeather", "company": "Quillfeather Antiquarian", "lines": []string{"77 Larkspur Crescent"}, "city": "New York",
	"state": "NY", "postcode": "10001", "country": "US", "phone": "2125550177", "email": "zebedia@quillfeather.example"}

// personal are words of person that no line may hold.
var personal = []string{"Zebedia", "Quillfeather", "quillfeather", "Larkspur", "2125550177"}

// follows takes one order from the API to the callback by its correlation id alone.
func follows(t *testing.T, p *shipper, r *receiver) {
	const trace = "trace-from-the-shop-1"
	o := p.Confirmed("followed")
	o["ship_to"] = person
	a := p.call("POST", "/v1/shipments", o, map[string]string{"X-Request-Id": trace})
	p.fresh(a, 202)
	id := a.Str("id")
	d := r.gets(t, 1, id, "shipment.booked")[0]
	if d.Event["correlation_id"] != trace {
		t.Errorf("the callback says %v", d.Event["correlation_id"])
	}
	var mine []logged
	await(t, 10*time.Second, "the line of the delivery", func() bool {
		mine = slices.DeleteFunc(p.logged(), func(l logged) bool { return l.str("correlation_id") != trace })
		return slices.ContainsFunc(mine, func(l logged) bool { return l.function == "deliver-callback" })
	}, nil)
	// One line of each unit of work; relay-events has one for each message it sent.
	want := map[string]map[string]any{
		"create-shipment":  {"msg": "request", "tenant": p.Tenant, "mode": "test", "shipment": id, "status": 202.0, "request_id": trace},
		"book-shipment":    {"msg": "message", "tenant": p.Tenant, "mode": "test", "shipment": id, "outcome": "Done", "carrier": "ups", "attempt": 1.0, "queue": "standard"},
		"fan-out-events":   {"msg": "message", "tenant": p.Tenant, "mode": "test", "shipment": id, "outcome": "done", "sent": 1.0, "type": "shipment.booked"},
		"deliver-callback": {"msg": "message", "tenant": p.Tenant, "mode": "test", "shipment": id, "outcome": "delivered", "endpoint": r.id, "status": 200.0, "message": d.ID},
	}
	seen := map[string]int{}
	for _, l := range mine {
		seen[l.function]++
		for k, v := range want[l.function] {
			if l.fields[k] != v {
				t.Errorf("%s says %s is %v, not %v: %s", l.function, k, l.fields[k], v, l.text)
			}
		}
		if l.function != "relay-events" && (l.fields["ms"] == nil || l.fields["aws_ms"] == nil) {
			t.Errorf("%s does not say how long it took: %s", l.function, l.text)
		}
	}
	for f := range want {
		if seen[f] != 1 {
			t.Errorf("%s wrote %d lines of it", f, seen[f])
		}
	}
	if seen["relay-events"] != 2 { // the booking's message, and the event
		t.Errorf("relay-events wrote %d lines of it", seen["relay-events"])
	}
}

// refusedOrder has the carrier refuse what a person is named in, for carriers repeat what they were sent.
func refusedOrder(t *testing.T, p *shipper, sim *simulator) {
	id := booking.IDByReference(p.Tenant, ship.Test, "refused")
	sim.inject(t, id, fault.Fault{Kind: fault.Refuse, Operation: fault.Ship, Times: 1, Code: "120802"})
	o := p.Confirmed("refused")
	o["ship_to"] = person
	p.fresh(p.call("POST", "/v1/shipments", o, nil), 202)
	p.reaches(id, "failed", func(a answer) bool { return a.Str("status") == "failed" })
}

// discreet looks for what no line may hold: anything of a person, and credentials.
func discreet(t *testing.T, p *shipper, secret string) {
	lines := p.logged()
	if len(lines) < 50 {
		t.Fatalf("%d lines are too few to say anything", len(lines))
	}
	for _, l := range lines {
		for _, word := range append([]string{p.Key, p.Key[strings.LastIndex(p.Key, "_")+1:], secret, strings.TrimPrefix(secret, "whsec_"), "test-secret", "Bearer "}, personal...) {
			if strings.Contains(l.text, word) {
				t.Errorf("%s wrote %.3s…: %s", l.function, word, strings.ReplaceAll(l.text, word, "…"))
			}
		}
	}
}
