package client

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairlead/fairlead/shared/api/contract"
)

// dial is a client of a fake whose pauses take no time; they are noted.
func dial(t *testing.T, f *Fake) (*Client, *[]time.Duration) {
	t.Helper()
	c, err := New(f.Key, Options{BaseURL: f.URL})
	if err != nil {
		t.Fatal(err)
	}
	now, pauses := noon, new([]time.Duration)
	c.now = func() time.Time { return now }
	c.sleep = func(ctx context.Context, d time.Duration) error {
		*pauses, now = append(*pauses, d), now.Add(d)
		return ctx.Err()
	}
	c.chance = func(d time.Duration) time.Duration { return d }
	return c, pauses
}

func fake(t *testing.T) *Fake {
	t.Helper()
	f := NewFake()
	t.Cleanup(func() {
		f.Close()
		for _, b := range f.Broken() {
			t.Errorf("not as the contract says: %s", b)
		}
	})
	return f
}

func TestNew(t *testing.T) {
	for name, c := range map[string]struct{ key, url string }{
		"no key":                    {"", "https://api.example.com"},
		"a key with a line break":   {"fl_test_s3cr3t\n", "https://api.example.com"},
		"no URL":                    {"fl_test_s3cr3t", ""},
		"a URL without its scheme":  {"fl_test_s3cr3t", "api.example.com"},
		"a URL of another protocol": {"fl_test_s3cr3t", "ftp://api.example.com"},
		"a URL with a query":        {"fl_test_s3cr3t", "https://api.example.com/?a=b"},
		"a live key in clear":       {"fl_live_s3cr3t", "http://api.example.com"},
	} {
		t.Run(name+" is refused, without telling the key", func(t *testing.T) {
			if _, err := New(c.key, Options{BaseURL: c.url}); err == nil || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("error %v", err)
			}
		})
	}
	t.Run("what stays on this machine may be in clear, and a test key", func(t *testing.T) {
		for url, key := range map[string]string{"http://localhost:8080": "fl_live_k", "http://[::1]:8080/v1": "fl_live_k", "http://127.0.0.1": "fl_live_k", "http://stack:8080": "fl_test_k"} {
			if _, err := New(key, Options{BaseURL: url}); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("a client does not print its key", func(t *testing.T) {
		c, err := New("fl_test_k_s3cr3t", Options{BaseURL: "https://api.example.com"})
		if err != nil {
			t.Fatal(err)
		}
		if s := fmt.Sprintf("%v %+v %#v", c, *c, c); strings.Contains(s, "s3cr3t") {
			t.Error("the key is in " + s)
		}
	})
}

func TestEveryOperationOfTheContractHasItsMethod(t *testing.T) {
	f := NewFake() // its answers do not matter here
	defer f.Close()
	c, _ := dial(t, f)
	find, err := router()
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range contract.Document().Paths.Map() {
		for method, op := range item.Operations() {
			if slices.Contains([]string{"getContract", "getReference"}, op.OperationID) {
				continue // for people
			}
			t.Run(op.OperationID, func(t *testing.T) {
				m, ok := reflect.TypeFor[*Client]().MethodByName(strings.NewReplacer("Api", "API").Replace(strings.ToUpper(op.OperationID[:1]) + op.OperationID[1:]))
				if !ok {
					t.Fatalf("there is no method for %s %s", method, path)
				}
				f.Next()
				args := []reflect.Value{reflect.ValueOf(c), reflect.ValueOf(t.Context())}
				for i := 2; i < m.Type.NumIn()-1; i++ {
					if in := m.Type.In(i); in.Kind() == reflect.String {
						args = append(args, reflect.ValueOf("an/id"))
					} else {
						args = append(args, reflect.Zero(in))
					}
				}
				m.Func.Call(args)
				seen := f.Seen()
				if len(seen) != 1 {
					t.Fatalf("%d requests", len(seen))
				}
				r, _ := http.NewRequest(seen[0].Method, f.URL+strings.Replace(seen[0].Path, "an/id", "id", 1), nil)
				route, _, err := find.FindRoute(r)
				if err != nil || route.Operation.OperationID != op.OperationID {
					t.Errorf("it sent %s %s: %v", seen[0].Method, seen[0].Path, err)
				}
				if got := seen[0].Header; got.Get("Api-Version") != "2026-11-01" || got.Get("Authorization") != "Bearer "+f.Key || got.Get("User-Agent") != "fairlead-go" {
					t.Errorf("headers %v", got)
				}
			})
		}
	}
}

func TestCall(t *testing.T) {
	f := fake(t)
	c, _ := dial(t, f)
	s, err := c.CreateShipment(t.Context(), Order("order-1"))
	if err != nil {
		t.Fatal(err)
	}

	t.Run("the options are in the headers, and the answer is kept", func(t *testing.T) {
		f.Next()
		var a Answer
		got, err := c.ConfirmShipment(t.Context(), s.ID, IfMatch(1), IdempotencyKey("mine"), Wait(1500*time.Millisecond), RequestID("r-7"), Into(&a))
		if err != nil {
			t.Fatal(err)
		}
		h := f.Seen()[0].Header
		for k, want := range map[string]string{"If-Match": `"1"`, "Idempotency-Key": "mine", "Prefer": "wait=2", "X-Request-Id": "r-7", "Content-Type": ""} {
			if h.Get(k) != want {
				t.Errorf("%s is %q, want %q", k, h.Get(k), want)
			}
		}
		if got.Status != StatusBooked || a.Status != 200 || a.RequestID() != "req_1" || !strings.Contains(string(a.Body), s.ID) || a.Replayed() {
			t.Errorf("status %s, answer %d %s", got.Status, a.Status, a.Body)
		}
	})
	t.Run("the server is never asked to wait longer than it does", func(t *testing.T) {
		f.Next()
		if _, err := c.GetShipment(t.Context(), s.ID, Wait(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if p := f.Seen()[0].Header.Get("Prefer"); p != "wait=20" {
			t.Errorf("Prefer: %s", p)
		}
	})
	for _, id := range []string{"", ".", ".."} {
		t.Run(fmt.Sprintf("%q is no id, and nothing is asked", id), func(t *testing.T) {
			f.Next()
			if _, err := c.GetShipment(t.Context(), id); err == nil || len(f.Seen()) > 0 {
				t.Errorf("error %v, %d requests", err, len(f.Seen()))
			}
		})
	}
	for _, path := range []string{"/prod", "/prod/", "/prod/v1", "/prod/v1/"} {
		t.Run("a base URL may have a path, and an id is escaped: "+path, func(t *testing.T) {
			c, err := New(f.Key, Options{BaseURL: f.URL + path, Attempts: 1})
			if err != nil {
				t.Fatal(err)
			}
			f.Next()
			_, _ = c.GetShipment(t.Context(), "a/b?c")
			if got := f.Seen()[0]; got.Path != "/prod/v1/shipments/a/b?c" || got.Query != "" {
				t.Errorf("asked for %s, query %q", got.Path, got.Query)
			}
		})
	}
	t.Run("a body goes as it is", func(t *testing.T) {
		f.Next()
		a, err := c.Do(t.Context(), "POST", "/v1/shipments?", []byte(`{"reference": "raw-1", "colour": "red"}`))
		if !IsCode(err, "invalid_request") || a.Status != 422 || len(f.Seen()) != 1 || f.Seen()[0].Body != `{"reference": "raw-1", "colour": "red"}` {
			t.Errorf("answer %d, error %v, %d requests", a.Status, err, len(f.Seen()))
		}
	})
}

func TestProblem(t *testing.T) {
	t.Run("says what is wrong, where, and which request it was", func(t *testing.T) {
		p := &Problem{Status: 422, Code: "invalid_request", Detail: "It can't be booked as it is.", RequestID: "req_9", Source: SourceFairlead,
			Errors: []FieldProblem{{Field: "ship_to.postcode", Code: "invalid_postcode", Detail: "It is none of US."}}}
		if got, want := p.Error(), "422 invalid_request: It can't be booked as it is.; ship_to.postcode: It is none of US. (request req_9)"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
	t.Run("is found in an error, by its code", func(t *testing.T) {
		err := fmt.Errorf("ordering: %w", &Problem{Status: 412, Code: "version_mismatch"})
		if !IsCode(err, "version_mismatch") || IsCode(err, "not_found") || IsCode(nil, "version_mismatch") {
			t.Error("not found, or found in what it is not")
		}
	})
	t.Run("an answer of somebody else's is one too", func(t *testing.T) {
		p := problemOf(Answer{Status: 403, Header: http.Header{"X-Request-Id": {"req_3"}}, Body: []byte("<html>\n<h1>Forbidden\x00</h1>")})
		if p.Status != 403 || p.Code != "" || p.RequestID != "req_3" || !strings.Contains(p.Error(), "<html> <h1>Forbidden </h1>") {
			t.Errorf("got %+v", p)
		}
	})
	t.Run("a redirection is not followed, and says where it leads", func(t *testing.T) {
		p := problemOf(Answer{Status: 301, Header: http.Header{"Location": {"https://www.example.com/"}}})
		if !strings.Contains(p.Error(), "https://www.example.com/") {
			t.Error(p)
		}
	})
}
