// Command get-callback-endpoint answers GET /v1/callback-endpoints/{id}.
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
	lambda.Start(app.API(v1.OpGetCallbackEndpoint, nil, func() api.Handler { return settings.Endpoints(app).Get }))
}
