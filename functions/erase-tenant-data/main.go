// Command erase-tenant-data erases a suspended tenant's personal data; operators invoke it, no route leads to it.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/operations"
)

func main() {
	lambda.Start(operations.Erase(boot.Start()))
}
