// Command list-carriers answers GET /v1/carriers.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/quotes"
)

func main() {
	app := boot.Start()
	lambda.Start(app.API(v1.OpListCarriers, nil, func() api.Handler { return quotes.Carriers(app) }))
}
