// Command authorizer is the API's authorizer: who an API key acts for.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/keys"
)

func main() {
	lambda.Start(keys.Authorizer(boot.Start()))
}
