// Command book-shipment books: it claims a shipment, calls its carrier once and writes what came of it.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/booker"
	"github.com/fairlead/fairlead/shared/queue"
)

func main() {
	app := boot.Start()
	lambda.Start(app.Queue(func() queue.Consumer { return booker.Booker(app) }))
}
