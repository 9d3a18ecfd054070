package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/client"
)

func batch(status client.BatchStatus, progress client.BatchProgress) client.Batch {
	p := progress
	created := p.Draft + p.Pending + p.Booking + p.Booked + p.Failed + p.Unknown + p.Cancelled
	b := client.Batch{ID: "bat_1", Object: client.BatchObjectBatch, Mode: client.ModeTest, Status: status, Rows: 3, Created: created, Progress: p, CreatedAt: noon, UpdatedAt: noon}
	if status == client.BatchStatusCreated {
		b.Rejected = b.Rows - created
	}
	return b
}

func rows(r ...client.BatchRow) answer {
	return answer{status: 200, body: client.BatchRowPage{Object: client.ListObjectList, Data: r}}
}

func TestBatch(t *testing.T) {
	booked := shipment(client.StatusBooked)
	three := order(named1) + "\n" + order(`"reference": "order-2", `) + "\n" + order("")
	shown := rows(client.BatchRow{Row: 1, Status: client.BatchRowStatusCreated, Reference: new("order-1"), Shipment: &booked},
		client.BatchRow{Row: 3, Status: client.BatchRowStatusRejected, Problem: &client.RowProblem{Code: "invalid_request", Detail: "It can't be booked.", Errors: []client.FieldProblem{{Field: "parcels", Detail: "Too few."}}}})
	done := batch(client.BatchStatusCreated, client.BatchProgress{Booked: 3})
	for which, args := range map[string][]string{"book": {"book", "-"}, "batch": {"batch", "-"}} {
		t.Run(which+" orders many, follows them and shows each", func(t *testing.T) {
			s := serve(t, map[string][]answer{
				"POST /v1/batches": {{status: 202, body: batch(client.BatchStatusProcessing, client.BatchProgress{})}},
				"GET /v1/batches/bat_1": {{status: 200, body: batch(client.BatchStatusProcessing, client.BatchProgress{Pending: 1})},
					{status: 200, body: batch(client.BatchStatusCreated, client.BatchProgress{Pending: 1, Booked: 2})}, {status: 200, body: done}},
				"GET /v1/batches/bat_1/rows": {shown},
			})
			r := s.fairlead(three, args...)
			r.ends(t, exitDone, "processing, 2 waiting, 1 pending", "created, 1 pending, 2 booked", "created, 3 booked", "SIM1", "parcels: Too few.")
			var body struct{ Shipments []json.RawMessage }
			_, sent, _ := strings.Cut(s.seen[0], " {")
			if err := json.Unmarshal([]byte("{"+sent), &body); err != nil || len(body.Shipments) != 3 {
				t.Errorf("%d rows sent, %v", len(body.Shipments), err)
			}
		})
	}
	t.Run("the same file has the same key, another file another", func(t *testing.T) {
		keys := map[string]bool{}
		for _, in := range []string{three, three, order("")} {
			s := serve(t, map[string][]answer{"POST /v1/batches": {refusal(403, "scope_missing")}})
			s.fairlead(in, "batch", "-").ends(t, exitFailed)
			keys[s.keys[0]] = true
		}
		if len(keys) != 2 || keys[""] {
			t.Errorf("keys %v", keys)
		}
	})
	t.Run("flags change the labels that are ordered, and never the key", func(t *testing.T) {
		s := serve(t, map[string][]answer{"POST /v1/batches": {refusal(422, "idempotency_key_reused")}})
		s.fairlead(order("")+order(`"label": {"format": "gif"}, `)+"7", "batch", "-").ends(t, exitFailed)
		s.fairlead(order("")+order(`"label": {"format": "gif"}, `)+"7", "batch", "-", "-label", "all.png").ends(t, exitFailed, "sent before with another label", "idempotency_key_reused")
		if s.keys[0] != s.keys[1] || s.keys[0] == "" {
			t.Errorf("keys %q", s.keys)
		}
		for i, want := range []string{`{"shipments":[{"service"`, `{"shipments":[{"label":{"format":"png"},"service"`} {
			if !strings.Contains(s.seen[i], want) || !strings.Contains(s.seen[i], `},{"label":{"format":"gif"}`) || !strings.HasSuffix(s.seen[i], ",7]}") {
				t.Errorf("sent %s", s.seen[i])
			}
		}
	})
	t.Run("a key may be given, and a repetition is said to be one", func(t *testing.T) {
		s := serve(t, map[string][]answer{"POST /v1/batches": {{status: 202, body: done, header: map[string]string{"Idempotent-Replayed": "true"}}},
			"GET /v1/batches/bat_1": {{status: 200, body: done}}, "GET /v1/batches/bat_1/rows": {shown}})
		s.fairlead(three, "batch", "-", "-key", "mine").ends(t, exitDone, "was sent before")
		if s.keys[0] != "mine" {
			t.Errorf("key %q", s.keys[0])
		}
	})
	for name, c := range map[string]struct {
		b      client.Batch
		status int
	}{
		"is not at its end":  {batch(client.BatchStatusCreated, client.BatchProgress{Booked: 2, Booking: 1}), exitUnfinished},
		"has an unknown one": {batch(client.BatchStatusCreated, client.BatchProgress{Booked: 2, Unknown: 1}), exitUnfinished},
		"has a failed one":   {batch(client.BatchStatusCreated, client.BatchProgress{Booked: 2, Failed: 1}), exitFailed},
		"has a rejected row": {batch(client.BatchStatusCreated, client.BatchProgress{Booked: 2}), exitFailed},
		"was cancelled":      {batch(client.BatchStatusCancelled, client.BatchProgress{Cancelled: 2}), exitDone},
	} {
		t.Run("one that "+name+" ends so", func(t *testing.T) {
			s := serve(t, map[string][]answer{"GET /v1/batches/bat_1": {{status: 200, body: c.b}}, "GET /v1/batches/bat_1/rows": {shown}})
			s.fairlead("", "batch", "bat_1", "-wait", "1s").ends(t, c.status)
		})
	}
	t.Run("the labels are written, 200 rows a file, where there are any", func(t *testing.T) {
		big := done
		big.Rows, big.Created = 450, 450
		big.Progress.Booked = 450
		pdf := answer{status: 200, body: []byte("%PDF"), media: "application/pdf"}
		s := serve(t, map[string][]answer{"GET /v1/batches/bat_1": {{status: 200, body: big}}, "GET /v1/batches/bat_1/rows": {shown},
			"GET /v1/batches/bat_1/labels": {pdf, refusal(404, "label_not_ready"), pdf}})
		dir := t.TempDir()
		s.fairlead("", "batch", "bat_1", "-label", filepath.Join(dir, "all.pdf"), "-format", "pdf", "-size", "a4").ends(t, exitDone)
		files, _ := filepath.Glob(filepath.Join(dir, "*"))
		if diff := cmp.Diff([]string{filepath.Join(dir, "all-401.pdf"), filepath.Join(dir, "all.pdf")}, files); diff != "" {
			t.Error(diff)
		}
		s.asked("GET /v1/batches/bat_1", "GET /v1/batches/bat_1/rows", "GET /v1/batches/bat_1/labels?format=pdf&from_row=1&size=a4",
			"GET /v1/batches/bat_1/labels?format=pdf&from_row=201&size=a4", "GET /v1/batches/bat_1/labels?format=pdf&from_row=401&size=a4")
	})
}

func TestLabel(t *testing.T) {
	png := answer{status: 200, body: []byte("png"), media: "image/png", header: map[string]string{"Content-Disposition": `inline; filename="../../SIM1.png"`}}
	t.Run("is written to a file", func(t *testing.T) {
		s := serve(t, map[string][]answer{"GET /v1/shipments/shp_1/label": {png}})
		to := filepath.Join(t.TempDir(), "l.png")
		s.fairlead("", "label", "shp_1", "-o", to, "-format", "png", "-size", "4x6", "-parcel", "2").ends(t, exitDone, "image/png, 3 bytes")
		if got, err := os.ReadFile(to); err != nil || string(got) != "png" {
			t.Errorf("%q, %v", got, err)
		}
		s.asked("GET /v1/shipments/shp_1/label?format=png&parcel=2&size=4x6")
	})
	t.Run("goes into a folder under its own name, and nowhere else", func(t *testing.T) {
		s := serve(t, map[string][]answer{"GET /v1/shipments/shp_1/label": {png}})
		dir := filepath.Join(t.TempDir(), "deep", "labels")
		s.fairlead("", "label", "shp_1", "-o", dir+"/", "-format", "png").ends(t, exitDone)
		if _, err := os.Stat(filepath.Join(dir, "SIM1.png")); err != nil {
			t.Error(err)
		}
	})
	t.Run("goes to the standard output", func(t *testing.T) {
		s := serve(t, map[string][]answer{"GET /v1/shipments/shp_1/label": {png}})
		r := s.fairlead("", "label", "-o", "-", "shp_1", "-format", "png")
		r.ends(t, exitDone)
		if r.out != "png" {
			t.Errorf("out %q", r.out)
		}
	})
	t.Run("is in the format that its file is named for", func(t *testing.T) {
		s := serve(t, map[string][]answer{"GET /v1/shipments/shp_1/label": {{status: 200, body: []byte("%PDF"), media: "application/pdf"}}, "GET /v1/labels": {{status: 200, body: []byte("PK"), media: "application/zip"}}})
		dir := t.TempDir()
		s.fairlead("", "label", "shp_1", "-o", filepath.Join(dir, "l.pdf")).ends(t, exitDone)
		s.fairlead("", "label", "shp_1", "shp_2", "-o", filepath.Join(dir, "l.zip")).ends(t, exitDone)
		s.asked("GET /v1/shipments/shp_1/label?format=pdf", "GET /v1/labels?format=zip&shipments=shp_1%2Cshp_2")
	})
	t.Run("of several is one document", func(t *testing.T) {
		s := serve(t, map[string][]answer{"GET /v1/labels": {{status: 200, body: []byte("PK"), media: "application/zip"}}})
		dir := t.TempDir()
		s.fairlead("", "label", "shp_1", "shp_2", "-format", "zip", "-o", dir).ends(t, exitDone, filepath.Join(dir, "shp_1.zip"))
		s.asked("GET /v1/labels?format=zip&shipments=shp_1%2Cshp_2")
	})
	t.Run("that can't be had so is told", func(t *testing.T) {
		s := serve(t, map[string][]answer{"GET /v1/shipments/shp_1/label": {refusal(406, "not_convertible")}})
		to := filepath.Join(t.TempDir(), "l.pdf")
		s.fairlead("", "label", "shp_1", "-o", to, "-format", "pdf").ends(t, exitFailed, "not_convertible")
		if _, err := os.Stat(to); err == nil {
			t.Error("a file was left")
		}
	})
}

func FuzzOrdersIn(f *testing.F) {
	for _, s := range []string{`{"a":1}`, `[{"a":1},{}]`, "{}\n{}\n", `{"shipments":[{}]}`, `{"shipments":null}`, "null", "[null]", "[", " \n", `"x" 7`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		orders, many, err := ordersIn(data)
		if err != nil {
			return
		}
		if len(orders) == 0 || !many && len(orders) != 1 {
			t.Fatalf("%d orders, many: %v", len(orders), many)
		}
		for _, o := range orders {
			out, err := with(o, map[string]any{"confirm": true, "reference": "r"})
			if err != nil {
				continue
			}
			var before, after map[string]json.RawMessage
			if json.Unmarshal(o, &before) != nil || json.Unmarshal(out, &after) != nil {
				t.Fatalf("%s became %s, which is no object", o, out)
			}
			for k, v := range map[string]string{"confirm": "true", "reference": `"r"`} {
				if _, there := before[k]; !there {
					before[k] = json.RawMessage(v)
				}
			}
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("%s became %s: %s", o, out, diff)
			}
		}
	})
}
