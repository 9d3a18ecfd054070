package batch_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/batch"
	"github.com/fairlead/fairlead/shared/booking"
	"github.com/fairlead/fairlead/shared/queue"
	"github.com/fairlead/fairlead/shared/ship"
)

// mixed are 63 rows: two chunks, with rows that are wrong in every way, and what is to become of them.
func mixed() (rows []string, created, rejected int) {
	for i := range 60 {
		rows = append(rows, order(fmt.Sprint("r", i)))
	}
	rows[3] = order("") // named by the batch
	rows[4] = order("")
	rows[7] = `{"reference":"r7","service":`
	rows[9] = `["no object"]`
	rows[11] = strings.Replace(order("r11"), `"10001"`, `"1"`, 2)
	rows[13] = strings.Replace(order("r13"), `ca_1`, `ca_2`, 1)
	rows[15] = strings.Replace(order("r15"), `{`, `{"colour":"red",`, 1)
	rows[55] = strings.Replace(order("r1"), "500", "501", 1) // the reference of row 2, another parcel
	rows[57] = order("r2")                                   // row 3 once more
	return append(rows, "", order("r60"), order("r61"), order("r62")), 63 - 6, 6
}

func TestBatch(t *testing.T) {
	s := newShop(t)
	rows, created, rejected := mixed()
	b, err := s.post(rows...)
	if err != nil {
		t.Fatal(err)
	}
	if b.Status != "processing" || b.Rows != 63 || b.Created != 0 || s.shipments() != 0 {
		t.Fatalf("accepted: %s", asJSON(t, b))
	}
	if got := s.rows(); len(got) != 63 || got[62].Status != "waiting" {
		t.Errorf("waiting: %d rows, %s", len(got), asJSON(t, got[62:]))
	}
	if err := s.deliver(time.Minute); err != nil {
		t.Fatal(err)
	}
	got := s.get()
	if got.Status != "created" || got.Created != int64(created) || got.Rejected != int64(rejected) || got.Progress.Pending != int64(created-1) { // one row is the same as another
		t.Errorf("done: %s", asJSON(t, got))
	}
	if n := s.shipments(); n != created-1 {
		t.Errorf("%d shipments of %d rows", n, created)
	}
	shown := s.rows()
	for row, want := range map[int]string{8: "invalid_json", 10: "invalid_request", 12: "invalid_request", 14: "invalid_request", 16: "invalid_request", 56: "reference_taken"} {
		r := shown[row-1]
		if r.Row != int64(row) || r.Status != "rejected" || r.Problem == nil || r.Problem.Code != want || r.Problem.Detail == "" || r.Shipment != nil {
			t.Errorf("row %d: %s, want %s", row, asJSON(t, r), want)
		}
	}
	if e := shown[11].Problem.Errors; e == nil || (*e)[0].Field != "ship_from.postcode" {
		t.Errorf("row 12 does not say where: %s", asJSON(t, shown[11]))
	}
	if *shown[55].Problem.ExistingId != shown[1].Shipment.Id || shown[57].Shipment.Id != shown[2].Shipment.Id || *shown[0].Reference != "r0" || shown[3].Shipment.Id == shown[4].Shipment.Id {
		t.Error("rows are not what their references say")
	}
	t.Run("the same batch again is the same batch", func(t *testing.T) {
		again, err := s.post(rows...)
		if err != nil || again.Status != "created" || s.shipments() != created-1 {
			t.Errorf("%s, %v", asJSON(t, again), err)
		}
	})
	t.Run("its message again does nothing", func(t *testing.T) {
		if err := s.deliver(time.Minute); err != nil || s.get() != got {
			t.Error(err)
		}
	})
}

func TestABatchIsResumedWhereverItBroke(t *testing.T) {
	rows, created, rejected := mixed()
	for _, after := range []bool{false, true} {
		for strike := 1; ; strike++ {
			s := newShop(t)
			s.strike, s.after = strike, after
			struck := 0
			_, err := s.post(rows...)
			for try := 0; err != nil && try < 3; try++ {
				if !errors.Is(err, errStruck) {
					t.Fatal(err)
				}
				struck++
				_, err = s.post(rows...)
			}
			for try := 0; s.get().Status != "created" && try < 3; try++ {
				if err := s.deliver(time.Minute); err != nil {
					struck++
					s.tick(2 * time.Minute) // the worker is dead, and so is its lease
				}
			}
			if got := s.get(); got.Status != "created" || got.Created != int64(created) || got.Rejected != int64(rejected) || s.shipments() != created-1 {
				t.Fatalf("struck at call %d (after it: %v): %s, %d shipments", strike, after, asJSON(t, got), s.shipments())
			}
			if struck == 0 && s.strike > 0 { // no call was left to strike
				break
			}
			strike += 6 // a prime number of places apart: every kind of call is met
		}
	}
}

func TestALongBatchGoesOnInAnotherInvocation(t *testing.T) {
	s := newShop(t)
	rows, created, _ := mixed()
	if _, err := s.post(rows...); err != nil {
		t.Fatal(err)
	}
	if err := s.deliver(10 * time.Second); err != nil || len(s.sent) != 1 || s.sent[0].To != queue.Batches || s.shipments() != 0 {
		t.Fatalf("with too little time: %v, %v", err, s.sent)
	}
	if err := s.expander.Handle(s.ctx, queue.Message{Envelope: s.sent[0].Envelope, Queue: queue.Batches, Receipt: "x", Deadline: s.clock().Add(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	if got := s.get(); got.Created != int64(created) {
		t.Errorf("%s", asJSON(t, got))
	}
}

func TestOneWorkerAtATime(t *testing.T) {
	s := newShop(t)
	rows, created, _ := mixed()
	if _, err := s.post(rows...); err != nil {
		t.Fatal(err)
	}
	b, err := s.store.Batch(s.ctx, tenant, ship.Test, batchID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.TakeBatch(s.ctx, tenant, b, "another", s.clock(), s.clock().Add(time.Minute), s.clock()); err != nil {
		t.Fatal(err)
	}
	if err := s.deliver(time.Minute); err != nil || s.shipments() != 0 || len(s.sent) != 1 || s.sent[0].Delay <= time.Minute {
		t.Fatalf("beside a live worker: %v, %v", err, s.sent)
	}
	s.tick(2 * time.Minute)
	if err := s.deliver(time.Minute); err != nil || s.get().Created != int64(created) {
		t.Errorf("after its death: %v, %s", err, asJSON(t, s.get()))
	}
}

func TestCancel(t *testing.T) {
	cancel := func(s *shop) {
		s.t.Helper()
		resp, err := s.http.Cancel(s.ctx, api.Request{Tenant: tenant, Mode: ship.Test, Params: map[string]string{"id": batchID}})
		if err != nil || resp.Status != http.StatusAccepted {
			s.t.Fatal(resp, err)
		}
	}
	rows, created, _ := mixed()
	t.Run("before it began nothing is created", func(t *testing.T) {
		s := newShop(t)
		if _, err := s.post(rows...); err != nil {
			t.Fatal(err)
		}
		cancel(s)
		if err := s.deliver(time.Minute); err != nil {
			t.Fatal(err)
		}
		if got := s.get(); got.Status != "cancelled" || s.shipments() != 0 || s.rows()[62].Status != "cancelled" {
			t.Errorf("%s, %d shipments", asJSON(t, got), s.shipments())
		}
	})
	t.Run("afterwards every shipment of its own is cancelled, and no other", func(t *testing.T) {
		s := newShop(t)
		own := batch.Counter{Post: s.expander.Shop.(batch.Counter).Post, Check: s.expander.Shop.(batch.Counter).Check}
		if _, _, reject, err := own.Create(s.ctx, tenant, ship.Test, "somebody else", order("r5"), ""); err != nil || reject != nil {
			t.Fatal(reject, err)
		}
		if _, err := s.post(rows...); err != nil {
			t.Fatal(err)
		}
		if err := s.deliver(time.Minute); err != nil {
			t.Fatal(err)
		}
		cancel(s)
		cancel(s)
		if err := s.deliver(time.Minute); err != nil {
			t.Fatal(err)
		}
		if got := s.get(); got.Status != "cancelled" || got.Progress.Pending != 1 || got.Progress.Cancelled != int64(created-2) {
			t.Errorf("%s", asJSON(t, got))
		}
	})
	t.Run("what a dead worker created and did not record is cancelled as well", func(t *testing.T) {
		s := newShop(t)
		if _, err := s.post(rows...); err != nil {
			t.Fatal(err)
		}
		s.calls, s.strike = 0, 30 // in the middle of the first chunk
		if err := s.deliver(time.Minute); !errors.Is(err, errStruck) || s.shipments() == 0 {
			t.Fatal(err, s.shipments())
		}
		cancel(s)
		if err := s.deliver(time.Minute); err != nil || s.get().Status != "cancelling" || len(s.sent) != 1 {
			t.Fatalf("while that worker may live: %v, %s", err, asJSON(t, s.get()))
		}
		s.tick(2 * time.Minute)
		if err := s.deliver(time.Minute); err != nil || s.get().Status != "cancelled" {
			t.Fatal(err, asJSON(t, s.get()))
		}
		found, _, err := s.store.List(s.ctx, tenant, ship.Test, booking.Query{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if f.Record.Status != booking.Cancelled {
				t.Errorf("%s is %s", f.Record.Reference, f.Record.Status)
			}
		}
	})
}

func TestWake(t *testing.T) {
	s := newShop(t)
	if _, err := s.post(order("r1")); err != nil {
		t.Fatal(err)
	}
	w := &batch.Waker{Reader: s.store, Writer: s.store, Sender: s, Now: s.clock, First: 5 * time.Minute, Most: time.Hour}
	for _, want := range []bool{false, true, false} {
		if sent, err := w.Wake(s.ctx, tenant, ship.Test, batchID); err != nil || sent != want {
			t.Fatalf("sent %v, %v; want %v", sent, err, want)
		}
		if !want {
			s.tick(6 * time.Minute)
		}
		if len(s.sent) > 0 {
			s.tick(-6 * time.Minute)
		}
	}
}

func TestParseRows(t *testing.T) {
	many := strings.Repeat("{}\n", batch.MostRows)
	for name, c := range map[string]struct{ media, body, code string }{
		"an empty body":                     {"application/x-ndjson", " \n\n", "empty_batch"},
		"no rows":                           {"application/json", `{"shipments":[]}`, "empty_batch"},
		"no JSON":                           {"application/json", `{"shipments":`, "invalid_json"},
		"a row too many":                    {"application/x-ndjson", many + "{}", "batch_too_large"},
		"as many as there may be":           {"application/x-ndjson; charset=utf-8", many, ""},
		"no object":                         {"application/json", `[{}]`, "invalid_json"},
		"null":                              {"application/json", `null`, "empty_batch"},
		"two values":                        {"application/json", `{"shipments":[{}]} {}`, "invalid_json"},
		"no list":                           {"application/json", `{"shipments":{}}`, "invalid_json"},
		"the list twice":                    {"application/json", `{"shipments":[{}],"shipments":[]}`, "duplicate_key"},
		"what would not be heeded":          {"application/json", `{"shipments":[{}],"confirm":false}`, "invalid_request"},
		"another spelling":                  {"application/json", `{"Shipments":[{}]}`, "invalid_request"},
		"rows that are no objects are rows": {"application/json", `{"shipments":[1,null,"x"]}`, ""},
		"a media type that can't be read":   {"a/b/c", `{"shipments":[{}]}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := batch.ParseRows(c.media, []byte(c.body))
			if e, ok := errors.AsType[*api.Error](err); ok != (c.code != "") || ok && e.Code != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
}

func FuzzParseRows(f *testing.F) {
	f.Add(true, []byte(order("r")+"\n{\n"))
	f.Add(false, []byte(`{"shipments":[{}, 1]}`))
	f.Fuzz(func(t *testing.T, lines bool, body []byte) {
		media := "application/json"
		if lines {
			media = "application/x-ndjson"
		}
		rows, err := batch.ParseRows(media, body)
		if err == nil && (len(rows) == 0 || len(rows) > batch.MostRows) {
			t.Errorf("%d rows", len(rows))
		}
		asJSON(t, rows) // every row can be stored
	})
}
