package gateway

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/infra/local/child"
	"github.com/fairlead/fairlead/infra/local/localtest"
	"github.com/fairlead/fairlead/infra/local/runtime"
	"github.com/fairlead/fairlead/infra/local/template"
)

func TestMain(m *testing.M) { localtest.Main(m) }

func newGateway(t testing.TB, change func(*Options)) *httptest.Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	spawner := child.NewSpawner()
	rt, err := runtime.New(runtime.Options{Bin: localtest.Bin(t), Logs: t.TempDir(), Region: "us-east-1", AccountID: "000000000000", Spawner: spawner},
		l.Addr().String(), []runtime.Function{
			{Name: "stack-probe", Folder: "probe", Timeout: 3 * time.Second, MaxInstances: 2},
			{Name: "stack-authorizer", Folder: "authorizer", Timeout: time.Second, MaxInstances: 1},
		})
	if err != nil {
		t.Fatal(err)
	}
	inner := &http.Server{Handler: rt}
	go func() { _ = inner.Serve(l) }()
	opt := Options{
		API: template.API{
			Stage: "dev", Authorizer: template.Authorizer{Function: "Authorizer", Header: "Authorization", Pattern: "^[Bb]earer [!-~]+$", TTL: time.Minute},
			BinaryMediaTypes: []string{"application/zpl", "application/pdf", "image/gif", "image/png", "application/zip"},
			GatewayResponses: map[string]template.GatewayResponse{
				"UNAUTHORIZED": {Status: 401, Headers: map[string]string{"Content-Type": "application/problem+json", "X-Request-Id": "$context.requestId"},
					Templates: map[string]string{"application/json": `{"status":401,"request_id":"$context.requestId","said":$context.error.messageString}`}},
				"MISSING_AUTHENTICATION_TOKEN": {Status: 404, Templates: map[string]string{"application/json": `{"code":"no_such_route"}`}},
				"INTEGRATION_TIMEOUT":          {Status: 504, Headers: map[string]string{"Retry-After": "5"}, Templates: map[string]string{"application/json": `{"code":"timeout"}`}},
				"DEFAULT_5XX":                  {Status: 500, Templates: map[string]string{"application/json": `{"code":"internal_error"}`}},
			},
		},
		Functions: []template.Function{
			{LogicalID: "Probe", Name: "stack-probe", Routes: []template.Route{
				{Method: "PATCH", Path: "/v1/things/{id}"}, {Method: "DELETE", Path: "/v1/things/{id}"}, {Method: "GET", Path: "/v1/openapi.json", Open: true}, {Method: "POST", Path: "/v1/openapi.json"},
				{Method: "POST", Path: "/v1/things"}, {Method: "GET", Path: "/v1/things/{id}"}, {Method: "GET", Path: "/v1/things/special"}, {Method: "ANY", Path: "/files/{path+}"},
			}},
			{LogicalID: "Authorizer", Name: "stack-authorizer"},
		},
		Invoker: rt, Region: "us-east-1", AccountID: "000000000000", Log: slog.New(slog.DiscardHandler), Now: time.Now,
	}
	if change != nil {
		change(&opt)
	}
	g, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(g)
	t.Cleanup(func() { srv.Close(); rt.Close(0); _ = inner.Close(); spawner.Close() })
	return srv
}

type answer struct {
	*http.Response
	body string
}

func ask(t testing.TB, method, url, body string, header ...string) answer {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer key")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Del(header[i])
		for v := range strings.SplitSeq(header[i+1], "|") {
			req.Header.Add(header[i], v)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return answer{resp, string(raw)}
}

// event is the proxy event the function saw, read as functions read it.
func event(t *testing.T, a answer) events.APIGatewayProxyRequest {
	t.Helper()
	var out struct {
		Event events.APIGatewayProxyRequest `json:"event"`
	}
	if err := json.Unmarshal([]byte(a.body), &out); err != nil || a.StatusCode != 200 {
		t.Fatalf("status %d, body %s, error %v", a.StatusCode, a.body, err)
	}
	return out.Event
}

func TestProxyEvent(t *testing.T) {
	srv := newGateway(t, nil)
	t.Run("holds path, parameters, headers, query and who calls", func(t *testing.T) {
		ev := event(t, ask(t, "GET", srv.URL+"/dev/v1/things/a%20b?x=1&x=2&y=%26", "", "X-Many", "1|2", "User-Agent", "tests"))
		if ev.Resource != "/v1/things/{id}" || ev.Path != "/v1/things/a%20b" || ev.HTTPMethod != "GET" || ev.Body != "" || ev.IsBase64Encoded {
			t.Errorf("event %+v", ev)
		}
		if diff := cmp.Diff(map[string]string{"id": "a%20b"}, ev.PathParameters); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(map[string]string{"x": "2", "y": "&"}, ev.QueryStringParameters); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(map[string][]string{"x": {"1", "2"}, "y": {"&"}}, ev.MultiValueQueryStringParameters); diff != "" {
			t.Error(diff)
		}
		if ev.Headers["X-Many"] != "2" || !cmp.Equal(ev.MultiValueHeaders["X-Many"], []string{"1", "2"}) {
			t.Errorf("headers %v", ev.MultiValueHeaders)
		}
		rc := ev.RequestContext
		if rc.Stage != "dev" || rc.Path != "/dev/v1/things/a%20b" || rc.ResourcePath != "/v1/things/{id}" || rc.RequestID == "" || rc.Identity.SourceIP != "127.0.0.1" || rc.Identity.UserAgent != "tests" {
			t.Errorf("context %+v", rc)
		}
		if diff := cmp.Diff(map[string]any{"principalId": "somebody", "token": "Bearer key", "served": "1", "live": "false"}, rc.Authorizer); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("the stage may be left out", func(t *testing.T) {
		if ev := event(t, ask(t, "GET", srv.URL+"/v1/things/7", "")); ev.PathParameters["id"] != "7" || ev.RequestContext.Path != "/dev/v1/things/7" {
			t.Errorf("event %+v", ev)
		}
	})
	t.Run("a path has a function for each of its methods", func(t *testing.T) {
		for _, method := range []string{"GET", "PATCH", "DELETE"} {
			if ev := event(t, ask(t, method, srv.URL+"/v1/things/7", `{}`, "Content-Type", "application/merge-patch+json")); ev.HTTPMethod != method || ev.PathParameters["id"] != "7" || ev.Body != "{}" || ev.IsBase64Encoded {
				t.Errorf("event %+v", ev)
			}
		}
	})
	t.Run("JSON lines travel as text", func(t *testing.T) {
		if ev := event(t, ask(t, "POST", srv.URL+"/v1/things", "{}\n{}\n", "Content-Type", "application/x-ndjson")); ev.IsBase64Encoded || ev.Body != "{}\n{}\n" {
			t.Errorf("event %+v", ev)
		}
	})
	t.Run("a literal segment wins over a parameter", func(t *testing.T) {
		if ev := event(t, ask(t, "GET", srv.URL+"/v1/things/special", "")); ev.Resource != "/v1/things/special" || ev.PathParameters != nil {
			t.Errorf("event %+v", ev)
		}
	})
	t.Run("a greedy parameter takes the rest, with any method", func(t *testing.T) {
		if ev := event(t, ask(t, "PUT", srv.URL+"/files/a/b/c", "")); ev.PathParameters["path"] != "a/b/c" {
			t.Errorf("event %+v", ev)
		}
	})
	t.Run("a binary media type travels as base64", func(t *testing.T) {
		if ev := event(t, ask(t, "POST", srv.URL+"/v1/things", "\xff\x00", "Content-Type", "application/zpl")); !ev.IsBase64Encoded || ev.Body != "/wA=" {
			t.Errorf("event %+v", ev)
		}
	})
	t.Run("other bodies travel as text", func(t *testing.T) {
		if ev := event(t, ask(t, "POST", srv.URL+"/v1/things", `{"a":"ü"}`, "Content-Type", "application/json")); ev.IsBase64Encoded || ev.Body != `{"a":"ü"}` {
			t.Errorf("event %+v", ev)
		}
	})
}

func TestResponses(t *testing.T) {
	srv := newGateway(t, func(o *Options) { o.Timeout = time.Second })
	post := func(body string, header ...string) answer {
		return ask(t, "POST", srv.URL+"/v1/things", body, header...)
	}
	const label = `{"answer":{"statusCode":201,"headers":{"Content-Type":"application/zpl","X-One":7},"multiValueHeaders":{"X-Two":["a","b"]},"body":"XlhB","isBase64Encoded":true}}`

	t.Run("status, headers and a base64 body for a caller that accepts it", func(t *testing.T) {
		a := post(label, "Accept", "application/zpl, */*")
		if a.StatusCode != 201 || a.body != "^XA" || a.Header.Get("X-One") != "7" || !cmp.Equal(a.Header.Values("X-Two"), []string{"a", "b"}) {
			t.Errorf("%d %v %s", a.StatusCode, a.Header, a.body)
		}
	})
	t.Run("a caller that does not accept the binary type gets the base64, as in API Gateway", func(t *testing.T) {
		if a := post(label, "Accept", "*/*"); a.body != "XlhB" {
			t.Errorf("body %s", a.body)
		}
	})
	for name, c := range map[string]struct {
		body   string
		status int
		want   string
	}{
		"a function error is hidden":        {`{"do":"error"}`, 502, `{"code":"internal_error"}`},
		"a crash is hidden":                 {`{"do":"exit"}`, 502, `{"code":"internal_error"}`},
		"a malformed answer is a 502":       {`{"answer":"hello"}`, 502, `{"code":"internal_error"}`},
		"a body that is no base64 is a 502": {`{"answer":{"statusCode":200,"body":"?","isBase64Encoded":true}}`, 502, `{"code":"internal_error"}`},
		"an answer over 6 MB is a 502":      {`{"do":"big","bytes":6500000}`, 502, `{"code":"internal_error"}`},
	} {
		t.Run(name, func(t *testing.T) {
			if a := post(c.body); a.StatusCode != c.status || a.body != c.want {
				t.Errorf("%d %s", a.StatusCode, a.body)
			}
		})
	}
	t.Run("a slow function is a 504, in the words of its own gateway response", func(t *testing.T) {
		if a := post(`{"sleep_ms":1500}`); a.StatusCode != 504 || a.body != `{"code":"timeout"}` || a.Header.Get("Retry-After") != "5" {
			t.Errorf("%d %v %s", a.StatusCode, a.Header, a.body)
		}
	})
	for _, mediaType := range []string{"application/zpl", "application/pdf", "image/gif", "image/png", "application/zip", "IMAGE/PNG; q=1"} {
		t.Run(mediaType+" alone in Accept gets the bytes", func(t *testing.T) {
			if a := post(label, "Accept", mediaType); a.body != "^XA" {
				t.Errorf("body %s", a.body)
			}
		})
	}
	t.Run("headers of ours pass, those that API Gateway keeps for itself go out under another name", func(t *testing.T) {
		a := post(`{"answer":{"statusCode":200,"headers":{"ETag":"\"3\"","Retry-After":"7","Location":"https://x/y","Api-Version":"2026-11-01","Idempotent-Replayed":"true","Content-Disposition":"inline",
			"Cache-Control":"no-store","WWW-Authenticate":"Bearer","Date":"then","content-length":"99","Server":"us"},"multiValueHeaders":{"Connection":["close"]},"body":"hello"}}`)
		for name, want := range map[string]string{"ETag": `"3"`, "Retry-After": "7", "Location": "https://x/y", "Api-Version": "2026-11-01", "Idempotent-Replayed": "true", "Content-Disposition": "inline",
			"Cache-Control": "no-store", "Content-Type": "application/json", "Content-Length": "5", "WWW-Authenticate": "", "Server": "", "x-amzn-Remapped-WWW-Authenticate": "Bearer", "x-amzn-Remapped-Date": "then",
			"x-amzn-Remapped-Content-Length": "99", "x-amzn-Remapped-Server": "us", "x-amzn-Remapped-Connection": "close"} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		if a.body != "hello" {
			t.Errorf("body %q", a.body)
		}
	})
	t.Run("a 204 has no body and no length", func(t *testing.T) {
		if a := post(`{"answer":{"statusCode":204}}`); a.StatusCode != 204 || a.body != "" || a.Header.Get("Content-Length") != "" {
			t.Errorf("%d %v %q", a.StatusCode, a.Header, a.body)
		}
	})
	for name, size := range map[string]int{"over Lambda's limit": runtime.MaxPayload, "over API Gateway's limit": MaxBody + 1} {
		t.Run("a body "+name+" is a 413", func(t *testing.T) {
			if a := post(string(bytes.Repeat([]byte("x"), size))); a.StatusCode != 413 {
				t.Errorf("%d %s", a.StatusCode, a.body)
			}
		})
	}
}

func TestAuthorizer(t *testing.T) {
	now := time.Now()
	srv := newGateway(t, func(o *Options) { o.Now = func() time.Time { return now } })
	get := func(auth string) answer { return ask(t, "GET", srv.URL+"/v1/things/1", "", "Authorization", auth) }

	for name, c := range map[string]struct {
		auth   string
		status int
	}{
		"a good key passes":                        {"Bearer key", 200},
		"an empty header is 401":                   {"", 401},
		"what the expression refuses is 401":       {"Basic abc", 401},
		"an unknown key is 401":                    {"Bearer unauthorized", 401},
		"a denying policy is 403":                  {"Bearer deny", 403},
		"a policy for the method passes":           {"Bearer get-only", 200},
		"a crash of the authorizer is 500":         {"Bearer crash", 500},
		"nonsense of the authorizer is 500":        {"Bearer nonsense", 500},
		"the next call after a crash passes again": {"Bearer other", 200},
	} {
		t.Run(name, func(t *testing.T) {
			if a := get(c.auth); a.StatusCode != c.status {
				t.Errorf("%d %s", a.StatusCode, a.body)
			}
		})
	}
	t.Run("a policy for GET denies POST, cached as it is", func(t *testing.T) {
		if a := ask(t, "POST", srv.URL+"/v1/things", "", "Authorization", "Bearer get-only"); a.StatusCode != 403 {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	})
	t.Run("the answer is the template's, with variables filled in", func(t *testing.T) {
		a := get("")
		id := a.Header.Get("X-Request-Id")
		want := `{"status":401,"request_id":"` + id + `","said":"Unauthorized"}`
		if id == "" || a.body != want || a.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%v %s", a.Header, a.body)
		}
	})
	t.Run("an unknown route is told before any key is asked for", func(t *testing.T) {
		if a := ask(t, "DELETE", srv.URL+"/v1/things", "", "Authorization", ""); a.StatusCode != 404 || a.body != `{"code":"no_such_route"}` {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	})
	t.Run("an open route asks for no key, and its function sees nobody", func(t *testing.T) {
		ev := event(t, ask(t, "GET", srv.URL+"/v1/openapi.json", "", "Authorization", ""))
		if ev.RequestContext.Authorizer != nil {
			t.Errorf("authorizer %v", ev.RequestContext.Authorizer)
		}
		if a := ask(t, "GET", srv.URL+"/dev/v1/openapi.json", "", "Authorization", "Bearer unauthorized"); a.StatusCode != 200 {
			t.Errorf("with a key that is none: %d", a.StatusCode)
		}
	})
	t.Run("it is open by its method alone", func(t *testing.T) {
		if a := ask(t, "POST", srv.URL+"/v1/openapi.json", "{}", "Authorization", ""); a.StatusCode != 401 {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	})
	t.Run("a result is kept for its time, by token", func(t *testing.T) {
		served := func(key string) string {
			s, _ := event(t, get("Bearer "+key)).RequestContext.Authorizer["served"].(string)
			return s
		}
		first, again, other := served("cached"), served("cached"), served("cached-2")
		if first != again || first == other {
			t.Errorf("served %s, %s, %s", first, again, other)
		}
		now = now.Add(61 * time.Second)
		if later := served("cached"); later == first {
			t.Error("the result outlived its time")
		}
	})
}

func TestWildcard(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"*", "", true}, {"*", "abc", true}, {"a*c", "abbc", true}, {"a*c", "ab", false}, {"a?c", "abc", true}, {"a?c", "ac", false},
		{"a*b*c", "aXbYbZc", true}, {"abc", "abc", true}, {"abc", "abcd", false}, {"api/dev/*", "api/dev/GET/v1", true}, {"api/dev/*", "api/prod/GET", false},
	} {
		if got := wildcard(c.pattern, c.s); got != c.want {
			t.Errorf("wildcard(%q, %q) = %v", c.pattern, c.s, got)
		}
	}
}

func BenchmarkCall(b *testing.B) {
	srv := newGateway(b, nil)
	ask(b, "GET", srv.URL+"/v1/things/1", "")
	for b.Loop() {
		ask(b, "GET", srv.URL+"/v1/things/1", "")
	}
}
