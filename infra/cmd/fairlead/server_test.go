package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/fairlead/fairlead/shared/api/contract"
)

const secret = "fl_test_k_s3cr3t"

// server answers each operation with what it is told, in turn and then the last again. It holds both sides against the
// contract.
type server struct {
	*httptest.Server
	t       *testing.T
	answers map[string][]answer // by method and path

	mu   sync.Mutex
	seen []string // method, path, query and body
	keys []string // the Idempotency-Key of each
}

// answer is a status and a body: JSON, or a document of a media type.
type answer struct {
	status int
	body   any
	media  string
	header map[string]string
}

func serve(t *testing.T, answers map[string][]answer) *server {
	t.Helper()
	s := &server{t: t, answers: answers}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

var router = sync.OnceValues(func() (routers.Router, error) {
	doc := *contract.Document()
	doc.Servers = nil // paths alone: the port is any
	return legacy.NewRouter(&doc)
})

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	what := r.Method + " " + r.URL.Path
	s.seen = append(s.seen, strings.TrimSpace(fmt.Sprintf("%s?%s %s", what, r.URL.RawQuery, body)))
	s.keys = append(s.keys, r.Header.Get("Idempotency-Key"))
	if r.Header.Get("Authorization") != "Bearer "+secret {
		s.t.Errorf("%s came with the key %q", what, r.Header.Get("Authorization"))
	}
	left := s.answers[what]
	if len(left) == 0 {
		s.t.Errorf("nobody expected %s", what)
		w.WriteHeader(http.StatusTeapot)
		return
	}
	if len(left) > 1 {
		s.answers[what] = left[1:]
	}
	a := left[0]
	out, ok := a.body.([]byte)
	if !ok {
		var err error
		if out, err = json.Marshal(a.body); err != nil {
			s.t.Error(err)
		}
		if a.media = "application/json"; a.status >= 400 {
			a.media = "application/problem+json"
		}
	}
	w.Header().Set("Content-Type", a.media)
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	s.obeys(r, a, w.Header(), out)
	w.WriteHeader(a.status)
	_, _ = w.Write(out)
}

// obeys holds a request and its answer against the contract. A request that is refused may well be wrong.
func (s *server) obeys(r *http.Request, a answer, h http.Header, body []byte) {
	find, err := router()
	if err != nil {
		s.t.Fatal(err)
	}
	route, params, err := find.FindRoute(r)
	if err != nil {
		s.t.Errorf("%s %s is not in the contract: %v", r.Method, r.URL.Path, err)
		return
	}
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}}
	if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil && a.status < 400 {
		s.t.Errorf("the request: %v", err)
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: a.status, Header: h,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: !strings.Contains(a.media, "json")}}
	out.SetBodyBytes(body)
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		s.t.Errorf("the answer: %v", err)
	}
}

// result is how a run ended and what it printed.
type result struct {
	status   int
	out, err string
}

// fairlead runs a command line against the server.
func (s *server) fairlead(in string, args ...string) result {
	s.t.Helper()
	return runWith(s.t, map[string]string{"FAIRLEAD_URL": s.URL, "FAIRLEAD_API_KEY": secret}, in, args...)
}

func runWith(t *testing.T, env map[string]string, in string, args ...string) result {
	t.Helper()
	var out, errOut bytes.Buffer
	w := world{strings.NewReader(in), &out, &errOut, func(k string) string { return env[k] }, func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	r := result{status: run(t.Context(), args, w)}
	r.out, r.err = out.String(), errOut.String()
	if strings.Contains(r.out+r.err, "s3cr3t") {
		t.Errorf("the key was printed:\n%s%s", r.out, r.err)
	}
	return r
}

// ends fails the test unless the run ended with a status and said all of it.
func (r result) ends(t *testing.T, status int, say ...string) {
	t.Helper()
	if r.status != status {
		t.Errorf("it ended with %d, want %d", r.status, status)
	}
	for _, s := range say {
		if !strings.Contains(r.out+r.err, s) {
			t.Errorf("it does not say %q", s)
		}
	}
	if t.Failed() {
		t.Logf("out:\n%s\nerr:\n%s", r.out, r.err)
	}
}

// asked fails the test unless these were the requests.
func (s *server) asked(want ...string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) != len(want) {
		s.t.Errorf("%d requests, want %d: %q", len(s.seen), len(want), s.seen)
		return
	}
	for i := range want {
		if !strings.HasPrefix(s.seen[i], want[i]) {
			s.t.Errorf("request %d is %s, want %s", i, s.seen[i], want[i])
		}
	}
}
