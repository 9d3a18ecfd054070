package gateway

import (
	"net/http"
	"slices"
	"strings"

	"github.com/fairlead/fairlead/infra/local/template"
)

// route is one method and path, and the function behind it.
type route struct {
	template.Route
	function string // as deployed
	segments []string
}

// compile lists the routes, the more specific ones first: a literal segment wins over a parameter, and that
// over a greedy one.
func compile(functions []template.Function) []route {
	var out []route
	for _, f := range functions {
		for _, r := range f.Routes {
			out = append(out, route{Route: r, function: f.Name, segments: strings.Split(strings.Trim(r.Path, "/"), "/")})
		}
	}
	slices.SortStableFunc(out, func(a, b route) int {
		for i := range min(len(a.segments), len(b.segments)) {
			if d := rank(a.segments[i]) - rank(b.segments[i]); d != 0 {
				return d
			}
		}
		return 0
	})
	return out
}

func rank(segment string) int {
	switch {
	case strings.HasSuffix(segment, "+}"):
		return 2
	case strings.HasPrefix(segment, "{"):
		return 1
	}
	return 0
}

// match gives the path's parameters. API Gateway leaves them encoded as they came.
func (r route) match(path string) (map[string]string, bool) {
	got := strings.Split(strings.Trim(path, "/"), "/")
	params := map[string]string{}
	for i, want := range r.segments {
		if i >= len(got) || got[i] == "" && want != "" {
			return nil, false
		}
		name, isParam := strings.CutPrefix(want, "{")
		switch name = strings.TrimSuffix(name, "}"); {
		case isParam && strings.HasSuffix(name, "+"):
			params[strings.TrimSuffix(name, "+")] = strings.Join(got[i:], "/")
			return params, true
		case isParam:
			params[name] = got[i]
		case want != got[i]:
			return nil, false
		}
	}
	return params, len(got) == len(r.segments)
}

// find looks for a request's route, first with the path as it is, then without a leading stage.
func (g *Gateway) find(r *http.Request) (path string, found route, params map[string]string, ok bool) {
	whole := r.URL.EscapedPath()
	paths := []string{whole}
	if rest, staged := strings.CutPrefix(whole, "/"+g.API.Stage+"/"); staged {
		paths = append(paths, "/"+rest)
	}
	for _, path := range paths {
		for _, rt := range g.routes {
			if rt.Method != r.Method && rt.Method != "ANY" {
				continue
			}
			if params, ok := rt.match(path); ok {
				return path, rt, params, true
			}
		}
	}
	return whole, route{}, nil, false
}
