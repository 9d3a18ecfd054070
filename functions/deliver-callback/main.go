// Command deliver-callback sends one event to one endpoint, signed.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/callbacks"
	"github.com/fairlead/fairlead/shared/queue"
)

func main() {
	app := boot.Start()
	lambda.Start(app.Queue(func() queue.Consumer { return callbacks.Deliverer(app) }))
}
