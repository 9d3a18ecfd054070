// Command update-shipment answers PATCH /v1/shipments/{id}.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/contract"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/carriers"
	"github.com/fairlead/fairlead/shared/boot/shipping"
)

func main() {
	app := boot.Start()
	lambda.Start(app.API(v1.OpUpdateShipment, contract.Check, func() api.Handler { return shipping.Ordering(app, carriers.Registry(app)).Update }))
}
