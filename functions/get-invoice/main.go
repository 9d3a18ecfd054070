// Command get-invoice answers GET /v1/shipments/{id}/invoice.
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
	lambda.Start(app.API(v1.OpGetInvoice, nil, func() api.Handler { return shipping.Labels(app).Invoice }))
}
