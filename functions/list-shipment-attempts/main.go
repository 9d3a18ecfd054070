// Command list-shipment-attempts answers GET /v1/shipments/{id}/attempts.
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
	lambda.Start(app.API(v1.OpListShipmentAttempts, nil, func() api.Handler { return shipping.Reading(app).Attempts }))
}
