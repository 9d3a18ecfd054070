// Command get-api-key answers GET /v1/api-keys/{id}.
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
	lambda.Start(app.API(v1.OpGetApiKey, nil, func() api.Handler { return keys.Operations(app).GetAPIKey }))
}
