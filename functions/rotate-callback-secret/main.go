// Command rotate-callback-secret answers POST /v1/callback-endpoints/{id}/rotate-secret.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/contract"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/settings"
)

func main() {
	app := boot.Start()
	lambda.Start(app.API(v1.OpRotateCallbackSecret, contract.Check, func() api.Handler { return settings.Endpoints(app).Rotate }))
}
