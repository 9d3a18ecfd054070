package endtoend_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
)

// waiting asks for an answer that knows the outcome.
var waiting = map[string]string{"Prefer": "wait=20"}

// list is a member of an answer that is a list of objects.
func list(a answer, member string) []map[string]any {
	all, _ := a.JSON[member].([]any)
	out := make([]map[string]any, len(all))
	for i, x := range all {
		out[i], _ = x.(map[string]any)
	}
	return out
}

// column is one text member of each object.
func column(all []map[string]any, member string) []string {
	out := make([]string, len(all))
	for i, x := range all {
		out[i], _ = x[member].(string)
	}
	return out
}

// amount is a member that is money, in minor units.
func amount(x map[string]any, member string) int64 {
	m, _ := x[member].(map[string]any)
	n, _ := m["amount"].(float64)
	return int64(n)
}

// labelFile is the label that came with a shipment.
func labelFile(t *testing.T, a answer) (mediaType string, content []byte) {
	t.Helper()
	f, _ := a.JSON["label_file"].(map[string]any)
	text, _ := f["content"].(string)
	content, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(content) == 0 {
		t.Fatalf("no label_file (%v) in %.3000s", err, a.Body)
	}
	mediaType, _ = f["media_type"].(string)
	return mediaType, content
}

// question is an order as rates are asked for.
func question(o map[string]any) map[string]any {
	q := map[string]any{}
	for _, member := range []string{"ship_from", "ship_to", "parcels", "customs"} {
		if o[member] != nil {
			q[member] = o[member]
		}
	}
	return q
}

// outbound is the whole job with UPS, step by step, as an integrator does it.
func outbound(t *testing.T, s *stack, sim *simulator) {
	j := &job{shipper: s.shipper("Outbound"), sim: sim}
	j.told = j.receiver(nil)
	for _, step := range []struct {
		name string
		do   func(*testing.T, *shipper)
	}{
		{"rates: the account's own prices, the cheapest first, each the sum of its charges", j.rates},
		{"a draft by a rate's id has the rate's service and account", j.draft},
		{"another rate is taken by a change, for the same parcels only", j.change},
		{"confirmed, the booked shipment is answered with its label, at the price that was offered", j.confirm},
		{"the history and the attempt tell how it went, without secrets and labels", j.follow},
		{"it is found by its reference, its number, its status and its time", j.find},
		{"cancelled, it is void at the carrier, and the callback says so", j.cancel},
		{"cancelled again, nothing changes", j.again},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.do(t, j.in(t)) }) {
			return
		}
	}
}

// job is what the steps know of each other.
type job struct {
	*shipper
	sim    *simulator
	told   *receiver
	rate   map[string]any
	id     string
	last   answer // the shipment as it was last seen
	number string
}

func (j *job) order() map[string]any {
	o := j.Order("outbound-1")
	delete(o, "service")
	delete(o, "carrier_account")
	return o
}

func (j *job) rates(t *testing.T, p *shipper) {
	a := p.call("POST", "/v1/rates", question(j.order()), nil)
	p.want(a, 200, "")
	rates := list(a, "data")
	if len(rates) < 4 || len(a.JSON["problems"].([]any)) != 0 || a.Str("expires_at") == "" {
		t.Fatalf("%s", a.Body)
	}
	for i, r := range rates {
		sum := int64(0)
		for _, c := range r["charges"].([]any) {
			sum += amount(c.(map[string]any), "amount")
		}
		if total := amount(r, "total"); sum != total || r["negotiated"] != true || r["carrier_account"] != p.Account || i > 0 && total < amount(rates[i-1], "total") {
			t.Errorf("%v", r)
		}
	}
	if j.rate = rates[0]; j.rate["service"] != "ups_ground" {
		t.Errorf("the cheapest is %v", j.rate["service"])
	}
}

func (j *job) draft(t *testing.T, p *shipper) {
	o := j.order()
	o["rate"] = j.rate["id"]
	j.last = p.call("POST", "/v1/shipments", o, nil)
	p.fresh(j.last, 201)
	if j.last.Str("status") != "draft" || j.last.Str("rate") != j.rate["id"] || j.last.Str("service") != "ups_ground" || j.last.Str("carrier_account") != p.Account {
		t.Fatalf("%s", j.last.Body)
	}
	j.id = j.last.Str("id")
	p.replayed(p.call("POST", "/v1/shipments", o, nil), j.id)
}

func (j *job) change(t *testing.T, p *shipper) {
	patch := func(version string, body map[string]any) answer {
		return p.call("PATCH", "/v1/shipments/"+j.id, body, map[string]string{"If-Match": version, "Content-Type": "application/merge-patch+json"})
	}
	offers := p.call("POST", "/v1/shipments/"+j.id+"/rates", nil, nil)
	p.want(offers, 200, "")
	n := slices.IndexFunc(list(offers, "data"), func(r map[string]any) bool { return r["service"] == "ups_2nd_day_air" })
	if n < 0 {
		t.Fatalf("%s", offers.Body)
	}
	j.rate = list(offers, "data")[n]
	heavier := patch(`"1"`, map[string]any{"parcels": []any{map[string]any{"weight_g": 5000}}})
	p.want(heavier, 422, "invalid_request")
	if got := problemsOf(heavier); !slices.Equal(got, []string{"rate:rate_mismatch"}) {
		t.Errorf("%v", got)
	}
	a := patch(`"1"`, map[string]any{"rate": j.rate["id"], "order_number": "1001", "label": map[string]any{"format": "gif"}})
	if p.want(a, 200, ""); a.Str("service") != "ups_2nd_day_air" || a.Str("order_number") != "1001" || a.Header.Get("ETag") != `"2"` || a.Str("status") != "draft" {
		t.Errorf("%s", a.Body)
	}
	stale := patch(`"1"`, map[string]any{"order_number": "1002"})
	if p.want(stale, 412, "version_mismatch"); stale.Header.Get("ETag") != `"2"` || stale.JSON["shipment"] == nil {
		t.Errorf("%v %s", stale.Header, stale.Body)
	}
	if a = patch(`"2"`, map[string]any{"order_number": nil}); a.JSON["order_number"] != nil || a.Str("rate") != j.rate["id"] {
		t.Errorf("%s", a.Body)
	}
	j.last = a
}

func (j *job) confirm(t *testing.T, p *shipper) {
	a := p.call("POST", "/v1/shipments/"+j.id+"/confirm", nil, map[string]string{"If-Match": j.last.Header.Get("ETag"), "Prefer": "wait=20", "Idempotency-Key": "confirm-outbound-1"})
	p.fresh(a, 200)
	if a.Str("status") != "booked" || a.Header.Get("Preference-Applied") != "wait=20" || amount(a.JSON, "charge") != amount(j.rate, "total") {
		t.Errorf("%v %s", a.Header, a.Body)
	}
	if media, label := labelFile(t, a); media != "image/gif" || !bytes.HasPrefix(label, []byte("GIF8")) {
		t.Errorf("%s %.20q", media, label)
	}
	e := j.sim.entry(j.id)
	if e == nil || e.Live != 1 || e.Numbers[0] != a.Str("tracking_number") || e.Bookings[0].Service != "02" {
		t.Fatalf("the carrier holds %+v", e)
	}
	j.last, j.number = a, a.Str("tracking_number")
	late := p.call("PATCH", "/v1/shipments/"+j.id, map[string]any{"order_number": "1"}, map[string]string{"If-Match": a.Header.Get("ETag")})
	p.want(late, 409, "not_editable")
	p.want(p.call("POST", "/v1/shipments/"+j.id+"/rates", nil, nil), 409, "not_editable")
}

func (j *job) follow(t *testing.T, p *shipper) {
	events := list(p.call("GET", "/v1/shipments/"+j.id+"/events", nil, nil), "data")
	if got, want := column(events, "cause"), []string{"initiated", "edited", "edited", "confirmed", "label_requested", "label_generated"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := column(events, "status"), []string{"draft", "draft", "draft", "pending", "booking", "booked"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for i, e := range events {
		if e["version"] != float64(i+1) {
			t.Errorf("event %d has version %v", i+1, e["version"])
		}
	}
	a := p.call("GET", "/v1/shipments/"+j.id+"/attempts", nil, nil)
	attempts := list(a, "data")
	if len(attempts) != 1 || attempts[0]["outcome"] != "label_generated" || attempts[0]["ended_at"] == nil {
		t.Fatalf("%s", a.Body)
	}
	head, _ := attempts[0]["answer"].(map[string]any)
	body, _ := head["body"].(string)
	if head["http_status"] != float64(200) || head["duration_ms"] == nil || !strings.Contains(body, j.number) {
		t.Errorf("%s", a.Body)
	}
	_, label := labelFile(t, j.last)
	for _, secret := range []string{base64.StdEncoding.EncodeToString(label)[:60], "test-secret", "Bearer", p.Key} {
		if strings.Contains(string(a.Body), secret) {
			t.Errorf("the attempt shows %.20q", secret)
		}
	}
}

func (j *job) find(t *testing.T, p *shipper) {
	made := j.last.Str("created_at")
	for query, want := range map[string]bool{
		"reference=outbound-1": true, "reference=outbound-2": false, "tracking_number=" + j.number: true, "tracking_number=1Z999AA10123456784": false,
		"status=booked": true, "status=failed": false, "created_after=" + made: true, "created_before=" + made: false,
		"reference=outbound-1&status=failed": false, "tracking_number=" + j.number + "&reference=outbound-1": true, "status=booked&created_after=" + made + "&limit=1": true,
	} {
		a := p.call("GET", "/v1/shipments?"+query, nil, nil)
		if p.want(a, 200, ""); slices.Contains(column(list(a, "data"), "id"), j.id) != want {
			t.Errorf("%s: %s", query, a.Body)
		}
	}
	p.want(p.call("GET", "/v1/shipments?status=lost", nil, nil), 400, "invalid_status")
	p.want(p.call("GET", "/v1/shipments?created_after=yesterday", nil, nil), 400, "invalid_time")
}

func (j *job) cancel(t *testing.T, p *shipper) {
	a := p.call("POST", "/v1/shipments/"+j.id+"/cancel", nil, map[string]string{"Idempotency-Key": "cancel-outbound-1"})
	if p.fresh(a, 202); a.Str("status") != "booked" || a.JSON["cancellation"].(map[string]any)["status"] != "in_progress" {
		t.Errorf("%s", a.Body)
	}
	j.last = p.reaches(j.id, "cancelled", func(a answer) bool { return a.Str("status") == "cancelled" })
	if e := j.sim.entry(j.id); e.Live != 0 || len(e.Bookings) != 1 || e.Bookings[0].Parcels[0].VoidedAt.IsZero() {
		t.Errorf("the carrier holds %+v", e)
	}
	if j.last.JSON["cancellation"] != nil || j.last.Str("tracking_number") != j.number {
		t.Errorf("%s", j.last.Body)
	}
	booked, cancelled := j.told.gets(t, 1, j.id, "shipment.booked")[0], j.told.gets(t, 1, j.id, "shipment.cancelled")[0]
	if cancelled.data()["status"] != "cancelled" || cancelled.data()["tracking_number"] != j.number || cancelled.Event["sequence"] != j.last.JSON["version"] || cancelled.ID == booked.ID {
		t.Errorf("%s", cancelled.Body)
	}
	p.want(p.call("GET", "/v1/shipments/"+j.id+"/label", nil, map[string]string{"Accept": "image/gif"}), 410, "label_void")
}

func (j *job) again(t *testing.T, p *shipper) {
	before := j.sim.Calls()[fault.Void]
	for _, key := range []string{"cancel-outbound-1", "another key", ""} {
		header := map[string]string{"Idempotency-Key": key}
		a := p.call("POST", "/v1/shipments/"+j.id+"/cancel", nil, header)
		if a.Status != 200 || a.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s: %d %v %s", key, a.Status, a.Header, a.Body)
		}
	}
	p.want(p.confirm(j.id, j.last.Header.Get("ETag"), "again"), 409, "not_confirmable")
	if now := p.call("GET", "/v1/shipments/"+j.id, nil, nil); fmt.Sprint(now.JSON) != fmt.Sprint(j.last.JSON) || j.sim.Calls()[fault.Void] != before {
		t.Errorf("%s became %s", j.last.Body, now.Body)
	}
}
