package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// request is an operation that is asked for.
type request struct {
	method, path string
	id           string // stands for {id} in path
	query        url.Values
	body         any      // is sent as JSON, []byte as it is; nil is no body
	media        []string // of the documents that it may answer; none when it answers JSON only
}

// Answer is what the server said.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Replayed tells whether nothing was done anew: the same request had been carried out before.
func (a Answer) Replayed() bool { return a.Header.Get("Idempotent-Replayed") == "true" }

// RequestID is what to name when asking the operator for help.
func (a Answer) RequestID() string { return a.Header.Get("X-Request-Id") }

// Do sends a request that has no method of its own, or a body as it is: []byte, or anything that becomes JSON. path
// begins with /v1 and may have a query. It is repeated like all others.
func (c *Client) Do(ctx context.Context, method, path string, body any, options ...Option) (Answer, error) {
	u, err := url.Parse(path)
	if err != nil || u.Host != "" {
		return Answer{}, fmt.Errorf("client: %q is not a path", path)
	}
	return c.send(ctx, request{method: method, path: u.Path, query: u.Query(), body: body}, options)
}

// call sends a request and reads its answer.
func call[T any](ctx context.Context, c *Client, r request, options []Option) (out T, err error) {
	a, err := c.send(ctx, r, options)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(a.Body, &out); err != nil {
		return out, fmt.Errorf("client: %s %s: the answer %d can't be read, is the API's URL right? %w", r.method, r.path, a.Status, err)
	}
	return out, nil
}

// sending is a request on its way: the same bytes at each attempt.
type sending struct {
	request
	url     string
	header  http.Header
	payload []byte
	into    *Answer
}

// send sends a request, again where that is safe and of use. An answer that says no is a *Problem.
func (c *Client) send(ctx context.Context, r request, options []Option) (Answer, error) {
	s, err := c.prepare(r, options)
	if err != nil {
		return Answer{}, err
	}
	a, err := c.persist(ctx, func(doubt bool) (Answer, error) {
		a, err := c.once(ctx, s)
		if a.Status == http.StatusNotFound && s.method == http.MethodDelete && doubt {
			return a, nil // the attempt whose answer was lost has deleted it
		}
		return a, err
	})
	if s.into != nil {
		*s.into = a
	}
	return a, err
}

func (c *Client) prepare(r request, options []Option) (*sending, error) {
	s := &sending{request: r, header: http.Header{"Accept": {"application/json"}, "User-Agent": {c.agent}, "Api-Version": {string(APIVersionN20261101)}}}
	if r.body != nil {
		var err error
		if raw, ok := r.body.([]byte); ok {
			s.payload = raw
		} else if s.payload, err = json.Marshal(r.body); err != nil {
			return nil, fmt.Errorf("client: %s %s: the body can't be written as JSON: %w", r.method, r.path, err)
		}
		s.header.Set("Content-Type", "application/json")
		if r.method == http.MethodPatch {
			s.header.Set("Content-Type", "application/merge-patch+json")
		}
	}
	for _, o := range options {
		o(s)
	}
	c.authorize(s.header)
	if r.method == http.MethodPost && s.header.Get("Idempotency-Key") == "" && !s.namesItself() {
		s.header.Set("Idempotency-Key", c.newKey())
	}
	path, err := s.where()
	if err != nil {
		return nil, err
	}
	s.url = c.base.String() + path
	if len(r.query) > 0 {
		s.url += "?" + r.query.Encode()
	}
	return s, nil
}

// where is the path with its id. An empty id would name the list, and one of points another path.
func (s *sending) where() (string, error) {
	before, after, has := strings.Cut(s.path, "{id}")
	if !has {
		return (&url.URL{Path: s.path}).EscapedPath(), nil
	}
	if strings.Trim(s.id, ".") == "" {
		return "", fmt.Errorf("client: %s %s: %q is not an id", s.method, s.path, s.id)
	}
	return before + url.PathEscape(s.id) + after, nil
}

// namesItself tells whether it creates a shipment with a reference, which is its key: a second one would have to be
// bound to the shipment with a write of its own.
func (s *sending) namesItself() bool {
	if s.path != "/v1/shipments" {
		return false
	}
	var named struct{ Reference string }
	return json.Unmarshal(s.payload, &named) == nil && named.Reference != ""
}

// once makes one attempt. What is no answer at all is not a *Problem.
func (c *Client) once(ctx context.Context, s *sending) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, s.method, s.url, bytes.NewReader(s.payload))
	if err != nil {
		return Answer{}, err
	}
	req.Header = s.header.Clone()
	a, err := receive(c.api, req)
	if err != nil {
		return a, err
	}
	if ok := a.Status >= 200 && a.Status < 300 || a.Status == http.StatusSeeOther && s.media != nil; !ok {
		return a, problemOf(a)
	}
	return a, nil
}

// receive reads an answer whole: one that breaks off is none.
func receive(by *http.Client, req *http.Request) (Answer, error) {
	resp, err := by.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return Answer{}, fmt.Errorf("%s %s: the answer broke off: %w", req.Method, req.URL.Path, err)
	}
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
}

// set puts a parameter into a query, unless it is absent.
func set[T any](q url.Values, name string, v *T) {
	if v == nil {
		return
	}
	if t, ok := any(*v).(time.Time); ok {
		q.Set(name, t.UTC().Format(time.RFC3339Nano))
		return
	}
	q.Set(name, fmt.Sprint(*v))
}
