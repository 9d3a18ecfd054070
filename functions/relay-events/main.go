// Command relay-events sends on what the outbox holds: the stream of the shipments table.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/outbox"
)

func main() {
	lambda.Start(outbox.Relay(boot.Start()))
}
