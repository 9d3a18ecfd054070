package api_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/ship"
	"github.com/fairlead/fairlead/shared/store/dynamo"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

// door is an operation that takes keys, on a database and a clock of its own.
type door struct {
	t     *testing.T
	store *dynamo.Store
	log   bytes.Buffer

	mu  sync.Mutex
	now time.Time
	ids int
	ran []string // the Seed of each time the operation ran
	do  func(r api.Request) (api.Response, error)
}

func newDoor(t *testing.T) *door {
	d := &door{t: t, store: dynamotest.New(t), now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	d.store.Now = d.time
	d.do = func(r api.Request) (api.Response, error) {
		return api.Response{Status: 201, Header: map[string]string{"ETag": `"1"`}, Body: map[string]any{"id": "th_" + r.Seed, "n": json.Number("1.50")}}, nil
	}
	return d
}

func (d *door) time() time.Time { d.mu.Lock(); defer d.mu.Unlock(); return d.now }

func (d *door) wait(by time.Duration) { d.mu.Lock(); defer d.mu.Unlock(); d.now = d.now.Add(by) }

func (d *door) newID() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ids++
	return fmt.Sprintf("id-%d", d.ids)
}

// handler is the operation behind a store, which may be the door's own or one that fails.
func (d *door) handler(store api.Requests, op api.Operation) api.Handler {
	repeats := api.Repeats{Requests: store, Now: d.time, NewID: d.newID, Log: slog.New(slog.NewTextHandler(&d.log, nil))}
	return repeats.Handler(op, func(_ context.Context, r api.Request) (api.Response, error) {
		d.mu.Lock()
		d.ran = append(d.ran, r.Seed)
		d.mu.Unlock()
		return d.do(r)
	})
}

var thing = api.Operation{Name: "createThing", Method: "POST", Path: "/v1/things", Key: api.KeyReplayed}

// request is a call with a key.
func request(key, body string) api.Request {
	return api.Request{Method: "POST", Tenant: "tn_1", Mode: ship.Test, Header: http.Header{"Idempotency-Key": {key}}, Body: []byte(body)}
}

func (d *door) call(r api.Request) (api.Response, error) {
	return d.handler(d.store, thing)(d.t.Context(), r)
}

// is fails the test unless an error has this status and code.
func is(t *testing.T, err error, status int, code string) *api.Error {
	t.Helper()
	e, ok := errors.AsType[*api.Error](err)
	if !ok || e.Status != status || e.Code != code {
		t.Fatalf("got %v, want %d %s", err, status, code)
	}
	return e
}

// runs fails the test unless the operation ran as often.
func (d *door) runs(t *testing.T, want int) {
	t.Helper()
	if len(d.ran) != want {
		t.Fatalf("it ran %d times, want %d", len(d.ran), want)
	}
}

// itemKey is where the answer to request(key, …) of thing is kept.
func itemKey(key string) map[string]types.AttributeValue {
	sum := sha256.Sum256([]byte(key))
	return map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: fmt.Sprintf("tn_1#test#createThing#%x", sum[:16])}}
}

func text(t *testing.T, r api.Response) string {
	t.Helper()
	b, err := json.Marshal(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRepeats(t *testing.T) { dynamotest.Each(t, testRepeats) }

func testRepeats(t *testing.T) {
	t.Run("the same request gets the first answer again, whatever its blanks and order", func(t *testing.T) {
		d := newDoor(t)
		first, err := d.call(request("k", `{"a":1,"b":[2.0]}`))
		if err != nil || first.Header["Idempotent-Replayed"] != "" {
			t.Fatal(first, err)
		}
		again, err := d.call(request("k", " {\"b\": [2.0],\n\"a\":1}"))
		if err != nil || again.Status != 201 || text(t, again) != text(t, first) {
			t.Fatalf("%v %s, want %s", err, text(t, again), text(t, first))
		}
		if diff := cmp.Diff(map[string]string{"ETag": `"1"`, "Idempotent-Replayed": "true"}, again.Header); diff != "" {
			t.Error(diff)
		}
		d.runs(t, 1)
	})
	t.Run("another body, media type, path or query is 422 and does nothing", func(t *testing.T) {
		d := newDoor(t)
		with := func(change func(*api.Request)) api.Request {
			r := request("k", `{"a":1}`)
			r.Params, r.Query = map[string]string{"id": "1"}, url.Values{"x": {"1"}}
			change(&r)
			return r
		}
		if _, err := d.call(with(func(*api.Request) {})); err != nil {
			t.Fatal(err)
		}
		for _, r := range []api.Request{
			with(func(r *api.Request) { r.Body = []byte(`{"a":2}`) }), with(func(r *api.Request) { r.Body = []byte(`{"a":1.0}`) }), with(func(r *api.Request) { r.Body = nil }),
			with(func(r *api.Request) { r.Body = []byte("{\"a\":1}\n{\"a\":1}") }), with(func(r *api.Request) { r.Params = map[string]string{"id": "2"} }),
			with(func(r *api.Request) { r.Header.Set("Content-Type", "application/x-ndjson") }), // the same bytes, read another way
			with(func(r *api.Request) { r.Query = url.Values{"x": {"1"}, "y": {""}} }), with(func(r *api.Request) { r.Query = nil }),
		} {
			_, err := d.call(r)
			is(t, err, 422, "idempotency_key_reused")
		}
		d.runs(t, 1)
	})
	t.Run("another tenant's, mode's or operation's key is another key", func(t *testing.T) {
		d := newDoor(t)
		other := thing
		other.Name = "createOther"
		a, b := request("k", `{}`), request("k", `{}`)
		a.Tenant, b.Mode = "tn_2", ship.Live
		for _, r := range []api.Request{request("k", `{}`), a, b} {
			if _, err := d.call(r); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := d.handler(d.store, other)(t.Context(), request("k", `{}`)); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, seed := range d.ran {
			seen[seed] = true
		}
		if len(seen) != 4 {
			t.Errorf("%d seeds of 4 requests", len(seen))
		}
	})
	t.Run("without a key it runs each time, unless one is required", func(t *testing.T) {
		d := newDoor(t)
		r := request("", `{}`)
		r.Header = http.Header{}
		for range 2 {
			if _, err := d.call(r); err != nil {
				t.Fatal(err)
			}
		}
		if d.runs(t, 2); d.ran[0] != "" {
			t.Error("a seed without a key")
		}
		strict := thing
		strict.Key = api.KeyRequired
		_, err := d.handler(d.store, strict)(t.Context(), r)
		is(t, err, 400, "idempotency_required")
	})
	t.Run("4xx frees the key for the corrected request, which is another", func(t *testing.T) {
		d := newDoor(t)
		good := d.do
		d.do = func(api.Request) (api.Response, error) { return api.Response{}, api.Invalid("no") }
		_, err := d.call(request("k", `{"a":-1}`))
		is(t, err, 422, "invalid_request")
		d.wait(time.Millisecond)
		d.do = good
		if _, err := d.call(request("k", `{"a":1}`)); err != nil {
			t.Fatal(err)
		}
		if d.runs(t, 2); d.ran[0] == d.ran[1] {
			t.Error("both have the same seed")
		}
	})
	for name, fail := range map[string]func(api.Request) (api.Response, error){
		"an error":         func(api.Request) (api.Response, error) { return api.Response{}, errors.New("down") },
		"503":              func(api.Request) (api.Response, error) { return api.Response{}, &api.Error{Status: 503, Code: "x"} },
		"502 as an answer": func(api.Request) (api.Response, error) { return api.Response{Status: 502}, nil },
		"a panic":          func(api.Request) (api.Response, error) { panic("oops") },
	} {
		t.Run(name+" is not frozen: a retry runs at once with the same seed, and another body may not", func(t *testing.T) {
			d := newDoor(t)
			good := d.do
			d.do = fail
			if r, err := d.call(request("k", `{"a":1}`)); err == nil && r.Status < 500 {
				t.Fatal("it did not fail")
			}
			d.do = good
			_, err := d.call(request("k", `{"a":2}`))
			is(t, err, 422, "idempotency_key_reused")
			d.wait(time.Hour)
			if _, err := d.call(request("k", `{"a":1}`)); err != nil {
				t.Fatal(err)
			}
			if d.runs(t, 2); d.ran[0] != d.ran[1] {
				t.Error("the seeds differ")
			}
		})
	}
	t.Run("after seven days the key names a new request, swept or not", func(t *testing.T) {
		d := newDoor(t)
		for i, body := range []string{`{"a":1}`, `{"a":1}`, `{"a":2}`} {
			if _, err := d.call(request("k", body)); err != nil {
				t.Fatal(i, err)
			}
			d.wait(api.KeyLife)
		}
		if d.runs(t, 3); d.ran[0] == d.ran[1] {
			t.Error("the seed outlived its key")
		}
	})
	t.Run("a retry within the seventh day is still answered", func(t *testing.T) {
		d := newDoor(t)
		_, err := d.call(request("k", `{}`))
		d.wait(api.KeyLife - time.Second)
		again, err2 := d.call(request("k", `{}`))
		if err != nil || err2 != nil || again.Header["Idempotent-Replayed"] != "true" {
			t.Error(err, err2)
		}
	})
	t.Run("answers that are no JSON and answers without a body come back as they were", func(t *testing.T) {
		for _, want := range []api.Response{{Status: 200, Raw: []byte("%PDF\xff\x00"), MediaType: "application/pdf"}, {Status: 204}} {
			d := newDoor(t)
			d.do = func(api.Request) (api.Response, error) { return want, nil }
			if _, err := d.call(request("k", `{}`)); err != nil {
				t.Fatal(err)
			}
			got, err := d.call(request("k", `{}`))
			got.Header = nil
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		}
	})
	t.Run("an answer that does not fit an item is given, and a repetition runs again with the same seed", func(t *testing.T) {
		d := newDoor(t)
		noise, random := make([]byte, 500<<10), rand.New(rand.NewPCG(1, 2))
		for i := range noise {
			noise[i] = byte(random.Uint32())
		}
		d.do = func(api.Request) (api.Response, error) {
			return api.Response{Status: 200, Raw: noise, MediaType: "application/pdf"}, nil
		}
		for range 2 {
			if got, err := d.call(request("k", `{}`)); err != nil || !bytes.Equal(got.Raw, noise) {
				t.Fatal(err)
			}
		}
		if d.runs(t, 2); d.ran[0] != d.ran[1] {
			t.Error("the seeds differ")
		}
		_, err := d.call(request("k", `{"a":1}`))
		is(t, err, 422, "idempotency_key_reused")
	})
	t.Run("what a newer version wrote is left alone", func(t *testing.T) {
		d := newDoor(t)
		if _, err := d.call(request("k", `{}`)); err != nil {
			t.Fatal(err)
		}
		_, err := d.store.DB.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{TableName: &d.store.Tables.Requests, Key: itemKey("k"), UpdateExpression: aws.String("SET fv=:v"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":v": &types.AttributeValueMemberN{Value: "99"}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.call(request("k", `{}`)); err == nil || !strings.Contains(err.Error(), "newer") {
			t.Errorf("got %v", err)
		}
		d.runs(t, 1)
	})
}
