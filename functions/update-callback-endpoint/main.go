// Command update-callback-endpoint answers PATCH /v1/callback-endpoints/{id}.
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
	lambda.Start(app.API(v1.OpUpdateCallbackEndpoint, contract.Check, func() api.Handler { return settings.Endpoints(app).Update }))
}
