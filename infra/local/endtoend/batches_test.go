package endtoend_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/shared/batch"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/ship"
)

// post sends a batch and returns the answer.
func (p *shipper) post(key, media string, body any) answer {
	p.t.Helper()
	return p.call("POST", "/v1/batches", body, map[string]string{"Idempotency-Key": key, "Content-Type": media})
}

// progress is how many shipments of a batch have a status.
func progress(a answer, status string) int {
	m, _ := a.JSON["progress"].(map[string]any)
	n, _ := m[status].(float64)
	return int(n)
}

// batchUntil waits until a batch is as it should be.
func (p *shipper) batchUntil(id, what string, ok func(answer) bool) answer {
	p.t.Helper()
	var a answer
	await(p.t, 90*time.Second, id+" to be "+what, func() bool { a = p.call("GET", "/v1/batches/"+id, nil, nil); return ok(a) }, func() string { return string(a.Body) })
	return a
}

// rows of a mixed batch: what is sent, and what has to become of it ("" is a shipment).
func (p *shipper) mixed(name string) (rows []any, want []string) {
	add := func(problem string, change func(o map[string]any)) {
		o := p.Order(fmt.Sprint(name, "-", len(rows)+1))
		change(o)
		rows, want = append(rows, o), append(want, problem)
	}
	add("", func(map[string]any) {})
	add("invalid_request parcels[0].weight_g:minimum", func(o map[string]any) { o["parcels"] = []any{map[string]any{"weight_g": 0}} })
	add("", func(o map[string]any) { delete(o, "reference") })
	add("invalid_request colour:unknown_field", func(o map[string]any) { o["colour"] = "red" })
	add("reference_taken", func(o map[string]any) { o["reference"], o["order_number"] = name+"-taken", "another" })
	add("", func(o map[string]any) { o["label"] = map[string]any{"format": "gif"} })
	add("", func(o map[string]any) { o["confirm"] = false })
	add("invalid_request ship_to.postcode:invalid_postcode", func(o map[string]any) { o["ship_to"].(map[string]any)["postcode"] = "ABCDE" })
	add("", func(o map[string]any) { o["label"] = map[string]any{"format": "gif"} })
	return rows, want
}

func batches(t *testing.T, s *stack, sim *simulator) {
	p := s.shipper("Batches")
	for _, media := range []string{"application/json", "application/x-ndjson"} {
		t.Run("broken rows are rejected with their problems, and the others booked, as "+media, func(t *testing.T) { mixedBatch(t, p.in(t), sim, media) })
	}
	t.Run("a batch is repeated by its key, which it needs", func(t *testing.T) {
		p := p.in(t)
		body := map[string]any{"shipments": []any{p.Order("batch-again")}}
		first, again := p.post("batch-again", "application/json", body), p.post("batch-again", "application/json", body)
		if p.want(again, 202, ""); first.Str("id") != again.Str("id") || again.Header.Get("Idempotent-Replayed") != "true" || first.Header.Get("Idempotent-Replayed") != "" {
			t.Errorf("%s, then %v %s", first.Body, again.Header, again.Body)
		}
		p.want(p.post("batch-again", "application/json", map[string]any{"shipments": []any{p.Order("batch-other")}}), 422, "idempotency_key_reused")
		p.want(p.post("", "application/json", body), 400, "idempotency_required")
		p.batchUntil(first.Str("id"), "booked", func(a answer) bool { return progress(a, "booked") == 1 })
	})
	t.Run("what is no batch is refused whole", func(t *testing.T) {
		p := p.in(t)
		for body, code := range map[string]string{
			`{"shipments":[]}`: "empty_batch", `{"shipments":[` + strings.Repeat("{},", batch.MostRows) + `{}]}`: "batch_too_large", `{"shipments":[{}],"shipments":[{}]}`: "duplicate_key", `{"shipments":`: "invalid_json",
		} {
			p.want(p.post("no batch", "application/json", []byte(body)), 400, code)
		}
		p.want(p.post("no batch", "application/x-ndjson", []byte("\n \n")), 400, "empty_batch")
		p.want(p.post("no batch", "application/x-ndjson", []byte(strings.Repeat("{}\n", batch.MostRows+1))), 400, "batch_too_large")
		p.want(p.post("no batch", "text/csv", []byte("a,b")), 415, "unsupported_media_type")
	})
	t.Run("a cancelled batch begins no row any more, and takes back those it created", func(t *testing.T) { cancelledBatch(t, p.in(t), sim) })
	t.Run("batches are listed page by page", func(t *testing.T) {
		p := p.in(t)
		got := p.all("/v1/batches", 2)
		if !slices.IsSortedFunc(got, func(a, b map[string]any) int {
			return strings.Compare(b["created_at"].(string), a["created_at"].(string))
		}) || len(got) != 4 {
			t.Errorf("%v", got)
		}
	})
}

// mixedBatch sends the same rows as JSON or as JSON Lines, the latter with a line that is no JSON.
func mixedBatch(t *testing.T, p *shipper, sim *simulator, media string) {
	name := map[string]string{"application/json": "json", "application/x-ndjson": "lines"}[media]
	taken := p.call("POST", "/v1/shipments", p.Order(name+"-taken"), nil)
	p.fresh(taken, 201)
	rows, want := p.mixed(name)
	var body any = map[string]any{"shipments": rows}
	if name == "lines" {
		var lines bytes.Buffer
		for _, r := range rows {
			if err := json.NewEncoder(&lines).Encode(r); err != nil {
				t.Fatal(err)
			}
		}
		lines.WriteString("\n{\"reference\":\n")
		body, want = lines.Bytes(), append(want, "invalid_json")
	}
	a := p.post("mixed "+name, media, body)
	p.want(a, 202, "")
	id := a.Str("id")
	if a.Num("rows") != int64(len(want)) {
		t.Fatalf("%s", a.Body)
	}
	good := 0
	for _, w := range want {
		if w == "" {
			good++
		}
	}
	a = p.batchUntil(id, "booked", func(a answer) bool { return a.Str("status") == "created" && progress(a, "booked") == good-1 })
	if a.Num("created") != int64(good) || a.Num("rejected") != int64(len(want)-good) || progress(a, "draft") != 1 {
		t.Errorf("%s", a.Body)
	}
	outcomes(t, p, sim, id, taken.Str("id"), want)
	for _, row := range p.all("/v1/batches/"+id+"/rows", 4) { // a label that did not come in time is fetched after the booking
		if made, _ := row["shipment"].(map[string]any); made != nil && made["status"] == "booked" {
			p.booked(made["id"].(string))
		}
	}
	batchLabels(t, p, "/v1/batches/"+id+"/labels", name)
}

// outcomes holds the rows of a batch against what has to become of each.
func outcomes(t *testing.T, p *shipper, sim *simulator, id, taken string, want []string) {
	got := p.all("/v1/batches/"+id+"/rows", 4)
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i, row := range got {
		told := ""
		if no, ok := row["problem"].(map[string]any); ok {
			told = strings.TrimSpace(no["code"].(string) + " " + strings.Join(problemsOf(answer{JSON: no}), ","))
			if no["code"] == "reference_taken" && no["existing_id"] != taken {
				t.Errorf("%v", row)
			}
		}
		if told != want[i] || row["row"] != float64(i+1) || (row["status"] == "created") != (want[i] == "") {
			t.Errorf("row %d is %v, want %q", i+1, row, want[i])
		}
		made, _ := row["shipment"].(map[string]any)
		if made == nil {
			continue
		}
		shp, _ := made["id"].(string)
		e := sim.entry(shp)
		if made["priority"] != "bulk" || (made["status"] == "booked") != (e != nil && len(e.Bookings) == 1) {
			t.Errorf("%v, the carrier holds %+v", made, e)
		}
		if made["reference"] == nil && shp != booking.IDByKey(p.Tenant, ship.Test, batch.RowKey(id, int64(i+1))) {
			t.Errorf("%v is not named by its batch and row", made)
		}
	}
}

// batchLabels are those of two zpl and two gif labels.
func batchLabels(t *testing.T, p *shipper, path, name string) {
	files := unzip(t, p.get(path, "?format=zip", "application/zip"))
	if len(files) != 4 || !bytes.HasPrefix(files[name+"-6.gif"], []byte("GIF8")) || !bytes.Contains(files[name+"-1.zpl"], []byte("^XA")) {
		t.Errorf("%d files", len(files))
	}
	p.want(p.get(path, "", "application/pdf"), 406, "not_convertible")
	form{"", "application/pdf", strings.Join([]string{inches4x6, inches4x6}, ", "), 0, 0}.is(t, p.get(path, "?from_row=4", "application/pdf"))
	form{"", "application/pdf", a4, 0, 0}.is(t, p.get(path, "?from_row=4&size=a4", "application/pdf"))
	form{"", "application/pdf", inches4x6, 0, 0}.is(t, p.get(path, "?from_row=7", "application/pdf"))
	p.linked(p.get(path, "?from_row=4", "application/json"), p.get(path, "?from_row=4", "application/pdf").Body, "application/pdf")
	p.want(p.get(path, "?from_row=0", "application/pdf"), 400, "invalid_row")
	p.want(p.get(path, "?from_row=10", "application/pdf"), 404, "label_not_ready")
}

// numbered is a batch of so many good rows.
func (p *shipper) numbered(name string, n int) map[string]any {
	rows := make([]any, n)
	for i := range rows {
		rows[i] = p.Order(fmt.Sprintf("%s-%03d", name, i+1))
	}
	return map[string]any{"shipments": rows}
}

func cancelledBatch(t *testing.T, p *shipper, sim *simulator) {
	id := p.post("cancelled", "application/json", p.numbered("cancelled", 200)).Str("id")
	p.batchUntil(id, "begun", func(a answer) bool { return a.Num("created") > 0 })
	a := p.call("POST", "/v1/batches/"+id+"/cancel", nil, nil)
	p.want(a, 202, "")
	a = p.batchUntil(id, "cancelled, every shipment with it", func(a answer) bool {
		return a.Str("status") == "cancelled" && progress(a, "cancelled") == int(a.Num("created"))
	})
	rows := p.all("/v1/batches/"+id+"/rows", 100)
	created := 0
	for _, row := range rows {
		if row["status"] == "created" {
			created++
		} else if row["status"] != "cancelled" {
			t.Errorf("%v", row)
		}
	}
	if len(rows) != 200 || created != int(a.Num("created")) {
		t.Errorf("%d of %d rows created, %s", created, len(rows), a.Body)
	}
	// What the last chunk created without recording it is taken back as well.
	await(t, 60*time.Second, "the carrier to hold nothing of it", func() bool {
		return !slices.ContainsFunc(p.bookings(sim), func(e carriersim.Entry) bool { return e.Live > 0 && strings.HasPrefix(p.referenceOf(e), "cancelled-") })
	}, nil)
	again := p.call("POST", "/v1/batches/"+id+"/cancel", nil, nil)
	if p.want(again, 202, ""); again.Str("status") != "cancelled" {
		t.Errorf("%s", again.Body)
	}
}

// referenceOf is the shipper's own reference of what the carrier holds.
func (p *shipper) referenceOf(e carriersim.Entry) string {
	return p.call("GET", "/v1/shipments/shp_"+e.Reference, nil, nil).Str("reference")
}

// killedBatch is a batch whose process is killed while it creates rows.
type killedBatch struct {
	*shipper
	sim *simulator
	id  string
}

const killedRows = 150

func beginKilledBatch(t *testing.T, s *stack, sim *simulator) *killedBatch {
	t.Helper()
	p := s.shipper("Killed batch")
	k := &killedBatch{p, sim, p.post("killed", "application/json", p.numbered("killed", killedRows)).Str("id")}
	var a answer
	await(t, 30*time.Second, "a process to kill in the middle of the batch", func() bool {
		if a = p.call("GET", "/v1/batches/"+k.id, nil, nil); a.Num("created") == 0 {
			return false
		}
		if a.Num("created") == killedRows {
			t.Fatalf("all rows were created before anything was killed: %s", a.Body)
		}
		return p.kill("expand-batch") > 0
	}, nil)
	return k
}

// kill kills the processes of a function that are at work, and tells how many those were.
func (s *stack) kill(function string) (n int) {
	s.t.Helper()
	all, err := s.Instances(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, in := range all {
		exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", in.Pid))
		if in.Function != function || !in.Busy || err != nil || filepath.Base(exe) != function {
			continue
		}
		if p, err := os.FindProcess(in.Pid); err == nil && p.Kill() == nil {
			n++
		}
	}
	return n
}

func (k *killedBatch) check(t *testing.T) {
	p := k.shipper.in(t)
	a := p.batchUntil(k.id, "booked whole", func(a answer) bool { return progress(a, "booked") == killedRows })
	if a.Str("status") != "created" || a.Num("created") != killedRows || a.Num("rejected") != 0 {
		t.Errorf("%s", a.Body)
	}
	held := p.bookings(k.sim)
	for _, e := range held {
		if len(e.Bookings) != 1 || e.Live != 1 {
			t.Errorf("booked %d times: %+v", len(e.Bookings), e)
		}
	}
	if len(held) != killedRows {
		t.Errorf("the carrier holds %d shipments, want %d", len(held), killedRows)
	}
	if got := p.all("/v1/shipments", 100); len(got) != killedRows {
		t.Errorf("%d shipments", len(got))
	}
}
