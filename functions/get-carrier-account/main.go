// Command get-carrier-account answers GET /v1/carrier-accounts/{id}.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/carriers"
	"github.com/fairlead/fairlead/shared/boot/settings"
)

func main() {
	app := boot.Start()
	lambda.Start(app.API(v1.OpGetCarrierAccount, nil, func() api.Handler { return settings.Accounts(app, carriers.Registry(app)).GetCarrierAccount }))
}
