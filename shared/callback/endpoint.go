package callback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/ship"
)

// secretPurpose binds a sealed secret to its use.
const secretPurpose = "callback-secret"

const (
	// StandardOverlap is how long a secret that has been replaced still signs, unless the tenant says otherwise, and
	// MaxOverlap the longest it may say.
	StandardOverlap = 24 * time.Hour
	MaxOverlap      = 7 * 24 * time.Hour
	// maxSecrets bounds how many secrets sign at a time: one, the one it replaces, and one whose only answer was lost.
	maxSecrets = 3
	// patience is how often a rotation is tried while others rotate as well.
	patience = 5
)

// EndpointWriter keeps endpoints. Those methods that take a mode return ErrNoEndpoint for one of the other mode, and
// none brings back what is deleted at the same time.
type EndpointWriter interface {
	// PutEndpoint returns ErrExists for an id that is taken.
	PutEndpoint(ctx context.Context, tenant string, e Endpoint) error
	// UpdateEndpoint returns the endpoint as it is now.
	UpdateEndpoint(ctx context.Context, tenant string, mode ship.Mode, id string, change EndpointChange) (Endpoint, error)
	// ReplaceSecrets returns ErrRotated when the secrets are not those seen.
	ReplaceSecrets(ctx context.Context, tenant string, mode ship.Mode, id string, seen, next []Secret) (Endpoint, error)
	DeleteEndpoint(ctx context.Context, tenant string, mode ship.Mode, id string) error
}

// EndpointSource reads endpoints as they are this moment.
type EndpointSource interface {
	// EndpointNow returns ErrNoEndpoint for one that does not exist.
	EndpointNow(ctx context.Context, tenant, id string) (Endpoint, error)
	// EndpointPage lists those of a mode by id: at most limit after an id ("" from the first), and the id to go on after,
	// "" on the last page.
	EndpointPage(ctx context.Context, tenant string, mode ship.Mode, limit int, after string) ([]Endpoint, string, error)
}

// Sealer seals a secret so that it opens only for the same tenant, purpose and id.
type Sealer interface {
	Seal(ctx context.Context, tenant, purpose, id string, plaintext []byte) ([]byte, error)
}

// Service keeps a tenant's endpoints.
type Service struct {
	Store interface {
		EndpointWriter
		EndpointSource
	}
	Box interface {
		Sealer
		Opener
	}
	Client *Client // may be nil where nobody tests endpoints
	Now    func() time.Time
	NewID  func() string // a fresh ULID
	Random io.Reader     // cryptographically secure
	// AllowLoopback admits http and https URLs of this machine. Only the local runtime sets it
	// (CALLBACK_ALLOW_LOOPBACK); the template never does.
	AllowLoopback bool
}

// EndpointInput is what a tenant says of a new endpoint. No events means all of them.
type EndpointInput struct {
	URL    string
	Events []string
	Seed   string // of the request (api.Request): the same endpoint for each of its executions
}

// CreateEndpoint adds an endpoint and returns it with its signing secret, which can never be read again. What is
// wrong with the input comes back as one *api.Error with every problem. Running processes know the endpoint after
// at most Times.Keep.
func (s Service) CreateEndpoint(ctx context.Context, tenant string, mode ship.Mode, in EndpointInput) (Endpoint, string, error) {
	if problems := append(s.checkURL(in.URL), checkEvents(in.Events)...); len(problems) > 0 {
		return Endpoint{}, "", api.Invalid("The callback endpoint cannot be added as it is.", problems...)
	}
	e := Endpoint{ID: api.NewID("ce_", in.Seed, s.NewID), URL: in.URL, Mode: mode, Events: slices.Clone(in.Events), CreatedAt: s.now()}
	secret, sealed, err := s.newSecret(ctx, tenant, e.ID)
	if err != nil {
		return Endpoint{}, "", err
	}
	e.Secrets = []Secret{{Sealed: sealed}}
	err = s.Store.PutEndpoint(ctx, tenant, e)
	if errors.Is(err, ErrExists) && in.Seed != "" { // by an execution whose answer was lost
		return Endpoint{}, "", api.ShownOnce(e.ID, "secret")
	}
	if err != nil {
		return Endpoint{}, "", fmt.Errorf("storing %s: %w", e.ID, err)
	}
	return e, secret, nil
}

func (s Service) newSecret(ctx context.Context, tenant, id string) (secret string, sealed []byte, err error) {
	if secret, err = NewSecret(s.Random); err != nil {
		return "", nil, fmt.Errorf("making a signing secret: %w", err)
	}
	if sealed, err = s.Box.Seal(ctx, tenant, secretPurpose, id, []byte(secret)); err != nil {
		return "", nil, fmt.Errorf("sealing the secret of %s: %w", id, err)
	}
	return secret, sealed, nil
}

// UpdateEndpoint changes an endpoint and returns it as it is now. Running processes know it after at most Times.Keep. It
// returns ErrNoEndpoint for one that does not exist in this mode.
func (s Service) UpdateEndpoint(ctx context.Context, tenant string, mode ship.Mode, id string, change EndpointChange) (Endpoint, error) {
	var problems []ship.Problem
	if change.URL != nil {
		problems = s.checkURL(*change.URL)
	}
	if change.Events != nil {
		problems = append(problems, checkEvents(*change.Events)...)
	}
	if len(problems) > 0 {
		return Endpoint{}, api.Invalid("The callback endpoint cannot be changed like this.", problems...)
	}
	return s.Store.UpdateEndpoint(ctx, tenant, mode, id, change)
}

// RotateSecret gives an endpoint a new signing secret and returns it; it can never be read again. For the time of overlap
// the secrets before sign as well, so that the receiver can change over without losing an event; 0 ends them at once
// (in processes that run, after at most Times.Keep). It returns ErrNoEndpoint for an endpoint that does not exist in
// this mode.
func (s Service) RotateSecret(ctx context.Context, tenant string, mode ship.Mode, id string, overlap time.Duration) (Endpoint, string, error) {
	e, err := s.read(ctx, tenant, mode, id)
	if err != nil {
		return Endpoint{}, "", err
	}
	secret, sealed, err := s.newSecret(ctx, tenant, id)
	if err != nil {
		return Endpoint{}, "", err
	}
	for range patience {
		next := append([]Secret{{Sealed: sealed}}, shortened(e.Secrets, s.now(), overlap)...)
		if len(next) > maxSecrets {
			return Endpoint{}, "", tooMany(e, s.now())
		}
		after, err := s.Store.ReplaceSecrets(ctx, tenant, mode, id, e.Secrets, next)
		if !errors.Is(err, ErrRotated) {
			return after, secret, err
		}
		if e, err = s.read(ctx, tenant, mode, id); err != nil {
			return Endpoint{}, "", err
		}
		if len(e.Secrets) > 0 && bytes.Equal(e.Secrets[0].Sealed, sealed) { // it went through, and its answer was lost
			return e, secret, nil
		}
	}
	return Endpoint{}, "", fmt.Errorf("rotating the secret of %s: %w", id, ErrRotated)
}

func tooMany(e Endpoint, now time.Time) error {
	return &api.Error{Status: http.StatusConflict, Code: "too_many_secrets", Detail: fmt.Sprintf(
		"The endpoint has %d secrets that sign; it can have no more until one of them ends, the last at %s. Wait for that, or send overlap_s 0, which ends the earlier ones at once.",
		maxSecrets, e.oldSecretsEnd(now).Format(time.RFC3339))}
}

// shortened are secrets that have been replaced: each ends when the overlap is over, or when it would have before.
func shortened(list []Secret, now time.Time, overlap time.Duration) []Secret {
	var out []Secret
	for _, x := range list {
		if end := now.Add(overlap); x.Until.IsZero() || end.Before(x.Until) {
			x.Until = end
		}
		if !x.ended(now) {
			out = append(out, x)
		}
	}
	return out
}

// oldSecretsEnd is when the newest secret will be the only one; zero: it is.
func (e Endpoint) oldSecretsEnd(now time.Time) time.Time {
	var end time.Time
	for _, x := range e.Secrets {
		if !x.ended(now) && x.Until.After(end) {
			end = x.Until
		}
	}
	return end
}

// read reads an endpoint of a mode as it is this moment.
func (s Service) read(ctx context.Context, tenant string, mode ship.Mode, id string) (Endpoint, error) {
	if !isEndpointID(id) {
		return Endpoint{}, ErrNoEndpoint
	}
	e, err := s.Store.EndpointNow(ctx, tenant, id)
	if err == nil && e.Mode != mode {
		err = ErrNoEndpoint
	}
	return e, err
}

// now is the time to the millisecond, as it is stored.
func (s Service) now() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

func (s Service) checkURL(url string) []ship.Problem {
	if code, detail := checkURL(url, s.AllowLoopback); code != "" {
		return []ship.Problem{{Field: "url", Code: code, Detail: detail}}
	}
	return nil
}

func checkEvents(events []string) []ship.Problem {
	var problems []ship.Problem
	for i, t := range events {
		field := fmt.Sprintf("events[%d]", i)
		switch {
		case !v1.EventType(t).Valid():
			problems = append(problems, ship.Problem{Field: field, Code: "unknown_event", Detail: "There is no event of this type; the types are listed under EventType in the API description."})
		case slices.Contains(events[:i], t):
			problems = append(problems, ship.Problem{Field: field, Code: "duplicate", Detail: "It is in the list already."})
		}
	}
	return problems
}
