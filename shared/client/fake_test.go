package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/fairlead/fairlead/shared/api/contract"
)

// Fake is a server that keeps the contract's promises in memory and breaks down as it is told. Each request and answer
// is held against the contract itself.
type Fake struct {
	*httptest.Server
	Key  string
	Path []Status         // what a shipment goes through once it is confirmed, one step each time somebody looks
	Kept map[string][]any // what lists show, by path

	Elsewhere string // the URL of a place for large documents

	mu        sync.Mutex
	faults    []fault
	seen      []seen
	broken    []string // where the contract was not obeyed
	shipments []*kept
	answers   map[string]answered // by path and Idempotency-Key
}

// seen is a request as it came.
type seen struct {
	Method, Path, Query string
	Header              http.Header
	Body                string
}

// kept is a shipment with the body it was created with.
type kept struct {
	Shipment
	key, body string
	ahead     []Status
}

type answered struct {
	body string
	rec  *httptest.ResponseRecorder
}

// NewFake starts a server that books at once.
func NewFake() *Fake {
	f := &Fake{Key: "fl_test_k_s3cr3t", Path: []Status{StatusBooked}, Kept: map[string][]any{}, answers: map[string]answered{}}
	f.Server = httptest.NewServer(f)
	return f
}

// ServeHTTP takes a request, and answers it unless a fault is next.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	f.seen = append(f.seen, seen{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Clone(), string(body)})
	do := func() *httptest.ResponseRecorder { return f.obedient(r, body) }
	if len(f.faults) > 0 {
		next := f.faults[0]
		if f.faults = f.faults[1:]; next != nil {
			next(w, do)
			return
		}
	}
	deliver(w, do())
}

func deliver(w http.ResponseWriter, rec *httptest.ResponseRecorder) {
	maps.Copy(w.Header(), rec.Header())
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

// fault is what happens to a request in place of an answer; nil is none.
type fault func(w http.ResponseWriter, do func() *httptest.ResponseRecorder)

// hangUp closes the connection without a word.
func hangUp(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_ = conn.Close()
}

func lostBefore(w http.ResponseWriter, _ func() *httptest.ResponseRecorder) { hangUp(w) }
func lostAfter(w http.ResponseWriter, do func() *httptest.ResponseRecorder) { do(); hangUp(w) }

// brokenOff sends half of the answer.
func brokenOff(w http.ResponseWriter, do func() *httptest.ResponseRecorder) {
	rec := do()
	conn, buf, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = fmt.Fprintf(buf, "HTTP/1.1 %d OK\r\nContent-Length: %d\r\n\r\n%s", rec.Code, rec.Body.Len(), rec.Body.Bytes()[:rec.Body.Len()/2])
	_ = buf.Flush()
	_ = conn.Close()
}

// refuse answers without doing anything, afterwards (with done) after it did.
func refuse(status int, code string, header ...string) fault {
	return func(w http.ResponseWriter, _ func() *httptest.ResponseRecorder) {
		deliver(w, problem(status, code, "try later", header...))
	}
}

func done(status int, code string) fault {
	return func(w http.ResponseWriter, do func() *httptest.ResponseRecorder) {
		do()
		deliver(w, problem(status, code, "who knows"))
	}
}

// Next puts faults before the next requests, one each.
func (f *Fake) Next(faults ...fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults, f.seen = faults, nil
}

// Seen are the requests since Next.
func (f *Fake) Seen() []seen {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.seen)
}

// Orders is how many shipments there are.
func (f *Fake) Orders() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.shipments)
}

// Broken tells where the contract was not obeyed, by either side.
func (f *Fake) Broken() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.broken
}

var router = sync.OnceValues(func() (routers.Router, error) {
	doc := *contract.Document()
	doc.Servers = nil // paths alone: the port is any
	openapi3filter.RegisterBodyDecoder("application/merge-patch+json", openapi3filter.JSONBodyDecoder)
	return legacy.NewRouter(&doc)
})

// obedient does what a request asks for, and notes where it or its answer is not as the contract says.
func (f *Fake) obedient(r *http.Request, body []byte) *httptest.ResponseRecorder {
	find, err := router()
	if err != nil {
		panic(err)
	}
	route, params, err := find.FindRoute(r)
	if err != nil {
		return problem(404, "no_such_route", "There is no such operation.")
	}
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}}
	bad := openapi3filter.ValidateRequest(context.Background(), in)
	var rec *httptest.ResponseRecorder
	switch {
	case r.Header.Get("Authorization") != "Bearer "+f.Key:
		rec = problem(401, "unauthorized", "The API key is missing, unknown or revoked.")
	case bad != nil:
		rec = problem(422, "invalid_request", bad.Error())
	default:
		rec = f.repeatable(r, params["id"], body)
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: rec.Code, Header: rec.Header(),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: !strings.Contains(rec.Header().Get("Content-Type"), "json")}}
	out.SetBodyBytes(rec.Body.Bytes())
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		f.broken = append(f.broken, fmt.Sprintf("the answer to %s %s: %v", r.Method, r.URL, err))
	}
	return rec
}

// repeatable answers a POST with a key as it did the first time, creating and confirming shipments apart.
func (f *Fake) repeatable(r *http.Request, id string, body []byte) *httptest.ResponseRecorder {
	key := r.Header.Get("Idempotency-Key")
	if r.Method != "POST" || key == "" || r.URL.Path == "/v1/shipments" || strings.HasSuffix(r.URL.Path, "/confirm") {
		return f.answer(r, id, body)
	}
	if first, ok := f.answers[r.URL.Path+" "+key]; ok {
		if first.body != string(body) {
			return problem(422, "idempotency_key_reused", "This Idempotency-Key was sent before with another body.")
		}
		first.rec.Header().Set("Idempotent-Replayed", "true")
		return first.rec
	}
	rec := f.answer(r, id, body)
	if rec.Code < 300 {
		f.answers[r.URL.Path+" "+key] = answered{string(body), rec}
	}
	return rec
}
