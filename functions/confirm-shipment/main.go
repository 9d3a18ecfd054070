// Command confirm-shipment answers POST /v1/shipments/{id}/confirm.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/api"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/shipping"
)

func main() {
	app := boot.Start()
	lambda.Start(app.API(v1.OpConfirmShipment, nil, func() api.Handler { return shipping.Labels(app).Confirm }))
}
