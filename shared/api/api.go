// Package api is the HTTP edge: it turns API Gateway events into one neutral request, answers and errors into
// responses (problem+json), and holds what every operation shares. Handlers never see the event format.
package api

import (
	"context"
	"net/http"
	"net/url"

	"github.com/fairlead/fairlead/shared/ratelimit"
	"github.com/fairlead/fairlead/shared/ship"
)

// Request is one authenticated call.
type Request struct {
	Method, Path string
	Params       map[string]string // path parameters
	Query        url.Values
	Header       http.Header // canonical keys
	Body         []byte      // as sent; at most the operation's MaxBody bytes
	Tenant       string
	Mode         ship.Mode
	KeyID        string        // the API key's id, never its secret
	Scopes       []string      // what the key may do
	Limits       ratelimit.Set // what the tenant has instead of the defaults
	Suspended    bool          // the tenant is
	RequestID    string        // the caller's X-Request-Id, or the gateway's
	Correlation  string        // follows the work through queues to the callback
	Check        Checker       // of Body; nil in operations that read none
	Version      string        // one of Versions
	// Base leads the path of every URL of this deployment: "" or "/dev", the stage.
	Base string
	// Seed is "" without an Idempotency-Key. With one, what is made gets its ids from it instead of from chance: another
	// execution of the same request (its process died, its answer was lost) has the same Seed, and so makes nothing twice.
	Seed string
}

// Response is an answer. Raw, when set, is sent as MediaType; else Body as JSON.
type Response struct {
	Status    int
	Header    map[string]string
	Body      any
	Raw       []byte
	MediaType string
	// Secret names the members of Body that are shown this once and stored nowhere. Body has an "id" then: a repetition
	// under the same Idempotency-Key is told that, and not the secret.
	Secret []string
}

// Handler is one operation. An *Error becomes its problem document, any other error a 500 without detail.
type Handler func(ctx context.Context, r Request) (Response, error)
