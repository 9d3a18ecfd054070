package callback

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/ship"
)

// secretPurpose binds a sealed secret to its use.
const secretPurpose = "callback-secret"

// EndpointWriter keeps endpoints.
type EndpointWriter interface {
	PutEndpoint(ctx context.Context, tenant string, e Endpoint) error
}

// Sealer seals a secret so that it opens only for the same tenant, purpose and id.
type Sealer interface {
	Seal(ctx context.Context, tenant, purpose, id string, plaintext []byte) ([]byte, error)
}

// Service keeps a tenant's endpoints.
type Service struct {
	Store  EndpointWriter
	Box    Sealer
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
}

// CreateEndpoint adds an endpoint and returns it with its signing secret, which can never be read again. What is
// wrong with the input comes back as one *api.Error with every problem. Running processes know the endpoint after
// at most Times.Keep.
func (s Service) CreateEndpoint(ctx context.Context, tenant string, mode ship.Mode, in EndpointInput) (Endpoint, string, error) {
	if problems := s.check(in); len(problems) > 0 {
		return Endpoint{}, "", api.Invalid("The callback endpoint cannot be added as it is.", problems...)
	}
	secret, err := NewSecret(s.Random)
	if err != nil {
		return Endpoint{}, "", fmt.Errorf("making a signing secret: %w", err)
	}
	e := Endpoint{
		ID: "ce_" + strings.ToLower(s.NewID()), URL: in.URL, Mode: mode, Events: slices.Clone(in.Events),
		CreatedAt: s.Now().UTC().Truncate(time.Millisecond),
	}
	sealed, err := s.Box.Seal(ctx, tenant, secretPurpose, e.ID, []byte(secret))
	if err != nil {
		return Endpoint{}, "", fmt.Errorf("sealing the secret of %s: %w", e.ID, err)
	}
	e.Sealed = [][]byte{sealed}
	if err := s.Store.PutEndpoint(ctx, tenant, e); err != nil {
		return Endpoint{}, "", fmt.Errorf("storing %s: %w", e.ID, err)
	}
	return e, secret, nil
}

func (s Service) check(in EndpointInput) []ship.Problem {
	var problems []ship.Problem
	if code, detail := checkURL(in.URL, s.AllowLoopback); code != "" {
		problems = append(problems, ship.Problem{Field: "url", Code: code, Detail: detail})
	}
	for i, t := range in.Events {
		field := fmt.Sprintf("events[%d]", i)
		switch {
		case !v1.EventType(t).Valid():
			problems = append(problems, ship.Problem{Field: field, Code: "unknown_event", Detail: "There is no event of this type; the types are listed under EventType in the API description."})
		case slices.Contains(in.Events[:i], t):
			problems = append(problems, ship.Problem{Field: field, Code: "duplicate", Detail: "It is in the list already."})
		}
	}
	return problems
}
