// Command recover-shipment finds out what became of a shipment whose outcome is not known.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/booker"
	"github.com/fairlead/fairlead/shared/queue"
)

func main() {
	app := boot.Start()
	lambda.Start(app.Queue(func() queue.Consumer { return booker.Recoverer(app) }))
}
