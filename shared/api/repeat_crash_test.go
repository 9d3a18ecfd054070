package api_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/store/dynamotest"
)

// lease is how long a call without a deadline keeps others out.
const lease = 45 * time.Second

// killed is a database that a process can't reach any more once it has begun a request: it is dead.
type killed struct{ api.Requests }

func (killed) KeepAnswer(context.Context, string, api.Execution, api.Answer) (*api.Execution, error) {
	return nil, errors.New("dead")
}
func (killed) ReleaseRequest(context.Context, string, api.Execution) error { return errors.New("dead") }
func (killed) ForgetRequest(context.Context, string, api.Execution) error  { return errors.New("dead") }

// forgetful is a database whose acknowledgements get lost: each write is made, and what the caller sees is an error
// (told), or, as after the SDK's own retry, the answer to the same write made once more.
type forgetful struct {
	api.Requests
	told bool
}

var errLost = errors.New("connection reset")

func (f forgetful) BeginRequest(ctx context.Context, tenant string, x api.Execution, instead string) (*api.Execution, error) {
	if _, err := f.Requests.BeginRequest(ctx, tenant, x, instead); err != nil {
		return nil, err
	}
	return f.Requests.BeginRequest(ctx, tenant, x, instead)
}

func (f forgetful) KeepAnswer(ctx context.Context, tenant string, x api.Execution, a api.Answer) (*api.Execution, error) {
	if _, err := f.Requests.KeepAnswer(ctx, tenant, x, a); err != nil {
		return nil, err
	}
	if f.told {
		return nil, errLost
	}
	return f.Requests.KeepAnswer(ctx, tenant, x, a)
}

func TestRepeatsThroughCrashes(t *testing.T) { dynamotest.Each(t, testRepeatsThroughCrashes) }

func testRepeatsThroughCrashes(t *testing.T) {
	// die makes a call whose process dies while the operation runs, or just after it.
	die := func(t *testing.T, d *door, body string) {
		t.Helper()
		_, _ = d.handler(killed{d.store}, thing)(t.Context(), request("k", body))
	}
	t.Run("while a request is carried out, others are asked to come back, at growing distances", func(t *testing.T) {
		d := newDoor(t)
		die(t, d, `{}`)
		for _, c := range []struct {
			after time.Duration
			want  string
		}{{0, "1"}, {1500 * time.Millisecond, "2"}, {10 * time.Second, "12"}, {33400 * time.Millisecond, "1"}} {
			d.wait(c.after)
			_, err := d.call(request("k", `{}`))
			if e := is(t, err, 409, "request_in_flight"); e.Header["Retry-After"] != c.want {
				t.Errorf("after %s: Retry-After %s, want %s", c.after, e.Header["Retry-After"], c.want)
			}
		}
		d.runs(t, 1)
	})
	t.Run("when its process has died it is carried out again, once, with the same seed", func(t *testing.T) {
		d := newDoor(t)
		die(t, d, `{}`)
		d.wait(lease)
		die(t, d, `{}`)
		d.wait(lease)
		first, err := d.call(request("k", `{}`))
		if err != nil {
			t.Fatal(err)
		}
		again, err := d.call(request("k", `{}`))
		if err != nil || text(t, again) != text(t, first) {
			t.Fatal(err)
		}
		if d.runs(t, 3); d.ran[0] != d.ran[1] || d.ran[1] != d.ran[2] {
			t.Errorf("seeds %q", d.ran)
		}
	})
	t.Run("another body does not take over from it", func(t *testing.T) {
		d := newDoor(t)
		die(t, d, `{"a":1}`)
		d.wait(lease)
		_, err := d.call(request("k", `{"a":2}`))
		is(t, err, 422, "idempotency_key_reused")
	})
	t.Run("4xx of a further attempt does not free the key, for the first may have made something", func(t *testing.T) {
		d := newDoor(t)
		die(t, d, `{}`)
		d.wait(lease)
		d.do = func(api.Request) (api.Response, error) { return api.Response{}, api.ShownOnce("th_1", "secret") }
		for range 2 {
			_, err := d.call(request("k", `{}`))
			is(t, err, 409, "secret_shown_once")
			d.wait(time.Hour)
		}
		_, err := d.call(request("k", `{"a":1}`))
		is(t, err, 422, "idempotency_key_reused")
		if d.runs(t, 3); d.ran[0] != d.ran[1] || d.ran[1] != d.ran[2] {
			t.Errorf("seeds %q", d.ran)
		}
	})
	t.Run("secret_shown_once says that something was made, so it never frees the key", func(t *testing.T) {
		d := newDoor(t)
		d.do = func(api.Request) (api.Response, error) { return api.Response{}, api.ShownOnce("th_1", "secret") }
		for range 2 {
			_, err := d.call(request("k", `{}`))
			is(t, err, 409, "secret_shown_once")
			d.wait(time.Second)
		}
		_, err := d.call(request("k", `{"a":1}`))
		is(t, err, 422, "idempotency_key_reused")
		if d.runs(t, 2); d.ran[0] != d.ran[1] {
			t.Errorf("seeds %q", d.ran)
		}
	})
	t.Run("a lease outlasts the invocation", func(t *testing.T) {
		d := newDoor(t)
		d.mu.Lock()
		d.now = time.Now()
		d.mu.Unlock()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, _ = d.handler(killed{d.store}, thing)(ctx, request("k", `{}`))
		d.wait(time.Hour + 10*time.Second)
		_, err := d.call(request("k", `{}`))
		is(t, err, 409, "request_in_flight")
		d.wait(10 * time.Second)
		if _, err := d.call(request("k", `{}`)); err != nil {
			t.Error(err)
		}
	})
	for name, end := range map[string]func(api.Request) (api.Response, error){
		"with an answer": nil,
		"with 4xx":       func(api.Request) (api.Response, error) { return api.Response{}, api.Invalid("no") },
		"with 5xx":       func(api.Request) (api.Response, error) { return api.Response{}, errors.New("down") },
	} {
		t.Run("who slept past its lease and ends "+name+" changes nothing of what another did", func(t *testing.T) {
			d := newDoor(t)
			quick := func(api.Request) (api.Response, error) {
				return api.Response{Status: 201, Body: map[string]string{"id": "quick"}}, nil
			}
			d.do = func(r api.Request) (api.Response, error) { // asleep, and meanwhile:
				d.do = quick
				d.wait(lease)
				if got, err := d.call(request("k", `{}`)); err != nil || text(t, got) != `{"id":"quick"}` {
					t.Errorf("the one that took over: %v", err)
				}
				if end != nil {
					return end(r)
				}
				return api.Response{Status: 201, Body: map[string]string{"id": "slow"}}, nil
			}
			got, err := d.call(request("k", `{}`))
			if end == nil && (err != nil || text(t, got) != `{"id":"quick"}`) {
				t.Errorf("the slow one got %s, %v: not the first answer", text(t, got), err)
			}
			if got, err := d.call(request("k", `{}`)); err != nil || text(t, got) != `{"id":"quick"}` {
				t.Errorf("a third got %s, %v", text(t, got), err)
			}
			d.runs(t, 2)
		})
	}
	for name, told := range map[string]bool{"and told as an error": true, "and made up for by the same write again": false} {
		t.Run("an acknowledgement that is lost "+name+" loses no answer", func(t *testing.T) {
			d := newDoor(t)
			h := d.handler(forgetful{d.store, told}, thing)
			first, err := h(t.Context(), request("k", `{}`))
			if err != nil || first.Header["Idempotent-Replayed"] != "" {
				t.Fatal(first, err)
			}
			again, err := h(t.Context(), request("k", `{}`))
			if err != nil || text(t, again) != text(t, first) {
				t.Error(err)
			}
			d.runs(t, 1)
		})
	}
	t.Run("an answer that could not be kept is given, and the log says so", func(t *testing.T) {
		d := newDoor(t)
		got, err := d.handler(killed{d.store}, thing)(t.Context(), request("k", `{}`))
		if err != nil || got.Status != 201 || !strings.Contains(d.log.String(), "not kept") {
			t.Errorf("%v, log %s", err, d.log.String())
		}
	})
	t.Run("when the database is away nothing is carried out", func(t *testing.T) {
		d := newDoor(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := d.handler(d.store, thing)(ctx, request("k", `{}`)); err == nil {
			t.Error("no error")
		}
		d.runs(t, 0)
	})
}

func TestRepeatsAtOnce(t *testing.T) { dynamotest.Each(t, testRepeatsAtOnce) }

func testRepeatsAtOnce(t *testing.T) {
	// crowd sends the same request fifty times at once, each until it has its answer, and returns the answers.
	crowd := func(t *testing.T, d *door) []string {
		t.Helper()
		answers := make([]string, 50)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				for {
					got, err := d.call(request("k", `{"a":1}`))
					if e, ok := errors.AsType[*api.Error](err); ok && e.Code == "request_in_flight" {
						continue
					}
					if err != nil {
						t.Error(err)
						return
					}
					answers[i] = text(t, got)
					return
				}
			})
		}
		all.Wait()
		return answers
	}
	same := func(t *testing.T, answers []string) {
		t.Helper()
		for _, a := range answers {
			if a != answers[0] || a == "" {
				t.Fatalf("answers differ: %s, %s", a, answers[0])
			}
		}
	}
	t.Run("fifty times the same request runs once and is answered the same", func(t *testing.T) {
		d := newDoor(t)
		same(t, crowd(t, d))
		d.runs(t, 1)
	})
	t.Run("of fifty that find a dead one, one takes over", func(t *testing.T) {
		d := newDoor(t)
		_, _ = d.handler(killed{d.store}, thing)(t.Context(), request("k", `{"a":1}`))
		d.wait(lease)
		same(t, crowd(t, d))
		if d.runs(t, 2); d.ran[0] != d.ran[1] {
			t.Error("the seeds differ")
		}
	})
}

func TestSecretsAreShownOnce(t *testing.T) { dynamotest.Each(t, testSecretsAreShownOnce) }

func testSecretsAreShownOnce(t *testing.T) {
	d := newDoor(t)
	d.do = func(api.Request) (api.Response, error) {
		return api.Response{Status: 201, Body: map[string]string{"id": "ce_1", "secret": "hush-hush"}, Secret: []string{"secret"}}, nil
	}
	if got, err := d.call(request("k", `{}`)); err != nil || !strings.Contains(text(t, got), "hush-hush") {
		t.Fatal(err)
	}
	t.Run("the secret is in no item", func(t *testing.T) {
		out, err := d.store.DB.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &d.store.Tables.Requests, Key: itemKey("k")})
		if err != nil {
			t.Fatal(err)
		}
		packed, ok := out.Item["gz"].(*types.AttributeValueMemberB)
		if !ok {
			t.Fatalf("no answer in %v", out.Item)
		}
		r, err := gzip.NewReader(bytes.NewReader(packed.Value))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(r)
		if err != nil || !bytes.Contains(plain, []byte("ce_1")) || bytes.Contains(plain, []byte("hush")) {
			t.Errorf("kept is %s, %v", plain, err)
		}
	})
	t.Run("a repetition is told what was made, and what to do", func(t *testing.T) {
		_, err := d.call(request("k", `{}`))
		e := is(t, err, 409, "secret_shown_once")
		if e.Extra["existing_id"] != "ce_1" || !strings.Contains(e.Detail, "rotate") || !strings.Contains(e.Detail, "ce_1") {
			t.Errorf("%v %s", e.Extra, e.Detail)
		}
		d.runs(t, 1)
	})
	t.Run("a secret without an id is a bug, and not stored", func(t *testing.T) {
		d := newDoor(t)
		d.do = func(api.Request) (api.Response, error) {
			return api.Response{Status: 201, Body: map[string]string{"secret": "hush-hush"}, Secret: []string{"secret"}}, nil
		}
		if _, err := d.call(request("k", `{}`)); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("got %v", err)
		}
	})
}
