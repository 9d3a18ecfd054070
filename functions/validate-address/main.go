// Command validate-address answers POST /v1/addresses/validate.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/contract"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/quotes"
)

func main() {
	app := boot.Start()
	lambda.Start(app.API(v1.OpValidateAddress, contract.Check, func() api.Handler { return quotes.Asking(app).ValidateAddress }))
}
