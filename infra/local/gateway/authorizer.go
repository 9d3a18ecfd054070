package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/fairlead/fairlead/infra/local/template"
)

// maxCached bounds the cache of decisions; beyond it, expired ones go, and if need be all.
const maxCached = 10_000

// authorizer asks the API's TOKEN authorizer who a caller is, and remembers the answer for its TTL by token.
type authorizer struct {
	template.Authorizer
	function string
	pattern  *regexp.Regexp // nil: any token
	invoker  Invoker
	now      func() time.Time

	mu    sync.Mutex
	cache map[string]decision
}

// decision is an authorizer's answer. Its policy is applied to every call, cached or not.
type decision struct {
	statements []statement
	context    map[string]string // with principalId
	usageKey   string            // what a usage plan counts by
	until      time.Time
}

type statement struct {
	Effect   string
	Action   list
	Resource list
}

// list is a JSON string or an array of them.
type list []string

// UnmarshalJSON reads either form.
func (l *list) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*l = list{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(l))
}

// decide finds out whether a request may go on. The error is a failure with its gateway response type.
func (a *authorizer) decide(r *http.Request, methodARN string) (decision, error) {
	token := r.Header.Get(a.Header)
	if token == "" || (a.pattern != nil && !a.pattern.MatchString(token)) {
		return decision{}, failure{"UNAUTHORIZED", "Unauthorized"}
	}
	d, err := a.ask(r, token, methodARN)
	if err != nil {
		return decision{}, err
	}
	if !d.allows(methodARN) {
		return decision{}, failure{"ACCESS_DENIED", "User is not authorized to access this resource"}
	}
	return d, nil
}

func (a *authorizer) ask(r *http.Request, token, methodARN string) (decision, error) {
	a.mu.Lock()
	d, ok := a.cache[token]
	a.mu.Unlock()
	if ok && a.now().Before(d.until) {
		return d, nil
	}
	event, err := json.Marshal(map[string]string{"type": "TOKEN", "authorizationToken": token, "methodArn": methodARN})
	if err != nil {
		return decision{}, err
	}
	res, err := a.invoker.Invoke(r.Context(), a.function, event)
	if err != nil {
		return decision{}, failure{"AUTHORIZER_FAILURE", err.Error()}
	}
	if res.FunctionError != "" {
		var e struct{ ErrorMessage string }
		if json.Unmarshal(res.Payload, &e) == nil && e.ErrorMessage == "Unauthorized" {
			return decision{}, failure{"UNAUTHORIZED", "Unauthorized"}
		}
		return decision{}, failure{"AUTHORIZER_FAILURE", e.ErrorMessage}
	}
	if d, err = parseDecision(res.Payload); err != nil {
		return decision{}, failure{"AUTHORIZER_CONFIGURATION_ERROR", err.Error()}
	}
	if a.TTL > 0 {
		a.remember(token, d)
	}
	return d, nil
}

func (a *authorizer) remember(token string, d decision) {
	now := a.now()
	d.until = now.Add(a.TTL)
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.cache) >= maxCached {
		for k, old := range a.cache {
			if !now.Before(old.until) {
				delete(a.cache, k)
			}
		}
		if len(a.cache) >= maxCached {
			clear(a.cache)
		}
	}
	a.cache[token] = d
}

func parseDecision(raw []byte) (decision, error) {
	var out struct {
		PrincipalID        string
		PolicyDocument     struct{ Statement []statement }
		Context            map[string]any
		UsageIdentifierKey string
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return decision{}, err
	}
	if out.PrincipalID == "" || len(out.PolicyDocument.Statement) == 0 {
		return decision{}, fmt.Errorf("the answer has no principalId or no statement")
	}
	d := decision{statements: out.PolicyDocument.Statement, context: map[string]string{"principalId": out.PrincipalID}, usageKey: out.UsageIdentifierKey}
	for k, v := range out.Context {
		switch v.(type) {
		case string, float64, bool:
			d.context[k] = scalar(v)
		default:
			return decision{}, fmt.Errorf("context value %s is not a string, number or boolean", k)
		}
	}
	return d, nil
}

// allows evaluates the policy: what no statement allows is denied, and a denial wins.
func (d decision) allows(methodARN string) bool {
	allowed := false
	for _, s := range d.statements {
		if !s.Action.covers("execute-api:Invoke", true) || !s.Resource.covers(methodARN, false) {
			continue
		}
		switch s.Effect {
		case "Deny":
			return false
		case "Allow":
			allowed = true
		}
	}
	return allowed
}

// covers tells whether any pattern of the list matches s; actions ignore case.
func (l list) covers(s string, fold bool) bool {
	for _, p := range l {
		if fold {
			p, s = strings.ToLower(p), strings.ToLower(s)
		}
		if wildcard(p, s) {
			return true
		}
	}
	return false
}

// wildcard matches a pattern in which * stands for any text and ? for one character.
func wildcard(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
