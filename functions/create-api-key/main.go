// Command create-api-key answers POST /v1/api-keys.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/contract"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/keys"
)

func main() {
	app := boot.Start()
	lambda.Start(app.API(v1.OpCreateApiKey, contract.Check, func() api.Handler { return keys.Operations(app).PostAPIKey }))
}
