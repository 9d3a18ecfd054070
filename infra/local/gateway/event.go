package gateway

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
)

// proxyEvent is an API Gateway proxy event, version 1.
type proxyEvent struct {
	Resource                        string              `json:"resource"`
	Path                            string              `json:"path"`
	HTTPMethod                      string              `json:"httpMethod"`
	Headers                         map[string]string   `json:"headers"`
	MultiValueHeaders               map[string][]string `json:"multiValueHeaders"`
	QueryStringParameters           map[string]string   `json:"queryStringParameters"`           // null without any
	MultiValueQueryStringParameters map[string][]string `json:"multiValueQueryStringParameters"` // null without any
	PathParameters                  map[string]string   `json:"pathParameters"`                  // null without any
	StageVariables                  map[string]string   `json:"stageVariables"`                  // always null
	RequestContext                  requestContext      `json:"requestContext"`
	Body                            *string             `json:"body"` // null without one
	IsBase64Encoded                 bool                `json:"isBase64Encoded"`
}

type requestContext struct {
	AccountID         string            `json:"accountId"`
	APIID             string            `json:"apiId"`
	Authorizer        map[string]string `json:"authorizer,omitempty"`
	DomainName        string            `json:"domainName"`
	DomainPrefix      string            `json:"domainPrefix"`
	ExtendedRequestID string            `json:"extendedRequestId"`
	HTTPMethod        string            `json:"httpMethod"`
	Identity          identity          `json:"identity"`
	Path              string            `json:"path"`
	Protocol          string            `json:"protocol"`
	RequestID         string            `json:"requestId"`
	RequestTime       string            `json:"requestTime"`
	RequestTimeEpoch  int64             `json:"requestTimeEpoch"`
	ResourceID        string            `json:"resourceId"`
	ResourcePath      string            `json:"resourcePath"`
	Stage             string            `json:"stage"`
}

type identity struct {
	SourceIP  string  `json:"sourceIp"`
	UserAgent string  `json:"userAgent"`
	AccountID *string `json:"accountId"`
	Caller    *string `json:"caller"`
	User      *string `json:"user"`
	UserArn   *string `json:"userArn"`
}

func (g *Gateway) event(r *http.Request, c *call, body []byte) proxyEvent {
	header := r.Header.Clone()
	header.Set("Host", r.Host)
	header.Set("X-Forwarded-For", sourceIP(r))
	header.Set("X-Forwarded-Proto", "http")
	host, port, _ := strings.Cut(r.Host, ":")
	header.Set("X-Forwarded-Port", port)
	prefix, _, _ := strings.Cut(host, ".")
	ev := proxyEvent{
		Resource: c.route.Path, Path: c.path, HTTPMethod: r.Method,
		Headers: last(header), MultiValueHeaders: header,
		RequestContext: requestContext{
			AccountID: g.AccountID, APIID: apiID, Authorizer: c.principal.context, DomainName: host, DomainPrefix: prefix,
			ExtendedRequestID: c.id, RequestID: c.id, HTTPMethod: r.Method, Identity: identity{SourceIP: sourceIP(r), UserAgent: r.UserAgent()},
			Path: "/" + g.API.Stage + c.path, Protocol: r.Proto, RequestTime: c.began.UTC().Format("02/Jan/2006:15:04:05 -0700"),
			RequestTimeEpoch: c.began.UnixMilli(), ResourceID: "local", ResourcePath: c.route.Path, Stage: g.API.Stage,
		},
	}
	if query, _ := url.ParseQuery(r.URL.RawQuery); len(query) > 0 {
		ev.QueryStringParameters, ev.MultiValueQueryStringParameters = last(query), query
	}
	if len(c.params) > 0 {
		ev.PathParameters = c.params
	}
	switch {
	case len(body) == 0:
	case g.binary(r.Header.Get("Content-Type")):
		encoded := base64.StdEncoding.EncodeToString(body)
		ev.Body, ev.IsBase64Encoded = &encoded, true
	default: // bytes that are no UTF-8 are replaced when the event is encoded, as API Gateway replaces them
		text := string(body)
		ev.Body = &text
	}
	return ev
}

// last takes the last value of each name, as API Gateway does for the single-valued maps.
func last(in map[string][]string) map[string]string {
	out := make(map[string]string, len(in))
	for k, vs := range in {
		if len(vs) > 0 {
			out[k] = vs[len(vs)-1]
		}
	}
	return out
}
