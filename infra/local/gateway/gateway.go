// Package gateway serves the template's REST API as API Gateway does: routes, the TOKEN authorizer with its
// cached results, Lambda proxy events in their first version, and the API's own errors from GatewayResponses.
package gateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"mime"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fairlead/fairlead/infra/local/runtime"
	"github.com/fairlead/fairlead/infra/local/template"
)

const (
	// MaxBody is the most bytes API Gateway takes in a body; Lambda takes less (runtime.MaxPayload).
	MaxBody = 10 << 20
	// IntegrationTimeout is how long API Gateway waits for a function.
	IntegrationTimeout = 29 * time.Second
	apiID              = "local"
	drain              = 64 << 20 // bytes read off a body that is too large
)

// Invoker runs a function by its deployed name.
type Invoker interface {
	Invoke(ctx context.Context, function string, payload []byte) (runtime.Result, error)
}

// Options configure a Gateway.
type Options struct {
	API       template.API
	Functions []template.Function
	Invoker   Invoker
	Region    string
	AccountID string
	Log       *slog.Logger
	Now       func() time.Time
	// Timeout replaces IntegrationTimeout when it is not 0.
	Timeout time.Duration
}

// Gateway is the API as an http.Handler.
type Gateway struct {
	Options
	routes     []route
	authorizer *authorizer // nil: everybody may call
}

// New makes a gateway. It returns an error when the authorizer is not among the functions.
func New(opt Options) (*Gateway, error) {
	if opt.Timeout == 0 {
		opt.Timeout = IntegrationTimeout
	}
	g := &Gateway{Options: opt, routes: compile(opt.Functions)}
	a := opt.API.Authorizer
	if a.Function == "" {
		return g, nil
	}
	at := slices.IndexFunc(opt.Functions, func(f template.Function) bool { return f.LogicalID == a.Function })
	if at < 0 {
		return nil, fmt.Errorf("the API's authorizer %s is not among the functions of the template", a.Function)
	}
	g.authorizer = &authorizer{Authorizer: a, function: opt.Functions[at].Name, invoker: opt.Invoker, now: opt.Now, cache: map[string]decision{}}
	if a.Pattern != "" {
		re, err := regexp.Compile("^(?:" + a.Pattern + ")$") // API Gateway matches the whole token
		if err != nil {
			return nil, fmt.Errorf("the authorizer's validation expression: %w", err)
		}
		g.authorizer.pattern = re
	}
	return g, nil
}

// call is one request on its way through the gateway.
type call struct {
	id        string // request id
	path      string // without the stage
	route     route
	params    map[string]string
	principal decision
	began     time.Time
}

// ServeHTTP answers one request. The stage may lead the path or not.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{id: runtime.NewID(), began: g.Now()}
	w.Header().Set("X-Amzn-RequestId", c.id)
	var known bool
	if c.path, c.route, c.params, known = g.find(r); !known {
		g.fail(w, r, c, failure{"MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token"})
		return
	}
	if g.authorizer != nil && !c.route.Open {
		var err error
		if c.principal, err = g.authorizer.decide(r, g.methodARN(r.Method, c.path)); err != nil {
			g.fail(w, r, c, g.explain(err, c))
			return
		}
		if c.route.Metered && !slices.Contains(g.API.UsageKeys, c.principal.usageKey) {
			g.fail(w, r, c, failure{"INVALID_API_KEY", "Forbidden"})
			return
		}
	}
	res, err := g.integrate(r, c)
	if err != nil {
		g.fail(w, r, c, g.explain(err, c))
		return
	}
	g.answer(w, r, res)
}

// failure is an error of the gateway's own, by its gateway response type.
type failure struct{ Type, Message string }

func (f failure) Error() string { return f.Type + ": " + f.Message }

// explain turns an error into the gateway response it gets, and logs what the caller is not told.
func (g *Gateway) explain(err error, c *call) failure {
	f, ok := errors.AsType[failure](err)
	if !ok {
		f = failure{"INTEGRATION_FAILURE", "Internal server error"}
	}
	if f.Type == "INTEGRATION_FAILURE" || strings.HasPrefix(f.Type, "AUTHORIZER") {
		g.Log.Error("request failed", "route", c.route.Method+" "+c.route.Path, "request_id", c.id, "error", err)
	}
	return f
}

func (g *Gateway) methodARN(method, path string) string {
	return "arn:aws:execute-api:" + g.Region + ":" + g.AccountID + ":" + apiID + "/" + g.API.Stage + "/" + method + path
}

// proxyResponse is what a function behind a route answers.
type proxyResponse struct {
	StatusCode        int                 `json:"statusCode"`
	Headers           map[string]any      `json:"headers"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
	Body              *string             `json:"body"`
	IsBase64Encoded   bool                `json:"isBase64Encoded"`
}

// integrate reads the body, invokes the route's function and reads its answer.
func (g *Gateway) integrate(r *http.Request, c *call) (proxyResponse, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	if len(body) > MaxBody {
		_, _ = io.CopyN(io.Discard, r.Body, drain) // a caller that is still sending would not read the answer
		return proxyResponse{}, failure{"REQUEST_TOO_LARGE", "HTTP content length exceeded " + strconv.Itoa(MaxBody) + " bytes."}
	}
	if err != nil {
		return proxyResponse{}, failure{"BAD_REQUEST_BODY", "the body could not be read"}
	}
	event, err := json.Marshal(g.event(r, c, body))
	if err != nil {
		return proxyResponse{}, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), g.Timeout)
	defer cancel()
	res, err := g.Invoker.Invoke(ctx, c.route.function, event)
	switch {
	case errors.Is(err, runtime.ErrTooLarge):
		return proxyResponse{}, failure{"REQUEST_TOO_LARGE", "Request Too Long"}
	case errors.Is(err, context.DeadlineExceeded):
		return proxyResponse{}, failure{"INTEGRATION_TIMEOUT", "Endpoint request timed out"}
	case err != nil:
		return proxyResponse{}, err
	case res.FunctionError != "":
		return proxyResponse{}, fmt.Errorf("function %s: %s", c.route.function, res.Payload)
	}
	var out proxyResponse
	if err := json.Unmarshal(res.Payload, &out); err != nil || out.StatusCode < 100 || out.StatusCode > 599 {
		return proxyResponse{}, fmt.Errorf("function %s: malformed proxy response: %.300s", c.route.function, res.Payload)
	}
	if out.IsBase64Encoded && out.Body != nil && !validBase64(*out.Body) {
		return proxyResponse{}, fmt.Errorf("function %s: the body is not the base64 it is said to be", c.route.function)
	}
	return out, nil
}

func validBase64(s string) bool {
	_, err := base64.StdEncoding.DecodeString(s)
	return err == nil
}

// remapped are the headers that API Gateway keeps for itself: a function's go out under another name.
var remapped = []string{"Authorization", "Connection", "Content-Length", "Date", "Server", "Www-Authenticate"}

// outside is the name under which a function's header reaches the caller.
func outside(name string) string {
	if name = http.CanonicalHeaderKey(name); slices.Contains(remapped, name) {
		return "x-amzn-Remapped-" + name
	}
	return name
}

// answer writes a function's response. As in API Gateway, a base64 body is decoded only when the first media
// type of the request's Accept header is one of the API's binary media types.
func (g *Gateway) answer(w http.ResponseWriter, r *http.Request, res proxyResponse) {
	h := w.Header()
	for k, v := range res.Headers {
		h.Set(outside(k), scalar(v))
	}
	for k, vs := range res.MultiValueHeaders {
		h.Del(outside(k))
		for _, v := range vs {
			h.Add(outside(k), v)
		}
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
	}
	var body []byte
	if res.Body != nil {
		body = []byte(*res.Body)
	}
	if accept, _, _ := strings.Cut(r.Header.Get("Accept"), ","); res.IsBase64Encoded && g.binary(accept) {
		body, _ = base64.StdEncoding.DecodeString(string(body)) // integrate has checked it
	}
	if res.StatusCode != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(res.StatusCode)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

// binary tells whether a media type is one of the API's binary media types.
func (g *Gateway) binary(mediaType string) bool {
	mt, _, err := mime.ParseMediaType(mediaType)
	if err != nil {
		mt = ""
	}
	return slices.ContainsFunc(g.API.BinaryMediaTypes, func(want string) bool { return want == "*/*" || (mt != "" && strings.EqualFold(want, mt)) })
}

// scalar writes a JSON scalar as a header or context value.
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// fail answers an error of the gateway's own as the template's GatewayResponses say, or as API Gateway does
// when they do not.
func (g *Gateway) fail(w http.ResponseWriter, r *http.Request, c *call, f failure) {
	resp, ok := g.API.GatewayResponses[f.Type]
	if !ok {
		usual, class := usualStatus[f.Type], "DEFAULT_4XX"
		if usual >= 500 {
			class = "DEFAULT_5XX"
		}
		if resp, ok = g.API.GatewayResponses[class]; !ok || resp.Status%100 == 0 {
			resp.Status = usual
		}
	}
	fill := g.variables(r, c, f)
	h := w.Header()
	mediaType, text := "application/json", `{"message":$context.error.messageString}`
	for _, mt := range slices.Sorted(maps.Keys(resp.Templates)) {
		mediaType, text = mt, resp.Templates[mt]
	}
	h.Set("Content-Type", mediaType)
	for k, v := range resp.Headers {
		h.Set(k, fill.Replace(v))
	}
	w.WriteHeader(resp.Status)
	_, _ = io.WriteString(w, fill.Replace(text))
}

// usualStatus is what API Gateway answers without a gateway response of the API.
var usualStatus = map[string]int{
	"MISSING_AUTHENTICATION_TOKEN": 403, "UNAUTHORIZED": 401, "ACCESS_DENIED": 403, "AUTHORIZER_FAILURE": 500, "AUTHORIZER_CONFIGURATION_ERROR": 500,
	"REQUEST_TOO_LARGE": 413, "BAD_REQUEST_BODY": 400, "INTEGRATION_FAILURE": 502, "INTEGRATION_TIMEOUT": 504,
}

// variables fills in the $context variables that gateway responses may use; longer names come first, so that
// none is taken for another's beginning.
func (g *Gateway) variables(r *http.Request, c *call, f failure) *strings.Replacer {
	quoted, _ := json.Marshal(f.Message) // strings always encode
	pairs := []string{
		"$context.error.messageString", string(quoted), "$context.error.message", f.Message, "$context.error.responseType", f.Type,
		"/$context.stage/", "/", // paths have no stage here
		"$context.extendedRequestId", c.id, "$context.requestId", c.id, "$context.identity.sourceIp", sourceIP(r), "$context.stage", g.API.Stage,
		"$context.httpMethod", r.Method, "$context.resourcePath", c.route.Path, "$context.path", "/" + g.API.Stage + c.path,
	}
	return strings.NewReplacer(pairs...)
}

func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
