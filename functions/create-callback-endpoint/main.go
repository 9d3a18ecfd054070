// Command create-callback-endpoint is POST /v1/callback-endpoints.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/boot"
)

func main() {
	app := boot.Start()
	lambda.Start(app.API(func() api.Handler { return app.Callbacks().Create }))
}
