// Command authorizer is the API's authorizer: who an API key acts for.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/boot"
)

func main() {
	lambda.Start(boot.Start().Authorizer())
}
