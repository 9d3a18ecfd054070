// Command probe is a Lambda function for tests: the payload tells it what to do. Behind a route the body is the
// payload and the answer is a proxy response.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type order struct {
	Do      string          `json:"do"`
	SleepMS int             `json:"sleep_ms"`
	Bytes   int             `json:"bytes"`
	Answer  json.RawMessage `json:"answer"` // given back as it is
	Name    string          `json:"name"`   // of an environment variable
}

func main() {
	served := 0
	lambda.Start(func(ctx context.Context, raw json.RawMessage) (any, error) {
		served++
		var proxy struct {
			HTTPMethod string  `json:"httpMethod"`
			Body       *string `json:"body"`
		}
		_ = json.Unmarshal(raw, &proxy)
		o, isHTTP := order{}, proxy.HTTPMethod != ""
		if isHTTP && proxy.Body != nil {
			_ = json.Unmarshal([]byte(*proxy.Body), &o)
		} else if !isHTTP {
			_ = json.Unmarshal(raw, &o)
		}
		out, err := obey(ctx, o, raw, served)
		if isHTTP && err == nil && o.Answer == nil {
			body, _ := json.Marshal(out)
			out = map[string]any{"statusCode": 200, "headers": map[string]string{"Content-Type": "application/json"}, "body": string(body)}
		}
		return out, err
	})
}

func obey(ctx context.Context, o order, raw json.RawMessage, served int) (any, error) {
	if o.SleepMS > 0 {
		time.Sleep(time.Duration(o.SleepMS) * time.Millisecond)
	}
	lc, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	switch {
	case o.Answer != nil:
		return o.Answer, nil
	case o.Do == "error":
		return nil, errors.New("as told")
	case o.Do == "panic":
		panic("as told")
	case o.Do == "exit":
		os.Exit(3)
	case o.Do == "big":
		return strings.Repeat("x", o.Bytes), nil
	case o.Do == "env":
		return os.Getenv(o.Name), nil
	case o.Do == "log":
		println("a line of the function")
	}
	return map[string]any{
		"event": raw, "pid": os.Getpid(), "served": served, "request_id": lc.AwsRequestID, "arn": lc.InvokedFunctionArn,
		"left_ms": time.Until(deadline).Milliseconds(),
	}, nil
}
