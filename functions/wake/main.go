// Command wake sends again whatever is unfinished and overdue; it runs every minute.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/fairlead/fairlead/shared/boot"
	"github.com/fairlead/fairlead/shared/boot/outbox"
)

func main() {
	lambda.Start(outbox.Wake(boot.Start()))
}
