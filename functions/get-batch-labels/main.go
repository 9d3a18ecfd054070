// Command get-batch-labels answers GET /v1/batches/{id}/labels.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/batches"
)

func main() {
	app := boot.Start()
	lambda.Start(app.API(v1.OpGetBatchLabels, nil, func() api.Handler { return batches.Operations(app).Labels }))
}
