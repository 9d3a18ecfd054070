// Package api is the HTTP edge: it turns API Gateway events into one neutral request, answers and errors into
// responses (problem+json), and holds what every operation shares. Handlers never see the event format.
package api

import (
	"context"
	"net/http"
	"net/url"

	"github.com/fairlead/fairlead/shared/ship"
)

// Request is one authenticated call.
type Request struct {
	Method, Path string
	Params       map[string]string // path parameters
	Query        url.Values
	Header       http.Header // canonical keys
	Body         []byte      // as sent; at most MaxBody bytes
	Tenant       string
	Mode         ship.Mode
	KeyID        string  // the API key's id, never its secret
	RequestID    string  // the caller's X-Request-Id, or the gateway's
	Correlation  string  // follows the work through queues to the callback
	Check        Checker // of Body; nil in operations that read none
}

// Response is an answer. Raw, when set, is sent as MediaType; else Body as JSON.
type Response struct {
	Status    int
	Header    map[string]string
	Body      any
	Raw       []byte
	MediaType string
}

// Handler is one operation. An *Error becomes its problem document, any other error a 500 without detail.
type Handler func(ctx context.Context, r Request) (Response, error)

// MaxBody is the largest request body taken, in bytes.
const MaxBody = 1 << 20
