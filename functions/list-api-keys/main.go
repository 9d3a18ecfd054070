// Command list-api-keys answers GET /v1/api-keys.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/keys"
)

func main() {
	app := boot.Start()
	lambda.Start(app.API(v1.OpListApiKeys, nil, func() api.Handler { return keys.Operations(app).ListAPIKeys }))
}
