package gateway

import "testing"

// FuzzParseDecision holds that nothing an authorizer answers breaks the gateway, and that only an answer with a
// statement that allows lets anybody pass.
func FuzzParseDecision(f *testing.F) {
	const arn = "arn:aws:execute-api:us-east-1:000000000000:local/dev/GET/v1/things"
	for _, seed := range []string{
		`{"principalId":"p","policyDocument":{"Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":["*"]}]},"context":{"tenant":"t","n":1,"b":true}}`,
		`{"principalId":"p","policyDocument":{"Statement":[{"Effect":"Deny","Action":["*"],"Resource":"*"},{"Effect":"Allow","Action":"*","Resource":"arn:*"}]}}`,
		`{"principalId":"p","policyDocument":{"Statement":[{"Effect":1}]}}`, `{"principalId":"p"}`, `{"context":{"a":[]}}`, `null`, `"Unauthorized"`, `{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := parseDecision(raw)
		if err != nil {
			return
		}
		allowing := 0
		for _, s := range d.statements {
			if s.Effect == "Allow" {
				allowing++
			}
		}
		if d.allows(arn) && allowing == 0 {
			t.Errorf("%s lets everybody pass", raw)
		}
	})
}
