// Command empty is a Lambda function that does nothing: what any Go function takes to start.
package main

import "github.com/aws/aws-lambda-go/lambda"

func main() { lambda.Start(func() {}) }
