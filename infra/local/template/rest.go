package template

import (
	"strconv"
	"strings"
	"time"
)

func (b *builder) api(res resource) error {
	if b.t.API.LogicalID != "" {
		return res.all.errorf("a second API; this package knows one")
	}
	r := &reader{n: res.props}
	api := API{LogicalID: res.id, Stage: r.str("StageName", true), GatewayResponses: map[string]GatewayResponse{}}
	for _, m := range r.list("BinaryMediaTypes") {
		api.BinaryMediaTypes = append(api.BinaryMediaTypes, strings.ReplaceAll(m, "~1", "/"))
	}
	var err error
	if api.Authorizer, err = b.authorizer(res); err != nil {
		return err
	}
	if responses := res.props.get("GatewayResponses"); responses != nil {
		for _, f := range responses.fields {
			g, err := gatewayResponse(f.key, f.val)
			if err != nil {
				return err
			}
			api.GatewayResponses[f.key] = g
		}
	}
	if auth := (&reader{n: res.props.get("Auth"), err: r.err}); auth.n != nil {
		api.Metered, r.err = auth.flag("ApiKeyRequired", false), auth.err
	}
	if source := r.str("ApiKeySourceType", false); api.Metered && source != "AUTHORIZER" {
		r.fail(res.props, "a usage plan's key comes from the authorizer here: ApiKeySourceType must be AUTHORIZER, not %q", source)
	}
	b.t.API = api
	return r.err
}

// usageKey reads an API key of API Gateway. Nobody can send it; the authorizer names it.
func (b *builder) usageKey(res resource) error {
	r := &reader{n: res.props}
	if value := r.str("Value", true); r.flag("Enabled", false) {
		b.t.API.UsageKeys = append(b.t.API.UsageKeys, value)
	}
	return r.err
}

func (b *builder) authorizer(res resource) (Authorizer, error) {
	auth := res.props.get("Auth")
	name := text(auth.get("DefaultAuthorizer"))
	if name == "" {
		return Authorizer{}, res.props.errorf("the API has no Auth.DefaultAuthorizer; every route needs a key")
	}
	def := auth.at("Authorizers", name)
	if def == nil {
		return Authorizer{}, auth.errorf("there is no authorizer %q in Authorizers", name)
	}
	r := &reader{n: def}
	if typ := r.str("FunctionPayloadType", true); r.err == nil && typ != "TOKEN" {
		r.fail(def.get("FunctionPayloadType"), "authorizers of type %q are not supported locally; supported is TOKEN", typ)
	}
	id := &reader{n: def.get("Identity")}
	if id.n == nil {
		id.n = &node{kind: mapNode, line: def.line, path: def.path}
	}
	a := Authorizer{
		Header:  id.str("Header", false),
		Pattern: id.str("ValidationExpression", false),
		TTL:     id.seconds("ReauthorizeEvery", 300*time.Second),
	}
	if a.Header == "" {
		a.Header = "Authorization"
	}
	if r.str("FunctionArn", true); r.err == nil {
		a.Function, r.err = b.invoked(def.get("FunctionArn"))
	}
	if r.err == nil {
		r.err = id.err
	}
	return a, r.err
}

// invoked is the logical id of the function that an ARN names, by itself or by its alias.
func (b *builder) invoked(v *node) (string, error) {
	for _, f := range b.resources {
		alias := text(f.props.get("AutoPublishAlias"))
		if named, cut := strings.CutSuffix(v.text, ":"+alias); f.typ == "AWS::Serverless::Function" && alias != "" && cut {
			if arn, err := b.e.attribute(v, f.id, "Arn"); err == nil && arn == named {
				return f.id, nil
			}
		}
	}
	return b.owner(v, "AWS::Serverless::Function", "Arn")
}

// gatewayResponse reads one response; without a StatusCode it has the usual one of its type.
func gatewayResponse(typ string, n *node) (GatewayResponse, error) {
	r := &reader{n: n}
	g := GatewayResponse{Status: r.number("StatusCode", usualStatus(typ)), Headers: map[string]string{}, Templates: r.texts(n.get("ResponseTemplates"))}
	for k, v := range r.texts(n.at("ResponseParameters", "Headers")) {
		if literal, ok := strings.CutPrefix(v, "'"); ok {
			v = strings.TrimSuffix(literal, "'")
		} else if strings.HasPrefix(v, "context.") {
			v = "$" + v
		} else {
			r.fail(n, "header %s: %q is not supported locally; supported are 'a literal' and context variables", k, v)
		}
		g.Headers[k] = v
	}
	return g, r.err
}

// usualStatus is what API Gateway answers for a type when the template does not say. The DEFAULT types stand for
// many; theirs is the one of the type they stand in for, and this the first of its class.
func usualStatus(typ string) int {
	known := map[string]int{
		"ACCESS_DENIED": 403, "API_CONFIGURATION_ERROR": 500, "AUTHORIZER_CONFIGURATION_ERROR": 500, "AUTHORIZER_FAILURE": 500,
		"BAD_REQUEST_BODY": 400, "BAD_REQUEST_PARAMETERS": 400, "EXPIRED_TOKEN": 403, "INTEGRATION_FAILURE": 504,
		"INTEGRATION_TIMEOUT": 504, "INVALID_API_KEY": 403, "INVALID_SIGNATURE": 403, "MISSING_AUTHENTICATION_TOKEN": 403,
		"QUOTA_EXCEEDED": 429, "REQUEST_TOO_LARGE": 413, "RESOURCE_NOT_FOUND": 404, "THROTTLED": 429, "UNAUTHORIZED": 401,
		"UNSUPPORTED_MEDIA_TYPE": 415, "WAF_FILTERED": 403,
	}
	if s, ok := known[typ]; ok {
		return s
	}
	if digits, ok := strings.CutPrefix(typ, "DEFAULT_"); ok {
		if c, err := strconv.Atoi(strings.TrimSuffix(digits, "XX")); err == nil {
			return c * 100
		}
	}
	return 500
}
