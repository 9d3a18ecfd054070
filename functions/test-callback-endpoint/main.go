// Command test-callback-endpoint answers POST /v1/callback-endpoints/{id}/test.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/settings"
)

func main() {
	app := boot.Start()
	lambda.Start(app.API(v1.OpTestCallbackEndpoint, nil, func() api.Handler { return settings.Trials(app).Test }))
}
