// Command create-batch answers POST /v1/batches.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/contract"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/batches"
)

func main() {
	app := boot.Start()
	lambda.Start(app.API(v1.OpCreateBatch, contract.Check, func() api.Handler { return batches.Operations(app).Create }))
}
