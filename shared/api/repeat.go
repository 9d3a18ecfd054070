package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/ship"
)

const (
	// KeyLife is how long a key keeps its answer. It is published: afterwards the same key names a new request.
	KeyLife = 7 * 24 * time.Hour
	// leaseMargin is what a lease outlasts the invocation by, so that a live process never outlasts its lease: the
	// platform kills at the function's timeout, and clocks differ.
	leaseMargin = 15 * time.Second
	// longestCall is the lease of a call without a deadline: API Gateway waits no longer.
	longestCall = 30 * time.Second
)

// ErrAnswerTooLarge is an answer that does not fit an item of the database.
var ErrAnswerTooLarge = errors.New("the answer is too large to be kept")

// Execution is one attempt at a request that carried an Idempotency-Key.
type Execution struct {
	Mode        ship.Mode
	Operation   string // Operation.Name
	Key         string
	Fingerprint string    // of what was asked: path, query and body
	Owner       string    // this attempt, fresh for each
	Begun       time.Time // the first attempt's; with the rest it makes the Seed
	Lease       time.Time // until when nobody else may attempt it
	Expires     time.Time // when the key is forgotten
	Answer      *Answer   // nil while nobody has got to the end
}

// Answer is a first answer as it is kept: as JSON, so that its members' names are for ever.
type Answer struct {
	Status    int               `json:"status"`
	Header    map[string]string `json:"header,omitempty"`
	MediaType string            `json:"media_type,omitempty"` // "" is JSON
	Body      json.RawMessage   `json:"body,omitempty"`
	Raw       []byte            `json:"raw,omitempty"`
	// Made is there instead of Body when that held a secret: the id of what was made. Secret are the members it held.
	Made   string   `json:"made,omitempty"`
	Secret []string `json:"secret,omitempty"`
}

// Requests keeps executions, one a key, each write conditional on what stands there.
type Requests interface {
	// BeginRequest writes an execution, provided that nothing stands under its key, or what stands there has expired or
	// is the unfinished one that instead owns ("" for none). Else it returns what stands there and changes nothing.
	BeginRequest(ctx context.Context, tenant string, x Execution, instead string) (standing *Execution, err error)
	// KeepAnswer adds the answer, provided that the execution is still its owner's and has none. Else it returns what
	// stands there (nil when nothing does). It returns ErrAnswerTooLarge before it writes.
	KeepAnswer(ctx context.Context, tenant string, x Execution, a Answer) (standing *Execution, err error)
	// ReleaseRequest ends the lease, so that the same request may be attempted again at once. Another body may not.
	ReleaseRequest(ctx context.Context, tenant string, x Execution) error
	// ForgetRequest frees the key. Neither it nor ReleaseRequest changes what is another owner's or has an answer.
	ForgetRequest(ctx context.Context, tenant string, x Execution) error
}

// Repeats makes POSTs repeatable: the first answer under an Idempotency-Key is kept and given again to whoever sends
// the same request with the same key.
//
// A first attempt that ends in 4xx did nothing and frees its key, so that the corrected request can have it. One that
// ends in 5xx, by a panic or with an answer too large to be kept leaves the key bound to its body, free to be attempted
// again. One that never ends, because its process died, is taken over when its lease is over. Every further attempt has
// the same Seed and so makes nothing twice; for the same reason its 4xx does not free the key: what the first attempt
// made may be there. Nor does ShownOnce, whoever is told: then it is there. Only an answer that was kept is sure to be the
// same to the letter.
type Repeats struct {
	Requests Requests
	Now      func() time.Time
	NewID    func() string // fresh, one for each attempt
	Log      *slog.Logger
}

// Handler is h made repeatable, as far as the operation takes keys. Without a key, h runs as it is.
func (p Repeats) Handler(op Operation, h Handler) Handler {
	if op.Key != KeyReplayed && op.Key != KeyRequired {
		return h
	}
	return func(ctx context.Context, r Request) (Response, error) {
		key, err := IdempotencyKey(r)
		if err != nil {
			return Response{}, err
		}
		if key == "" && op.Key == KeyRequired {
			return Response{}, Malformed("idempotency_required", "This needs an Idempotency-Key header of your own making; without one a retry could not be told from a second request.")
		}
		if key == "" {
			return h(ctx, r)
		}
		return p.once(ctx, r, h, Execution{Mode: r.Mode, Operation: op.Name, Key: key, Fingerprint: fingerprint(r)})
	}
}

// once executes a request unless it was executed before.
func (p Repeats) once(ctx context.Context, r Request, h Handler, x Execution) (Response, error) {
	x.Owner, x.Begun = p.NewID(), p.Now().Truncate(time.Millisecond)
	x.Lease, x.Expires = p.lease(ctx), x.Begun.Add(KeyLife)
	instead := ""
	for range 3 { // what stands there may end, or be taken over by somebody else, meanwhile
		standing, err := p.Requests.BeginRequest(ctx, r.Tenant, x, instead)
		if err != nil {
			return Response{}, err
		}
		switch now := p.Now(); {
		case standing == nil || standing.Owner == x.Owner: // the latter: my own write, whose acknowledgement was lost
			return p.execute(ctx, r, h, x, instead == "")
		case standing.Fingerprint != x.Fingerprint:
			return Response{}, reused()
		case standing.Answer != nil:
			return replay(*standing.Answer)
		case standing.Lease.After(now):
			return Response{}, inFlight(*standing, now)
		default: // its process died: go on where it stopped
			instead, x.Begun = standing.Owner, standing.Begun
		}
	}
	return Response{}, inFlight(x, p.Now())
}

// lease is until when this invocation may be at work.
func (p Repeats) lease(ctx context.Context) time.Time {
	if end, ok := ctx.Deadline(); ok {
		return end.Add(leaseMargin)
	}
	return p.Now().Add(longestCall + leaseMargin)
}

// execute runs the handler and keeps what comes of it. The answer is given even when it could not be kept: the work
// is done, and a repetition will find it by its Seed.
func (p Repeats) execute(ctx context.Context, r Request, h Handler, x Execution, first bool) (Response, error) {
	r.Seed = seed(r.Tenant, x)
	resp, err := safely(ctx, h, r)
	if status := statusOf(resp, err); status >= 400 {
		end := p.Requests.ReleaseRequest
		if status < 500 && first && asError(err).Code != shownOnce {
			end = p.Requests.ForgetRequest
		}
		p.warn(ctx, r, end(ctx, r.Tenant, x))
		return resp, err
	}
	a, err := keep(resp)
	if err != nil {
		p.warn(ctx, r, p.Requests.ReleaseRequest(ctx, r.Tenant, x))
		return Response{}, err
	}
	standing, err := p.Requests.KeepAnswer(ctx, r.Tenant, x, a)
	if errors.Is(err, ErrAnswerTooLarge) {
		err = errors.Join(err, p.Requests.ReleaseRequest(ctx, r.Tenant, x))
	}
	p.warn(ctx, r, err)
	if standing != nil && standing.Owner != x.Owner && standing.Answer != nil && standing.Fingerprint == x.Fingerprint {
		return replay(*standing.Answer) // somebody took over and was faster: there is one first answer
	}
	return resp, nil
}

// warn tells what the caller need not know: a repetition will take longer, and do the work again.
func (p Repeats) warn(ctx context.Context, r Request, err error) {
	if err != nil {
		p.Log.WarnContext(ctx, "what became of a request was not kept", "request_id", r.RequestID, "tenant", r.Tenant, "error", err)
	}
}

func statusOf(resp Response, err error) int {
	if err != nil {
		return asError(err).Status
	}
	return resp.Status
}

// keep is a response as it is stored, without what is secret.
func keep(resp Response) (Answer, error) {
	a := Answer{Status: resp.Status, Header: resp.Header, MediaType: resp.MediaType, Raw: resp.Raw}
	if resp.Raw != nil || resp.Body == nil {
		return a, nil
	}
	var err error
	if a.Body, err = encode(resp.Body); err != nil {
		return a, fmt.Errorf("an answer that can't be written: %w", err)
	}
	if len(resp.Secret) > 0 {
		var made struct{ ID string }
		if err := json.Unmarshal(a.Body, &made); err != nil || made.ID == "" {
			return a, errors.New("an answer with a secret that does not name what it made by its id")
		}
		a.Body, a.Made, a.Secret = nil, made.ID, resp.Secret
	}
	return a, nil
}

// replay is a kept answer, once more.
func replay(a Answer) (Response, error) {
	if len(a.Secret) > 0 {
		return Response{}, ShownOnce(a.Made, a.Secret...)
	}
	resp := Response{Status: a.Status, MediaType: a.MediaType, Raw: a.Raw, Header: map[string]string{"Idempotent-Replayed": "true"}}
	maps.Copy(resp.Header, a.Header)
	if a.Body != nil {
		resp.Body = a.Body
	}
	return resp, nil
}

const shownOnce = "secret_shown_once"

// ShownOnce is 409: the request was carried out before and made what has this id; its secret, the members of the answer,
// was in the first answer and is kept nowhere.
func ShownOnce(made string, secret ...string) *Error {
	return &Error{Status: http.StatusConflict, Code: shownOnce, Extra: map[string]any{"existing_id": made},
		Detail: fmt.Sprintf("This request was carried out before and made %s. Its %s was in the first answer and is kept nowhere. If that answer was lost, rotate the secret of an endpoint; remove an API key and make another with a new Idempotency-Key.", made, strings.Join(secret, " and "))}
}

func reused() error {
	return &Error{Status: http.StatusUnprocessableEntity, Code: "idempotency_key_reused",
		Detail: "This Idempotency-Key was sent before with another body, path or query. Nothing was done. Send each request with a key of its own, and the same request with the same key."}
}

// inFlight asks a caller to come back: after as long as the first execution has taken so far, so that the waits double, and
// no later than its lease lets somebody else try.
func inFlight(standing Execution, now time.Time) error {
	wait := max(time.Second, min(now.Sub(standing.Begun), standing.Lease.Sub(now)))
	seconds := strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)
	return &Error{Status: http.StatusConflict, Code: "request_in_flight", Header: map[string]string{"Retry-After": seconds},
		Detail: "The first request with this Idempotency-Key is still being carried out. Send the same request again after the seconds in Retry-After; you will get its answer."}
}

// seed is the same for each attempt at a request, and differs from every other's: that a key was used again after
// KeyLife, or after a 4xx, makes it another request.
func seed(tenant string, x Execution) string {
	return digest(tenant, string(x.Mode), x.Operation, x.Key, x.Fingerprint, strconv.FormatInt(x.Begun.UnixMilli(), 10))
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}
