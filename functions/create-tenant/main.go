// Command create-tenant makes a tenant and its first API key, or the first of its other mode; operators invoke it, no
// route leads to it.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/keys"
	"github.com/fairlead/fairlead/shared/boot/operations"
)

func main() {
	app := boot.Start()
	lambda.Start(operations.CreateTenant(app, keys.CreateTenant(app)))
}
