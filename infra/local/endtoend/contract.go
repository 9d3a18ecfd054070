package endtoend

import (
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/fairlead/fairlead/shared/api/contract"
)

// Disobedience is an answer that the contract does not allow.
type Disobedience struct{ err error }

// Error says which answer, and what is wrong with it.
func (d *Disobedience) Error() string { return d.err.Error() }

// router finds the operation of a request in the contract.
var router = sync.OnceValues(func() (routers.Router, error) {
	doc := *contract.Document()
	doc.Servers = nil // paths alone: the port is any
	return legacy.NewRouter(&doc)
})

// exchange is a request and its answer.
type exchange struct {
	req    *http.Request
	answer Answer
	route  *routers.Route
	params map[string]string
}

// obeys holds an exchange against infra/openapi.yaml: the answer's status, headers, media type and body, and, when the
// answer is no error, the request as well, for what is taken must be what the contract says is taken. It returns the
// operation's name. An answer to a route that is not in the contract is a problem document.
func obeys(req *http.Request, a Answer) (operation string, err error) {
	r, err := router()
	if err != nil {
		return "", err
	}
	x := exchange{req: req, answer: a}
	if x.route, x.params, err = r.FindRoute(req); err != nil {
		err = contract.Document().Components.Schemas["Problem"].Value.VisitJSON(map[string]any(a.JSON))
	} else {
		operation = x.route.Operation.OperationID
		err = errors.Join(x.body(), x.headers(), x.request())
	}
	if err != nil {
		return operation, &Disobedience{fmt.Errorf("%s %s: the answer %d %.5000q disobeys the contract: %w", req.Method, req.URL.RequestURI(), a.Status, a.Body, err)}
	}
	return operation, nil
}

// response is what the contract says of an answer's status.
func (x exchange) response() (*openapi3.Response, error) {
	ref := x.route.Operation.Responses.Status(x.answer.Status)
	if ref == nil && x.answer.Status >= http.StatusBadRequest {
		ref = x.route.Operation.Responses.Default() // problems only: every success is told by its status
	}
	if ref == nil {
		return nil, fmt.Errorf("%s answers no %d", x.route.Operation.OperationID, x.answer.Status)
	}
	return ref.Value, nil
}

// body holds media type and body against the contract. What is no JSON has a media type only.
func (x exchange) body() error {
	resp, err := x.response()
	if err != nil {
		return err
	}
	media, _, err := mime.ParseMediaType(x.answer.Header.Get("Content-Type"))
	switch {
	case len(resp.Content) == 0 && len(x.answer.Body) > 0:
		return fmt.Errorf("a body where there is none")
	case len(resp.Content) == 0:
		return nil
	case err != nil:
		return fmt.Errorf("Content-Type: %w", err)
	case resp.Content[media] == nil:
		return fmt.Errorf("its media type is %s, not one of %v", media, slices.Sorted(maps.Keys(resp.Content)))
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: x.req, PathParams: x.params, Route: x.route},
		Status:                 x.answer.Status, Header: x.answer.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: !strings.HasSuffix(media, "json"), MultiError: true},
	}
	in.SetBodyBytes(x.answer.Body)
	return openapi3filter.ValidateResponse(x.req.Context(), in)
}

// sometimes are the headers that an answer may do without.
var sometimes = []string{"Idempotent-Replayed", "Preference-Applied", "Retry-After", "Content-Disposition", "Etag", "Ratelimit-Policy", "Ratelimit"}

// onSuccess are those of them that an answer has when all is well: the gateway's own refusals know no version and no limit.
var onSuccess = []string{"Etag", "Ratelimit-Policy", "Ratelimit"}

// headers finds those that the contract declares and the answer lacks, and those of ours that it does not declare.
func (x exchange) headers() error {
	resp, err := x.response()
	if err != nil {
		return nil // body has said so
	}
	var wrong []error
	declared := map[string]bool{}
	for name := range resp.Headers {
		name = http.CanonicalHeaderKey(name)
		declared[name] = true
		must := !slices.Contains(sometimes, name) || slices.Contains(onSuccess, name) && x.answer.Status < http.StatusBadRequest
		if must && x.answer.Header.Get(name) == "" {
			wrong = append(wrong, fmt.Errorf("it has no %s", name))
		}
	}
	for _, name := range append([]string{"Location", "X-Request-Id", "Api-Version"}, sometimes...) {
		if !declared[name] && x.answer.Header.Get(name) != "" {
			wrong = append(wrong, fmt.Errorf("it has an %s, of which the contract says nothing", name))
		}
	}
	return errors.Join(wrong...)
}

// request holds a request that was carried out against the contract. JSON Lines are for the operation to read.
func (x exchange) request() error {
	if x.answer.Status >= http.StatusBadRequest {
		return nil
	}
	sent := x.req.Clone(x.req.Context())
	if x.req.GetBody != nil {
		var err error
		if sent.Body, err = x.req.GetBody(); err != nil {
			return err
		}
	}
	in := &openapi3filter.RequestValidationInput{Request: sent, PathParams: x.params, Route: x.route, QueryParams: sent.URL.Query(), Options: &openapi3filter.Options{
		ExcludeRequestBody: !strings.HasSuffix(sent.Header.Get("Content-Type"), "json") || strings.HasSuffix(sent.Header.Get("Content-Type"), "ndjson"),
		MultiError:         true, SkipSettingDefaults: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
	}}
	if err := openapi3filter.ValidateRequest(sent.Context(), in); err != nil {
		return fmt.Errorf("it was carried out, but the request disobeys: %w", err)
	}
	return nil
}
