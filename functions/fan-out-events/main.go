// Command fan-out-events turns an event into one message for each endpoint that wants it.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/callbacks"
	"github.com/fairlead/fairlead/shared/queue"
)

func main() {
	app := boot.Start()
	lambda.Start(app.Queue(func() queue.Consumer { return callbacks.FanOut(app) }))
}
