// Command resolve-shipments carries out what a person decided about shipments; operators invoke it, no route leads to it.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/operations"
)

func main() {
	lambda.Start(operations.Resolve(boot.Start()))
}
