// Command revoke-api-key answers DELETE /v1/api-keys/{id}.
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
	lambda.Start(app.API(v1.OpRevokeApiKey, nil, func() api.Handler { return keys.Operations(app).DeleteAPIKey }))
}
