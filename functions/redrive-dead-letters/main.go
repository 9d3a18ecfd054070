// Command redrive-dead-letters shows what lies on the dead-letter queues, and sends it again; operators invoke it, no route leads to it.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/operations"
)

func main() {
	lambda.Start(operations.Letters(boot.Start()))
}
