// Command get-reference answers GET /v1/reference.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/api"
	"github.com/fairlead/fairlead/shared/api/openapi"
	v1 "github.com/fairlead/fairlead/shared/api/v1"
	"github.com/fairlead/fairlead/shared/boot"
)

func main() {
	app := boot.Start()
	lambda.Start(app.API(v1.OpGetReference, nil, func() api.Handler { return openapi.Page }))
}
