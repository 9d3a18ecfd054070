// Command expand-batch creates the shipments of batches.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/api/contract"
	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/batches"
	"github.com/fairlead/fairlead/shared/queue"
)

func main() {
	app := boot.Start()
	lambda.Start(app.Queue(func() queue.Consumer { return batches.Expander(app, contract.Check) }))
}
