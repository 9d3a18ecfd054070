// Command update-tenant shows, suspends and resumes a tenant, sets its limits and revokes its keys; operators invoke it, no
// route leads to it.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/operations"
)

func main() {
	lambda.Start(operations.Tenant(boot.Start()))
}
