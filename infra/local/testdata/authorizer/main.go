// Command authorizer is a Lambda authorizer for tests: the token says what it answers.
package main

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	served := 0
	lambda.Start(func(_ context.Context, r events.APIGatewayCustomAuthorizerRequest) (any, error) {
		served++
		stage := strings.Join(strings.SplitN(r.MethodArn, "/", 3)[:2], "/")
		statement := events.IAMPolicyStatement{Action: []string{"execute-api:Invoke"}, Effect: "Allow", Resource: []string{stage + "/*"}}
		switch strings.TrimPrefix(r.AuthorizationToken, "Bearer ") {
		case "deny":
			statement.Effect = "Deny"
		case "get-only":
			statement.Resource = []string{stage + "/GET/*"}
		case "unauthorized":
			return nil, errors.New("Unauthorized")
		case "crash":
			os.Exit(1)
		case "nonsense":
			return map[string]string{"hello": "world"}, nil
		}
		return events.APIGatewayCustomAuthorizerResponse{
			PrincipalID:    "somebody",
			PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{Version: "2012-10-17", Statement: []events.IAMPolicyStatement{statement}},
			Context:        map[string]any{"token": r.AuthorizationToken, "served": served, "live": false},
		}, nil
	})
}
